"""`Defun`: values, gradients, names and variables are those that TensorFlow 1.15 printed for the same functions."""

import numpy as np
import pytest

import onevar.v1 as tf
from onevar.v1.python.framework import function


def evaluated(tensors, feeds):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [np.asarray(value).tolist() for value in session.run(tensors, feeds)]


def sum_and_product(x, y):
    return x + y, x * y


def test_a_gradient_of_its_own_sees_arguments_and_results():
    def backwards(call, grad):
        return call.inputs[1] * grad, call.outputs[0] * grad

    product = function.Defun(tf.float32, tf.float32, python_grad_func=backwards)(lambda x, y: x * y * 5.0)
    passed = function.Defun(python_grad_func=lambda _, dy: dy * 3, shape_func=lambda call: [call.inputs[0].shape])(
        lambda x: x
    )
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.float32, [2]), tf.constant([3.0, 4.0])
        once, again = product(x, y), product(y, x, name="again")
        same = passed(x)
        found = evaluated([same, *tf.gradients(same, x), *tf.gradients(once * again, [x, y])], {x: [1.0, 2.0]})
    assert (again.name, same.shape.as_list()) == ("again:0", [2])
    assert found == [[1.0, 2.0], [3.0, 3.0], [270.0, 1760.0], [240.0, 1680.0]]


def test_another_function_is_the_gradient_or_the_body_has_its_own():
    types = [tf.float32] * 4
    gradient = function.Defun(*types)(lambda x, y, for_sum, for_product: (for_sum + for_product, for_sum - for_product))
    given = function.Defun(*types[:2], grad_func=gradient, func_name="Twice")(sum_and_product)
    own = function.Defun(*types[:2])(sum_and_product)
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.float32, [2]), tf.constant([3.0, 4.0])
        results = given(x, y)
        grads = tf.gradients(results, [x, y], [tf.constant([1.0, 2.0]), tf.constant([5.0, 7.0])])
        total, product = own(x, y)
        found = evaluated([*results, *grads, *tf.gradients(total * product, [x, y])], {x: [1.0, 2.0]})
    assert [tensor.name for tensor in results] == ["Twice:0", "Twice:1"]
    assert found == [[4.0, 6.0], [3.0, 8.0], [6.0, 9.0], [-4.0, -5.0], [15.0, 32.0], [7.0, 20.0]]


def test_variables_are_made_once_in_the_scope_of_the_first_call():
    @function.Defun(tf.float32)
    def dense(x):
        x.set_shape([2])
        weight = tf.get_variable("w", [2], initializer=tf.ones_initializer())
        return x * weight + tf.layers.dense(x[None], 2, name="d", kernel_initializer=tf.ones_initializer())[0]

    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2])
        with tf.variable_scope("outer"):
            first = dense(x)
        second = dense(first)
        assert [v.name for v in tf.global_variables()] == ["outer/w:0", "outer/d/kernel:0", "outer/d/bias:0"]
        found = evaluated([first, second, *tf.gradients(second, [x, *tf.trainable_variables()])], {x: [1.0, 2.0]})
    assert found == [[4.0, 5.0], [13.0, 14.0], [9.0, 9.0], [7.0, 11.0], [[7.0, 7.0], [11.0, 11.0]], [4.0, 4.0]]


def test_what_the_body_changes_is_changed_when_the_result_is_computed():
    with tf.Graph().as_default():
        count = tf.get_variable("n", [], initializer=tf.zeros_initializer(), use_resource=True)

        def counted(x):
            count.assign_add(1.0)
            return x * 1.0

        result = function.Defun(tf.float32)(counted)(tf.constant(2.0))
        nothing = function.Defun()(lambda: None)()
        with tf.Session() as session:
            session.run(count.initializer)
            assert session.run([result, nothing]) == [2.0, None]
            assert session.run(count) == 1.0


def test_calls_that_do_not_fit_are_refused():
    two = function.Defun(tf.float32, tf.float32)(sum_and_product)
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="Expected number of arguments: 2, received: 1"):
            two(1.0)
        with pytest.raises(ValueError, match="float32, and was given int32"):
            two(1.0, [1, 2])
        x = tf.constant([1.0])
        short = function.Defun(tf.float32, tf.float32, python_grad_func=lambda call, a, b: a)(sum_and_product)
        with pytest.raises(ValueError, match="Num gradients 1 of"):
            tf.gradients(short(x, x)[0], x)
    with pytest.raises(ValueError, match="must be callable"):
        function.Defun()(3)
    with pytest.raises(ValueError, match="fewer arguments"):
        function.Defun(tf.float32)(sum_and_product)
    with pytest.raises(ValueError, match="defaults"):
        function.Defun(tf.float32)(lambda x=1: x)
