"""What programs hang on tensors and operations, and take from the class: as TensorFlow 1.15 lets them."""

import pytest

import onevar.v1 as tf


@pytest.mark.parametrize("kind", [tf.Tensor, tf.Operation, tf.TensorShape, tf.Variable])
def test_programs_hang_things_of_their_own_on_what_they_make(kind):
    with tf.Graph().as_default():
        tensor = tf.constant([1.0, 2.0])
        made = {
            tf.Tensor: tensor, tf.Operation: tensor.op, tf.TensorShape: tensor.shape, tf.Variable: tf.Variable(1.0)
        }[kind]  # fmt: skip
        made.scope = "mine"
        assert made.scope == "mine" and not hasattr(made, "other")
    if kind is tf.Tensor:
        with pytest.raises(AttributeError):
            made.name = "other"


def test_names_of_the_operators_of_tensors():
    binary = ["add", "sub", "mul", "div", "truediv", "floordiv", "mod", "and", "or", "xor", "pow", "matmul"]
    others = ["lt", "le", "gt", "ge", "ne", "eq", "getitem", "invert", "neg", "abs"]
    wanted = {f"__{r}{name}__" for name in binary for r in ("", "r")} | {f"__{name}__" for name in others}
    assert wanted == tf.Tensor.OVERLOADABLE_OPERATORS
    assert all(callable(getattr(tf.Tensor, name)) for name in wanted)


@pytest.mark.parametrize("resource", [False, True])
def test_variables_have_no_length(resource):
    # Programs tell lists of variables from variables by it.
    with tf.Graph().as_default():
        variable = tf.get_variable("v", [3], use_resource=resource)
        assert not hasattr(variable, "__len__") and hasattr([variable], "__len__")
        with pytest.raises(TypeError, match=r"has no len\(\)"):
            len(variable)
