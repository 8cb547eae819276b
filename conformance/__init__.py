"""The conformance suite: what a framework must do under onevar, requirement by requirement.

It is public and versioned. An adapter's author runs it on the adapter that is installed::

    onevar conformance --backend cupy --device cuda:0
    pytest -p onevar.conformance.plugin --pyargs onevar.conformance --backend cupy

or makes it part of a test suite, with two files::

    # conftest.py
    pytest_plugins = ["onevar.conformance.plugin"]

    # test_conformance.py
    from onevar.conformance import *

The requirements are in `spec.md` beside this file. A test names the one it proves, and what it
needs of the adapter::

    @requirement("AD-20")
    @needs("gradients")
    def test_my_gradient(adapter, make): ...
"""

from importlib import import_module
from pathlib import Path

from onevar.conformance.marks import needs as needs
from onevar.conformance.marks import requirement as requirement

#: Version of the requirements and of the JSON that a run writes.
EDITION = 1

_HERE = Path(__file__).parent


def __getattr__(name: str) -> object:
    """Find the suite's tests by name, so that a star import takes them all."""
    if name == "__all__":
        return ["needs", "requirement", *_tests()]
    found = _tests().get(name) if name.startswith("test_") else None
    if found is None:
        raise AttributeError(f"module 'onevar.conformance' has no attribute {name!r}")
    return found


def _tests() -> dict[str, object]:
    modules = [import_module(f"onevar.conformance.{path.stem}") for path in sorted(_HERE.glob("test_*.py"))]
    return {name: value for m in modules for name, value in vars(m).items() if name.startswith("test_")}
