"""The public face, pinned: a name or argument that comes or goes is a decision, made here."""

import inspect
import subprocess
import sys

import pytest

import onevar

NAMES = [
    "AutocastScope", "StatelessScope", "Variable", "__version__", "adapter_of", "backend", "copy", "explain", "floatx",
    "functionalize", "get_stateless_scope", "in_stateless_scope", "initialize_all_variables", "name_scope",
    "result_type", "set_backend", "set_floatx", "shape_equal", "share", "standardize_dtype", "standardize_shape",
    "use_backend",
]  # fmt: skip

# https://keras.io/api/ops/core/variable/ , with what onevar adds after the star.
SIGNATURE = (
    "(initializer, shape=None, dtype=None, trainable=True, autocast=True, aggregation='mean', "
    "synchronization='auto', name=None, layout=None, *, backend=None, device=None, adopt=False)"
)

KERAS_MEMBERS = [
    "assign", "assign_add", "assign_sub", "numpy", "value", "shape", "dtype", "ndim", "trainable", "name", "path",
    "autocast", "aggregation", "synchronization", "constraint", "regularizer", "overwrite_with_gradient", "layout",
    "__abs__", "__add__", "__and__", "__array__", "__bool__", "__eq__", "__float__", "__floordiv__", "__ge__",
    "__getitem__", "__gt__", "__int__", "__invert__", "__le__", "__lt__", "__matmul__", "__mod__", "__mul__", "__ne__",
    "__neg__", "__or__", "__pos__", "__pow__", "__round__", "__sub__", "__truediv__", "__xor__",
    "__radd__", "__rand__", "__rfloordiv__", "__rmatmul__", "__rmod__", "__rmul__", "__ror__", "__rpow__", "__rsub__",
    "__rtruediv__", "__rxor__",
]  # fmt: skip


def test_names():
    assert sorted(onevar.__all__) == sorted(NAMES)
    for name in NAMES:
        assert getattr(onevar, name) is not None


def test_every_name_is_in_dir():
    assert set(NAMES) <= set(dir(onevar))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Varible'"):
        onevar.Varible  # noqa: B018


def test_modules_need_no_import_of_their_own():
    code = "import onevar; onevar.errors.CopyRequired; onevar.initializers.get('zeros'); onevar.dtypes.DTYPES"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_signature_of_the_front_door():
    bare = inspect.signature(onevar.Variable)
    shown = bare.replace(
        parameters=[p.replace(annotation=inspect.Parameter.empty) for p in bare.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )
    assert str(shown) == SIGNATURE


@pytest.mark.parametrize("member", KERAS_MEMBERS)
def test_keras_member(member):
    variable = onevar.Variable(1.0, backend="numpy")
    assert hasattr(variable, member)
    assert inspect.getdoc(getattr(type(variable), member)), f"{member} has no docstring"


def test_both_spellings_of_the_class_are_one():
    assert isinstance(onevar.Variable(1.0, backend="numpy"), onevar.Variable)
