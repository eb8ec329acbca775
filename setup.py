"""Build of the one compiled module; everything else about the package is in pyproject.toml."""

import hashlib
import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

# No -march: the wheel has to run on every CPU of its architecture. The C header picks faster code at run time.
OPENMP = {"win32": ["/openmp"], "darwin": ["-Xpreprocessor", "-fopenmp"]}.get(sys.platform, ["-fopenmp"])
# No contraction: a fused multiply-add would make the last digit depend on the CPU.
OPTIMISE = ["/O2"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off"]

# The workflow compares this with the sources, so that no number is made by an extension that is older than they are.
FOLDER = Path("src/reprise/asmk")
SOURCES = sorted([FOLDER / "_kernels.pyx", *FOLDER.glob("*.h")])
DIGEST = hashlib.sha256(b"".join(source.read_bytes() for source in SOURCES)).hexdigest()

setup(
    ext_modules=cythonize(
        [
            Extension(
                "reprise.asmk._kernels",
                [str(FOLDER / "_kernels.pyx")],
                include_dirs=[numpy.get_include(), str(FOLDER)],
                depends=list(map(str, SOURCES)),
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"), ("REPRISE_SOURCES", f'"{DIGEST}"')],
                extra_compile_args=OPTIMISE + OPENMP,
                extra_link_args=OPENMP,
            )
        ],
        compiler_directives={"language_level": 3},
    )
)
