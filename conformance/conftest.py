"""Loads the plugin when pytest is pointed at this folder itself."""

import pytest


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Load the plugin, and with it its options."""
    # Loading by name is idempotent: `-p onevar.conformance.plugin` and this may come together.
    pluginmanager.import_plugin("onevar.conformance.plugin")
