"""Loads the plugin when pytest is pointed at this folder itself."""


def pytest_addoption(parser, pluginmanager):
    """Load the plugin, and with it its options."""
    # Loading by name is idempotent: `-p onevar.conformance.plugin` and this may come together.
    pluginmanager.import_plugin("onevar.conformance.plugin")
