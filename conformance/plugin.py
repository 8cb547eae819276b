"""The pytest plugin that runs the suite on adapters and devices, and reports what it found.

Load it by name, `-p onevar.conformance.plugin`; it is not loaded by itself, because it would then
be imported by every pytest run on the machine. It adds the options `--backend`, `--device`,
`--onevar-json` and `--onevar-html`, and the fixtures `adapter`, `backend`, `device`, `make` and `v1`.

A test module may set `BACKEND = "torch"` if it is about one framework; it then runs for that one.
"""

import re
import time
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onevar.conformance import known, report, results
from onevar.conformance.results import Collected, Outcome, Target
from onevar.conformance.spec import requirements
from onevar.conformance.targets import resolve

pytest.register_assert_rewrite("onevar.conformance.compare")

_RUN = pytest.StashKey["_Run"]()
_TARGET = pytest.StashKey[Target]()


class _Run:
    """What one pytest session asked for and found out; a plugin, because only such a one is told of every report."""

    def __init__(self, targets: list[Target]):
        self.targets = targets
        self.found = Collected()
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.clock = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of a test for its requirements."""
        about = getattr(report, "onevar", None)
        if about is not None:
            self._note(report, **about)

    def _note(self, report: pytest.TestReport, ids: list[str], on: list[list[str]]) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        # Set-up reports skips and errors, tear-down errors; the call says the rest.
        if report.when != "call" and report.outcome == "passed":
            return
        kind, reason = _kind(report)
        for backend, device, test in on:
            entry = Outcome(test, kind, round(self.seconds[report.nodeid], 6), reason)
            self.found.add(ids, Target(backend, device), entry)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a conformance run."""
    group = parser.getgroup("onevar", "onevar conformance")
    group.addoption("--backend", action="append", metavar="NAME", help="adapter to test; may be repeated")
    group.addoption(
        "--device",
        action="append",
        metavar="DEVICE",
        help="device to test on, 'cpu' or 'cuda:0'; may be repeated; default: each adapter's own default",
    )
    group.addoption(
        "--requirement", action="append", metavar="ID", help="only tests of this requirement, 'OP-08'; may be repeated"
    )
    group.addoption("--onevar-json", type=Path, metavar="FILE", help="write the result as JSON")
    group.addoption("--onevar-html", type=Path, metavar="FILE", help="write the result as one HTML page")


def pytest_configure(config: pytest.Config) -> None:
    """Load the adapters asked for; one that is not here ends the run."""
    config.addinivalue_line("markers", "requirement(*ids): the requirements of spec.md that a test proves")
    config.addinivalue_line("markers", "needs(*capabilities): what a test needs of the adapter")
    from onevar.core import registry

    # A late load, by the conftest.py beside this file, comes after the options were read.
    names = config.getoption("--backend", None) or [registry.requested_backend()]
    run = _Run(resolve(names, config.getoption("--device", None)) if names[0] else [])
    config.stash[_RUN] = run
    config.pluginmanager.register(run)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is tested, in which versions."""
    targets = config.stash[_RUN].targets
    return [f"onevar conformance: {', '.join(map(str, targets)) or 'no backend'} ({results.python_line()})"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on every target, and with every partner where it wants one."""
    if not _wants_target(metafunc.definition):
        return
    run = metafunc.config.stash[_RUN]
    only = getattr(metafunc.module, "BACKEND", None)
    # A module about one framework needs no option to say so.
    targets = run.targets or (resolve([only], None) if only else [])
    chosen = [t for t in targets if only in (None, t.backend)]
    ids = [f"{t.backend}-{t.device}" for t in chosen]
    if "partner" not in metafunc.fixturenames:
        metafunc.parametrize("target", chosen, ids=ids, scope="session")
        return
    pairs = [(t, p) for t in chosen for p in _partners(t, targets)]
    metafunc.parametrize(
        "target,partner", pairs, ids=[f"{t.backend}-{t.device}-{p}" for t, p in pairs], scope="session"
    )


def _partners(target: Target, targets: list[Target]) -> list[str]:
    """Return the other frameworks of the run; the framework itself where it is alone.

    NumPy is always here. Others only where the run is about them, so that an environment with one
    framework stays one.
    """
    others = dict.fromkeys(["numpy", *(t.backend for t in targets)])
    return [name for name in others if name != target.backend] or [target.backend]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark known failures, and keep the requirements asked for."""
    if any(_is_homeless(item) for item in items) and not config.stash[_RUN].targets:
        raise pytest.UsageError("onevar conformance: say what to test: --backend NAME, or ONEVAR_BACKEND=NAME")
    used: set[int] = set()
    for item in items:
        target = _target_of(item)
        if target is None:
            continue
        item.stash[_TARGET] = target
        line = known.matching(known.KNOWN, target.backend, suite_id(item, target))
        if line is not None:
            used.add(id(line))
            item.add_marker(pytest.mark.xfail(reason=f"{line.reason} ({line.link})", strict=True))
    _refuse_idle_lines(config, items, used)
    _keep_requirements(config, items)


def _keep_requirements(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--requirement", None)
    unknown = [name for name in wanted or () if name not in requirements()]
    if unknown:
        raise pytest.UsageError(f"--requirement {' '.join(unknown)}: spec.md has no such requirement")
    if wanted:
        kept = [item for item in items if set(_marked(item, "requirement")) & set(wanted)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def _refuse_idle_lines(config: pytest.Config, items: list[pytest.Item], used: set[int]) -> None:
    modules = {item.path.name for item in items}
    backends = {t.backend for t in config.stash[_RUN].targets}
    if any("::" in arg for arg in config.args):
        return  # a part of a module says nothing about the rest
    idle = [
        f"{k.adapter}: {k.test}"
        for k in known.KNOWN
        if k.adapter in backends and k.test.partition("::")[0] in modules and id(k) not in used
    ]
    if idle:
        raise pytest.UsageError(f"conformance/known.py: lines that match no test: {'; '.join(idle)}. Delete them.")


def _is_homeless(item: pytest.Item) -> bool:
    """Whether a test wants a target and the run has none for it."""
    return _wants_target(item) and _target_of(item) is None


def _wants_target(item: pytest.Item) -> bool:
    """Whether a test takes the suite's `target`, and no parameter of its own that has the name."""
    own = (str(mark.args[0]) for mark in item.iter_markers("parametrize") if mark.args)
    return "target" in getattr(item, "fixturenames", ()) and not any(re.search(r"\btarget\b", one) for one in own)


