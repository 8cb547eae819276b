"""One option for an environment that has everything: there, a package that is missing is a failure, not a skip."""

from collections.abc import Generator

import pytest

MISSING = "Skipped: could not import"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--nothing-missing", action="store_true", help="fail where a test would skip for want of a package"
    )


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
