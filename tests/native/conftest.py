"""These tests use the fixtures of the conformance suite, and name their framework themselves (`BACKEND`)."""

import pytest


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the suite's plugin."""
    pluginmanager.import_plugin("onevar.conformance.plugin")
