"""Builds the one compiled module; everything else about the package stands in pyproject.toml."""

import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

# No -march: the wheel has to run on every CPU of its architecture. The C header picks faster code at run time.
OPENMP = {"win32": ["/openmp"], "darwin": ["-Xpreprocessor", "-fopenmp"]}.get(sys.platform, ["-fopenmp"])
# No contraction: a fused multiply-add would make the last digit depend on the CPU.
OPTIMISE = ["/O2"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off"]

setup(
    ext_modules=cythonize(
        [
            Extension(
                "reprise.asmk._kernels",
                ["src/reprise/asmk/_kernels.pyx"],
                include_dirs=[numpy.get_include(), "src/reprise/asmk"],
                depends=[str(header) for header in Path("src/reprise/asmk").glob("*.h")],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
                extra_compile_args=OPTIMISE + OPENMP,
                extra_link_args=OPENMP,
            )
        ],
        compiler_directives={"language_level": 3},
    )
)
