"""Strings, Python functions and printing against TensorFlow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onevar.core.farmhash import fingerprint64
from onevar.core.siphash import siphash24
from onevar.core.summary import format_tensor, summarize_tensor

WORDS = ["hello world", "", "a,b,,c", "  x  y ", "Größe"]
PROGRAMS = {
    "join": lambda tf: [tf.string_join([["a", "b"], "x"], "-"), tf.strings.join(["a"]), tf.string_join(["a", ["b"]])],
    "reduce_join": lambda tf: [
        tf.reduce_join([["a", "b"], ["c", "d"]], 0),
        tf.reduce_join([["a", "b"], ["c", "d"]], separator="+"),
        tf.reduce_join([["a", "b"]], [0, 1], keep_dims=True),
        tf.reduce_join([["a", "b"], ["c", "d"]], [1, 0]),
    ],
    "split": lambda tf: [
        tf.string_split(WORDS),
        tf.string_split(["a,b,,c", "x"], ","),
        tf.string_split(["a,b,,c"], ",", skip_empty=False),
        tf.string_split(["abc"], ""),
        tf.string_split(["a.b,c"], delimiter=".,"),
    ],
    "split_v2": lambda tf: [
        tf.strings.split(WORDS),
        tf.strings.split(["a,b,,c"], ","),
        tf.strings.split(["a b c d"], maxsplit=1),
    ],
    "substr": lambda tf: [
        tf.substr(["hello", "abcde"], 1, 3),
        tf.substr("hello", -3, 2),
        tf.substr("hello", 2, 100),
        tf.substr(["abc", "xyz"], [0, 1], [1, 2]),
        tf.strings.substr("Größe", 2, 2, unit="UTF8_CHAR"),
    ],
    "length": lambda tf: [tf.strings.length(WORDS), tf.strings.length("Größe", unit="UTF8_CHAR")],
    "case": lambda tf: [
        tf.strings.lower(["ABC"]),
        tf.strings.upper(["abc"]),
        tf.string_strip(["  a b "]),
        tf.strings.upper("größe", encoding="utf-8"),
    ],
    "regex": lambda tf: [
        tf.regex_replace(WORDS, "[aeiou]", "_"),
        tf.strings.regex_replace("abab", "(a)(b)", r"\2\1"),
        tf.regex_replace("abab", "a", "x", replace_global=False),
        tf.strings.regex_full_match(["abc", "ab"], "a.c"),
        tf.regex_replace("ab", tf.constant("a"), "c"),
    ],
    "numbers": lambda tf: [
        tf.string_to_number(["1.5", " -2 ", "1e3"]),
        tf.string_to_number("7", tf.int32),
        tf.string_to_number(["8"], tf.int64),
    ],
    "as_string": lambda tf: [
        tf.as_string([1.5, -1e10, 1 / 3]),
        tf.as_string([1, -5]),
        tf.as_string([True, False]),
        tf.as_string(1.5, precision=3),
        tf.as_string(1e6, scientific=True),
        tf.as_string(1e6, shortest=True),
        tf.as_string([5], width=4, fill="0"),
        tf.as_string(1 + 2j),
        tf.as_string([5, -5], width=4),
    ],
    "base64": lambda tf: [
        tf.encode_base64(WORDS),
        tf.encode_base64("a", pad=True),
        tf.decode_base64(tf.encode_base64(WORDS)),
    ],
    "hash": lambda tf: [
        tf.string_to_hash_bucket_fast(WORDS, 1000),
        tf.strings.to_hash_bucket_strong(WORDS, 1000, [1, 2]),
    ],
    "format": lambda tf: [
        tf.strings.format("{} and {}", [tf.range(10), tf.constant(1.5)]),
        tf.strings.format("{}", tf.ones([2, 2])),
        tf.strings.format("%s", [tf.constant(["a"])], placeholder="%s"),
    ],
    "compare": lambda tf: [
        tf.equal(["a", "b"], "a"),
        tf.constant("a") + "b",
        tf.gather(WORDS, [1, 0]),
        tf.reshape(WORDS, [5, 1]),
    ],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_strings(both, name):
    both.same(PROGRAMS[name], graph=name not in ("split", "split_v2"))


ERRORS = {
    "substr": lambda tf: tf.substr("abc", 5, 1),
    "number": lambda tf: tf.string_to_number(["x"]),
    "base64": lambda tf: tf.decode_base64("*"),
    "precision": lambda tf: tf.as_string(1, precision=2),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_when_run(both, name):
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
            session.run(ERRORS[name](tf))


def test_format_counts(both):
    both.same_error(lambda tf: tf.strings.format("{} {}", [tf.ones([1])]))


@settings(max_examples=20, deadline=None)
@given(words=st.lists(st.binary(max_size=150), min_size=1, max_size=20), count=st.integers(1, 2**62))
def test_hashes(both, words, count):
    tf = both.theirs
    with tf.Graph().as_default(), tf.Session() as session:
        fast = tf.strings.to_hash_bucket_fast(words, count)
        strong = tf.strings.to_hash_bucket_strong(words, count, [7, -count])
        fast, strong = session.run([fast, strong])
    assert [fingerprint64(word) % count for word in words] == fast.tolist()
    assert [siphash24(word, 7, -count) % count for word in words] == strong.tolist()


ARRAYS = [
    np.arange(24).reshape(2, 3, 4),
    np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4) / 7,
    np.array([1e10, 1e-10, np.nan, np.inf, -np.inf, 1 / 3, 100000, 1234567.0]),
    np.array([1e10, 1e-10, 1 / 3, 100000, 1234567, 16777216], np.float32),
    np.array([b"a", b'it\'s "x"\n'], object),
    np.array([True, False]),
    np.array(3.25),
    np.zeros([0], np.float32),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
@pytest.mark.parametrize("count", [-1, 1, 2, 3, 100])
def test_formatted(both, array, count):
    tf = both.theirs
    with tf.Graph().as_default(), tf.Session() as session:
        theirs = session.run(tf.strings.format("{}", tf.constant(array), summarize=count))
    assert format_tensor(array, count) == theirs.decode()


@pytest.mark.parametrize("array", [a for a in ARRAYS if a.dtype != object], ids=lambda a: f"{a.dtype}{a.shape}")
@pytest.mark.parametrize("count", [-1, 2, 3, 5])
def test_summarized(both, array, count, capfd):
    lines = []
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            given = tf.constant(array)
            capfd.readouterr()
            session.run(tf.Print(given, [given, given], "got: ", summarize=count))
            lines.append([line for line in capfd.readouterr().err.splitlines() if line.startswith("got")])
    assert lines[0] == lines[1]
    assert lines[0] == [f"got: [{summarize_tensor(array, count)}][{summarize_tensor(array, count)}]"]


def test_print_v2(both, capfd):
    import sys

    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            t = tf.constant([1, 2, 3])
            made = [
                tf.print("a", t, {"k": t}, [1, t], sep="|", output_stream=sys.stdout, end="!\n"),
                tf.print(tf.constant("plain"), output_stream=sys.stdout),
            ]
            capfd.readouterr()
            session.run(made[0])
            session.run(made[1])
        assert capfd.readouterr().out == "a|[1 2 3]|{'k': [1 2 3]}|[1, [1 2 3]]!\nplain\n"


def test_py_func(both):
    def add_one(a, b):
        return a + 1, np.array([len(b)], np.int64)

    def program(tf):
        given = tf.placeholder(tf.float32, [None], name="x")
        several = tf.py_func(add_one, [given, ["a", "b"]], [tf.float32, tf.int64])
        one = tf.py_func(lambda a: a * 2, [given], tf.float32, name="double")
        one.set_shape([3])
        text = tf.py_func(lambda: b"bytes", [], tf.string, stateful=False)
        return [*several, one, text, tf.numpy_function(np.sum, [given], tf.float32)]

    both.same(program, {"x": np.array([1, 2, 3], np.float32)}, graph=False)


@pytest.mark.parametrize(
    ("raised", "name"),
    [
        (ValueError, "InvalidArgumentError"),
        (TypeError, "InvalidArgumentError"),
        (StopIteration, "OutOfRangeError"),
        (NotImplementedError, "UnimplementedError"),
        (KeyError, "UnknownError"),
    ],
)
def test_errors_of_py_func(both, raised, name):
    def fail(a):
        raise raised("why not")

    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            made = tf.py_func(fail, [1.0], tf.float32)
            with pytest.raises(getattr(tf.errors, name), match="why not"):
                session.run(made)


def test_py_func_must_keep_its_promise(both):
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            wrong = tf.py_func(lambda: np.zeros(2, np.float64), [], tf.float32)
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(wrong)
