"""The two decorators of the suite's tests."""

import pytest

from onevar.adapters.contract import CAPABILITIES
from onevar.conformance.spec import requirements
from onevar.errors import OnevarError


class SuiteError(OnevarError, ValueError):
    """The suite contradicts itself: a test names what `spec.md` or the contract does not have."""


def requirement(*ids: str) -> pytest.MarkDecorator:
    """Say which requirements of `spec.md` a test proves.

    Raises:
        SuiteError: There is no requirement of that id.
    """
    unknown = [i for i in ids if i not in requirements()]
    if unknown or not ids:
        raise SuiteError(f"requirement{ids}: spec.md has no requirement {', '.join(unknown) or 'without an id'}.")
    return pytest.mark.requirement(*ids)


def needs(*capabilities: str) -> pytest.MarkDecorator:
    """Skip a test, with the adapter's own sentence, where the adapter lacks one of `capabilities`.

    What a requirement needs according to `spec.md` need not be repeated.

    Raises:
        SuiteError: A capability is none of `onevar.adapters.contract.CAPABILITIES`.
    """
    unknown = [c for c in capabilities if c not in CAPABILITIES]
    if unknown:
        raise SuiteError(f"needs{capabilities}: unknown {unknown}. Known: {', '.join(CAPABILITIES)}.")
    return pytest.mark.needs(*capabilities)
