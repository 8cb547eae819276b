"""What the tests of the v1 API share."""

import pytest

pytest.register_assert_rewrite("oracle")

from oracle import Both  # noqa: E402 (after the line above)


@pytest.fixture(scope="session")
def both():
    """TensorFlow and onevar, side by side."""
    return Both()
