"""Lets `pytest --pyargs onevar.conformance --backend NAME` know its own options.

pytest reads no conftest.py of a package that is named with --pyargs before it parses the command
line, so this is an installed plugin (entry-point group `pytest11`). It looks at the arguments and
does nothing else: no other run of pytest on the machine loads the suite, or any framework.
"""

from typing import Any


def pytest_load_initial_conftests(early_config: Any, parser: Any, args: list[str]) -> None:
    """Load the suite's plugin if the suite is what will be run."""
    if any(str(argument).startswith("onevar.conformance") for argument in args):
        early_config.pluginmanager.import_plugin("onevar.conformance.plugin")
