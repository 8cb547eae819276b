"""tf.errors against TensorFlow's own."""

import pickle
import traceback
import types

import pytest

from onevar.core import op_errors
from onevar.errors import OnevarError

CLASSES = [v for v in vars(op_errors).values() if isinstance(v, type) and issubclass(v, op_errors._CodedError)]
CLASSES.remove(op_errors._CodedError)


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("tensorflow").compat.v1.errors


def test_the_classes_and_codes_are_tensorflows(theirs):
    names = {n for n in dir(theirs) if n.endswith("Error") and n != "OpError"}
    assert {c.__name__ for c in CLASSES} == names
    for name in (n for n in dir(theirs) if n.isupper()):
        assert getattr(op_errors, name) == getattr(theirs, name)
    for name in names:
        ours, real = (getattr(m, name)("node", None, "message") for m in (op_errors, theirs))
        for attribute in ("message", "error_code", "node_def", "op", "args", "experimental_payloads"):
            assert getattr(ours, attribute) == getattr(real, attribute)
        assert (str(ours), repr(ours)) == (str(real), repr(real))
        assert op_errors.exception_type_from_error_code(ours.error_code).__name__ == name
        assert op_errors.error_code_from_exception_type(type(ours)) == ours.error_code


def test_with_an_op_the_text_says_where_it_was_made(theirs):
    op = types.SimpleNamespace(name="a/b", traceback=traceback.extract_stack(), _original_op=None)
    assert str(op_errors.NotFoundError(None, op, "gone")) == str(theirs.NotFoundError(None, op, "gone"))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_every_error_is_also_onevars(cls):
    error = cls(None, None, "why", {"key": b"value"})
    assert isinstance(error, OnevarError)
    assert isinstance(error, op_errors.OpError)
    assert error.experimental_payloads == {"key": b"value"}
    assert type(op_errors.make_error(None, None, "why", cls.code)) is cls


def test_pickled_without_its_op():
    error = op_errors.AbortedError({"name": "n"}, types.SimpleNamespace(name="n"), "why")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.op, again.node_def) == (type(error), "why", None, {"name": "n"})


def test_unknown_codes():
    with pytest.raises(KeyError):
        op_errors.exception_type_from_error_code(99)
    assert isinstance(op_errors.make_error(None, None, "m", 99), op_errors.UnknownError)
    assert op_errors.error_code_from_exception_type(ValueError) == op_errors.UNKNOWN
