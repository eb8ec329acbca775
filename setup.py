"""Build of the compiled modules; everything else about the package is in pyproject.toml."""

import hashlib
import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

# No -march: the wheel has to run on every CPU of its architecture. The C headers pick faster code at run time.
OPENMP = {"win32": ["/openmp"], "darwin": ["-Xpreprocessor", "-fopenmp"]}.get(sys.platform, ["-fopenmp"])
# No contraction: a fused multiply-add would make the last digit depend on the CPU.
# Functions at lines of the cache: the scan of postings is 5% slower where its loops happen to lie across two of them.
OPTIMISE = ["/O2"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-falign-functions=64"]

PACKAGE = Path("src/reprise")
SHARED = PACKAGE / "native"  # headers that more than one module includes


def extension(module: Path) -> Extension:
    """Describe the extension of one .pyx file, with the headers beside it."""
    sources = [module, *sorted(module.parent.glob("*.h")), *sorted(SHARED.glob("*.h"))]
    # The workflow compares this with the sources, so that no number is made by an extension older than they are.
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return Extension(
        ".".join(module.relative_to("src").with_suffix("").parts),
        [str(module)],
        include_dirs=[numpy.get_include(), str(module.parent), str(SHARED)],
        depends=list(map(str, sources)),
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"), ("REPRISE_SOURCES", f'"{digest}"')],
        extra_compile_args=OPTIMISE + OPENMP,
        extra_link_args=OPENMP,
    )


setup(
    ext_modules=cythonize(
        [extension(module) for module in sorted(PACKAGE.rglob("_*.pyx"))], compiler_directives={"language_level": 3}
    )
)
