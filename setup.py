"""Build of the compiled modules, and of the workflow into the package; everything else is in pyproject.toml."""

import hashlib
import shutil
import sys
import tomllib
from pathlib import Path

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

# No -march: the wheel has to run on every CPU of its architecture. The C headers pick faster code at run time.
OPENMP = {"win32": ["/openmp"], "darwin": ["-Xpreprocessor", "-fopenmp"]}.get(sys.platform, ["-fopenmp"])
# No contraction: a fused multiply-add would make the last digit depend on the CPU.
# Functions at lines of the cache: the scan of postings is 5% slower where its loops happen to lie across two of them.
OPTIMISE = ["/O2"] if sys.platform == "win32" else ["-O3", "-g0", "-ffp-contract=off", "-falign-functions=64"]

PACKAGE = Path("src/reprise")
SHARED = PACKAGE / "native"  # headers that more than one module includes
PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["reprise"]["project"]


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


class BuildExtensions(build_ext):
    """Cython's, with the generated C in the folder of the build, so that it is in no wheel."""

    def initialize_options(self) -> None:
        """Set the options of Cython."""
        super().initialize_options()
        self.cython_c_in_temp = True
        self.cython_directives = {"language_level": 3}


class BuildPackage(build_py):
    """Adds the workflow to the package; installed in place, the package finds it at the root of the tree."""

    def run(self) -> None:
        """Copy the modules, then the files of the workflow."""
        super().run()
        if self.editable_mode:
            return
        shutil.rmtree(Path(self.build_lib, "reprise", "project"), ignore_errors=True)  # of an earlier build
        for source, copy in self._workflow().items():
            self.mkpath(str(Path(copy).parent))
            self.copy_file(source, copy)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """List all files that are written."""
        added = [] if self.editable_mode else list(self._workflow().values())
        return super().get_outputs(include_bytecode) + added

    def _workflow(self) -> dict[str, str]:
        """Map each file of the workflow to its copy."""
        files = [file for name in PROJECT for file in (Path(name), *Path(name).rglob("*")) if file.is_file()]
        folder = Path(self.build_lib, "reprise", "project")
        return {str(file): str(folder / file) for file in files if "__pycache__" not in file.parts}


setup(
    ext_modules=[extension(module) for module in sorted(PACKAGE.rglob("_*.pyx"))],
    cmdclass={"build_ext": BuildExtensions, "build_py": BuildPackage},
)
