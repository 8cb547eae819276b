"""Every function of the chapters on arrays, mathematics, checks and strings has TensorFlow's signature and names."""

import inspect

import pytest

CHAPTERS = (
    "array_ops", "math_ops", "clip_ops", "linalg_ops", "check_ops", "string_ops", "script_ops", "logging_ops",
    "sparse_", "numerics", "common", "loss_", "metric_", "set_ops", "confusion_ops",
)  # fmt: skip
# Signatures that Python cannot tell, or that differ on purpose.
KNOWN = {"SparseTensorValue"}


@pytest.fixture(scope="module")
def exported(both):
    from onevar.v1 import export

    export.load()
    found = {}
    for name in export.names():
        value = export._values[name]
        module = getattr(value, "__module__", "") or ""
        if name.startswith(("python.", "core.", "contrib.")):
            continue  # not in what tensorflow.compat.v1 publishes
        if inspect.isfunction(value) and module.removeprefix("onevar.v1.").startswith(CHAPTERS):
            found[name] = value
    return found


def lookup(tf, name):
    value = tf
    for part in name.split("."):
        value = getattr(value, part)
    return value


def plain(function):
    out = []
    for parameter in inspect.signature(function).parameters.values():
        default = parameter.default
        if repr(default) == "KeywordRequired()":
            default = repr(default)  # an object that is equal to nothing else
        out.append((parameter.name, getattr(default, "name", default), parameter.kind.name))
    return out


def test_signatures_are_tensorflows(both, exported):
    assert len(exported) > 400
    wrong = {}
    for name, ours in exported.items():
        theirs = plain(lookup(both.theirs, name))
        if plain(ours) != theirs and name not in KNOWN:
            wrong[name] = (plain(ours), theirs)
    assert wrong == {}


def test_every_other_name_of_tensorflow_is_there_too(both, exported):
    from tensorflow.python.util import tf_decorator

    missing = {}
    for name in exported:
        _, target = tf_decorator.unwrap(lookup(both.theirs, name))
        names = getattr(target, "_tf_api_names_v1", None) or getattr(lookup(both.theirs, name), "_tf_api_names_v1", ())
        absent = {other for other in names if other not in exported}
        if absent:
            missing[name] = absent
    assert missing == {}


def test_functions_say_what_they_are(exported):
    assert [name for name, value in exported.items() if not value.__doc__] == []
