"""An option for where everything is installed, so that a missing package is a failure; and what takes long first."""

from collections.abc import Generator

import pytest

MISSING = "Skipped: could not import"
#: Files of minutes, longest first: they begin first, so that no worker is left alone with one at the end.
LONG = (
    "test_v1_programs_run.py",
    "test_v1_models.py",
    "test_examples.py",
    "test_guide.py",
    "test_suite_catches_engines.py",
    "test_v1_programs_interrupted.py",
    "test_third_party.py",
    "test_programs.py",
    "test_suite_catches.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--nothing-missing", action="store_true", help="fail where a test would skip for want of a package"
    )


@pytest.hookimpl(trylast=True)  # pytest's own order, by fixtures, comes before
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the rest stays as it is."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that asks for a package that is not here."""
    report = yield
    return _refused(collector.config, report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that asks for a package that is not here."""
    report = yield
    return _refused(item.config, report)


def _refused(config, report):
    """Return the report, a failure if it is a skip for want of a package."""
    reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
    if config.getoption("--nothing-missing") and reason.startswith(MISSING):
        report.outcome, report.longrepr = "failed", reason
    return report
