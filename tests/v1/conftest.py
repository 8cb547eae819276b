"""What the tests of the v1 API share."""

import pytest

pytest.register_assert_rewrite("oracle")

from oracle import Both  # noqa: E402 (after the line above)


@pytest.fixture(scope="session")
def both():
    """TensorFlow and onevar, side by side."""
    return Both()


@pytest.fixture(autouse=True)
def version_1(request):
    """What uses both gets TensorFlow in the state that version 1 is in."""
    if "both" not in request.fixturenames:
        yield
        return
    with request.getfixturevalue("both").in_use():
        yield
