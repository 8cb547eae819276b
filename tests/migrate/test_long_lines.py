"""Lines that the rewriter made are broken at calls; those of the program are not touched."""

import ast

import pytest

from onevar.migrate.rewrite.long_lines import WIDTH, broken

DECAY = "keras.optimizers.schedules.ExponentialDecay"
LONG = f"    rate = {DECAY}(FLAGS.learning_rate, decay_steps=20, decay_rate=0.5, staircase=True)"
NORMAL = "keras.initializers.TruncatedNormal(stddev=0.1)"
MANY = f"    w = self.add_weight(shape=[128, 10], initializer={NORMAL}, name='w', regularizer=l2)"


@pytest.mark.parametrize("line", [LONG, MANY, LONG + "  # by steps", "    return " + MANY.strip()[4:] + "[0]"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_long_calls_are_broken_and_mean_the_same(line, newline):
    before, after = newline.join(["def f():", "    x = 1", ""]), newline.join(["def f():", line, "    x = 1", ""])
    found = broken(before, after)
    assert all(len(text) <= WIDTH for text in found.splitlines())
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(after))
    assert broken(before, found) == found
    assert newline == "\n" or "\n" not in found.replace("\r\n", "")


def test_the_programs_own_lines_stay():
    text = f"def f():\n{LONG}\n"
    assert broken(text, text + "    y = 2\n") == text + "    y = 2\n"


def test_what_has_no_call_stays():
    text = "x = [" + ", ".join(map(str, range(60))) + "]\n"
    assert broken("", text) == text
