"""Compile solver/kernel.py with Cython where a C compiler and Python's headers are at hand.

Everything else about the package stands in pyproject.toml. The extension is optional: without a
compiler the same file is imported as plain Python, and `python -m solver --version` says so.
"""

from Cython.Build import cythonize
from setuptools import Extension, setup

# No -ffast-math and no contraction: the same seed must give the same loop on every machine.
[kernel] = cythonize(
    [
        Extension(
            "solver.kernel",
            ["solver/kernel.py"],
            extra_compile_args=["-O3", "-ffp-contract=off"],
            extra_link_args=["-s"],
        )
    ],
    language_level=3,
)
# cythonize makes an extension of its own and forgets this
kernel.optional = True

setup(ext_modules=[kernel])
