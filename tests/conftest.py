"""Random numbers that each run draws alike; an option for where a missing package is a failure; what is long, first."""

import random
import secrets
import sys
from collections.abc import Generator

import numpy as np
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
    parser.addoption("--seed", type=int, default=0, help="draw other random numbers, everywhere, than the usual ones")


@pytest.fixture(autouse=True)
def seeded(request, monkeypatch):
    """What draws without a seed of its own draws the same in every run of a test, whatever ran before it.

    Keras's initializers take their seeds from `random`; onevar's unseeded operations ask the operating system.
    """
    generator = random.Random(f"{request.config.getoption('--seed')} {request.node.nodeid}")
    monkeypatch.setattr(secrets, "randbits", generator.getrandbits)
    random.seed(generator.getrandbits(64))
    np.random.seed(generator.getrandbits(32))
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(generator.getrandbits(32))


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