def _target_of(item: pytest.Item) -> Target | None:
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("target") if callspec is not None else None
    return found if isinstance(found, Target) else None


def suite_id(item: pytest.Item, target: Target) -> str:
    """Return the id of a test that known.py uses: its home module and parameters, without the target."""
    home = item.function.__module__.rpartition(".")[2]  # type: ignore[attr-defined]
    name = item.name.replace(f"{target.backend}-{target.device}-", "").replace(
        f"[{target.backend}-{target.device}]", ""
    )
    return f"{home}.py::{name}"


def _marked(item: pytest.Item, name: str) -> list[str]:
    return [value for mark in item.iter_markers(name) for value in mark.args]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test, with the adapter's own sentence, where the adapter lacks what it needs."""
    target = item.stash.get(_TARGET, None)
    if target is None:
        return
    from onevar.core import registry

    lacks = registry.adapter(target.backend).lacks
    listed = requirements()
    wanted = [need for name in _marked(item, "requirement") for need in listed[name].needs]
    for capability in [*wanted, *_marked(item, "needs")]:
        if capability in lacks:
            pytest.skip(f"{capability}: {lacks[capability]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write on the report of a test which requirements it is about, and on which targets."""
    report = yield
    ids = list(dict.fromkeys(_marked(item, "requirement")))
    if ids:
        # What depends on no framework counts for each of them.
        about = [item.stash[_TARGET]] if _TARGET in item.stash else item.config.stash[_RUN].targets
        # Numbers and strings only: under pytest-xdist, reports travel from process to process.
        report.onevar = {"ids": ids, "on": [[t.backend, t.device, suite_id(item, t)] for t in about]}  # type: ignore[attr-defined]
    return report


def _kind(outcome: pytest.TestReport) -> tuple[str, str]:
    if hasattr(outcome, "wasxfail") and outcome.outcome == "skipped":
        return "known", outcome.wasxfail
    if outcome.outcome == "skipped":
        reason = outcome.longrepr[2] if isinstance(outcome.longrepr, tuple) else str(outcome.longrepr)
        return "skipped", reason.removeprefix("Skipped: ")
    if outcome.outcome == "failed":
        crash = getattr(outcome.longrepr, "reprcrash", None)
        return "failed", crash.message if crash is not None else str(outcome.longrepr)
    return "passed", ""


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show the matrix, and write the files asked for."""
    run = config.stash[_RUN]
    if not run.found.outcomes:
        return
    data = _data(run)
    for line in report.matrix(data, color=terminalreporter.hasmarkup, brief=config.option.verbose < 0):
        terminalreporter.write_line(line)
    json_file, html_file = config.getoption("--onevar-json", None), config.getoption("--onevar-html", None)
    if json_file:
        results.write(data, json_file)
        terminalreporter.write_line(f"JSON: {json_file}")
    if html_file:
        report.write_html(data, html_file)
        terminalreporter.write_line(f"HTML: {html_file}")


def _data(run: _Run) -> dict[str, Any]:
    from onevar.core import registry

    for target in run.targets or dict.fromkeys(t for _, t in run.found.outcomes):
        adapter = registry.adapter(target.backend)
        run.found.targets[target] = results.describe(target.backend, adapter.module, target.device, dict(adapter.lacks))
    return results.to_json(run.found, time.perf_counter() - run.clock, run.started)


# -- fixtures -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def backend(target: Target) -> str:
    """The name of the adapter under test."""
    return target.backend


@pytest.fixture(scope="session")
def device(target: Target) -> str:
    """The device under test, `"cpu:0"`."""
    return target.device


@pytest.fixture(scope="session")
def adapter(target: Target) -> Any:
    """The adapter under test."""
    from onevar.core import registry

    return registry.adapter(target.backend)


@pytest.fixture(scope="session")
def make(target: Target) -> Callable[..., Any]:
    """Make a Variable on the framework and device under test: `make(initializer, ...)`."""
    import onevar

    def variable(*args: Any, **kwargs: Any) -> Any:
        return onevar.Variable(*args, **{"backend": target.backend, "device": target.device, **kwargs})

    return variable


@pytest.fixture
def v1(target: Target) -> Iterator[Any]:
    """`onevar.v1` in a graph of its own, its sessions on the framework and device under test."""
    from onevar.conformance.v1_session import Bound
    from onevar.core import registry

    tf = Bound(target.backend, target.device)
    registry.set_backend(target.backend)
    with tf.Graph().as_default():
        yield tf


@pytest.fixture(autouse=True)
def _settings_are_restored(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test of the suite leaves a default behind for the next."""
    if request.node.get_closest_marker("requirement") is None:
        yield
        return
    from onevar import config
    from onevar.core import registry

    floatx = config.floatx()
    yield
    config.set_floatx(floatx)
    registry.set_backend(None)
