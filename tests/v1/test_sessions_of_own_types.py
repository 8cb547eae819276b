"""Types of a program's own in `Session.run`: what TensorFlow 1.15 answers to the same registration."""

import pytest

import onevar.v1 as tf
from onevar.core.fetching import CONVERSIONS
from onevar.v1.python.client.session import register_session_run_conversion_functions as register


class Square:
    """Stands for a tensor, as Edward's random variables do."""

    def __init__(self, tensor):
        self.squared = tf.square(tensor)


class Smaller(Square):
    """Is fetched as what it is derived from."""


def test_a_programs_own_type_is_fetched_and_fed():
    before = list(CONVERSIONS)
    try:
        register(Square, lambda one: ([one.squared], lambda values: values[0]), lambda one, fed: [(one.squared, fed)])
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.placeholder(tf.float32, [])
            one, two = Square(x), Smaller(x + 1.0)
            assert session.run([one, {"two": two}], {x: 3.0}) == [9.0, {"two": 16.0}]
            assert session.run(one.squared + 1.0, {one: 7.0}) == 8.0
        with pytest.raises(ValueError, match="has already been registered so ignore it"):
            register(Square, None)
        with pytest.raises(ValueError, match="has already been registered so ignore it"):
            register(object, None)
    finally:
        CONVERSIONS[:] = before
