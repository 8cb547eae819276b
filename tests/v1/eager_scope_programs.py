"""Programs about variable scopes in eager mode: see `scope_programs`. They also get the class `EagerVariableStore`."""

import numpy as np
from scope_programs import error, names

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def plain(value):
    """Numbers of a tensor of any framework, rounded."""
    if hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        value = value.detach().numpy() if hasattr(value, "detach") else value.numpy()
    return np.round(np.asarray(value), 4).tolist()


@program
def nothing_is_reused(tf, store):
    with tf.variable_scope("s", reuse=None) as scope:
        v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
        w = tf.get_variable("v", [2], initializer=tf.zeros_initializer())
        local = tf.get_local_variable("l", [], initializer=tf.ones_initializer())
    with tf.variable_scope("s", reuse=True):
        again = tf.get_variable("v", [2])
    with tf.variable_scope(None, "d") as first, tf.variable_scope(None, "d") as second:
        pass
    return [
        scope.name, scope.original_name_scope, str(scope.reuse), scope.use_resource, v is w, again is v,
        plain(v), plain(w), names([v, w, local, again]),
        local.trainable, first.name, second.name, names(tf.global_variables()),
    ]  # fmt: skip


@program
def stores(tf, store):
    held = store()
    with held.as_default(), tf.variable_scope("q", regularizer=lambda v: tf.reduce_sum(v)):
        v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
        same = tf.get_variable("v", [2]) is v
        tf.get_variable("n", [], trainable=False, initializer=tf.ones_initializer())
    copied = held.copy()
    v.assign([5.0, 6.0])
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    with copied.as_default(), tf.variable_scope("q"):
        copy = tf.get_variable("v", [2])
    return [
        same, names(held.variables()), names(held.trainable_variables()), names(held.non_trainable_variables()),
        names(tf.global_variables()), names(tf.trainable_variables()), len(losses), plain(losses[0] + 1.0), plain(copy),
        error(tf.get_variable_scope().set_use_resource, False), error(tf.get_variable_scope().set_caching_device, "x"),
        error(tf.VariableScope, False, caching_device="/cpu:0"),
    ]  # fmt: skip


@program
def averages(tf, store):
    v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
    moving = tf.train.ExponentialMovingAverage(0.5)
    out = [moving.apply([v]) is None]
    v.assign([3.0, 5.0])
    moving.apply([v])
    out += [plain(moving.average(v)), moving.average(v).name, moving.average(v).trainable]
    return [*out, error(moving.apply, [tf.constant([1.0])])]


@program
def grouping(tf, store):
    pair = tf.tuple([tf.constant(1), tf.constant(2)])
    return [tf.group(tf.constant(1)) is None, plain(pair[1]), tf.no_op() is None]


@program
def eager_templates(tf, store):
    def layer(x):
        tf.get_variable("n", [], trainable=False, initializer=tf.ones_initializer())
        return x * tf.get_variable("w", [1], initializer=tf.ones_initializer())

    template, other = tf.make_template("t", layer), tf.make_template("t", layer)
    out = [names(template.variables), plain(template(2.0)), plain(template(3.0)), plain(other(1.0))]
    out += [names(template.variables), names(template.trainable_variables), names(template.non_trainable_variables)]
    out += [names(template.local_variables), template.variable_scope_name, names(other.variables)]

    def outer():
        inner = tf.make_template("inner", layer)
        return names(inner.variables), plain(inner(2.0)), names(inner.variables)

    nested = tf.make_template("outer", outer)
    out += [nested(), nested(), names(nested.variables), error(tf.make_template, "t", layer, unique_name_="u")]
    growing = tf.make_template("growing", lambda name: tf.get_variable(name, []))
    growing("a")
    return [*out, error(growing, "b")[0]]


@program
def creators_and_getters(tf, store):
    def renamed(getter, name, *args, **kwargs):
        return getter(f"{name}_renamed", *args, **kwargs)

    with tf.variable_creator_scope(lambda following, **kwargs: following(**{**kwargs, "name": "made"})):
        a = tf.get_variable("a", [])
    with tf.variable_scope("s", custom_getter=renamed):
        b = tf.get_variable("b", [])
    return names([a, b])
