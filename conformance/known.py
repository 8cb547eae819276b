"""Known failures: one strict table. A line that stops failing, or matches no test, is an error.

Only defects of a framework belong here, each with a link to its report. What an adapter cannot do
by its nature is a capability that it lacks (`onevar.adapters.contract.CAPABILITIES`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """A test that is expected to fail on one adapter, whatever the device.

    Attributes:
        adapter: The adapter's name.
        test: `"test_operators.py::test_name"`, or with `[parameters]` for one case of it; the
            parameters without the framework and device.
        reason: Why, in one sentence.
        link: The report to the framework's authors.
    """

    adapter: str
    test: str
    reason: str
    link: str


KNOWN: tuple[Known, ...] = ()


def matching(known: tuple[Known, ...], adapter: str, test: str) -> Known | None:
    """Return the line that speaks of `test` on `adapter`, or None."""
    whole = test.partition("[")[0]
    return next((k for k in known if k.adapter == adapter and k.test in (test, whole)), None)
