"""`tf.keras.initializers` as TensorFlow 1 had them: the initializers of `tf.initializers`, some with other defaults."""

from collections.abc import Callable
from typing import Any

from onevar.core import dtype as dtypes
from onevar.v1 import init_ops
from onevar.v1.export import export, export_value


@export("keras.initializers.RandomNormal", "keras.initializers.random_normal", "keras.initializers.normal")
class RandomNormal(init_ops.RandomNormal):
    """As `tf.random_normal_initializer`, with a standard deviation of 0.05.

    Args:
        mean: Of the distribution.
        stddev: Its standard deviation.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = dtypes.float32):
        super().__init__(mean, stddev, seed, dtype)


@export("keras.initializers.TruncatedNormal", "keras.initializers.truncated_normal")
class TruncatedNormal(init_ops.TruncatedNormal):
    """As `tf.truncated_normal_initializer`, with a standard deviation of 0.05.

    Args:
        mean: Of the distribution.
        stddev: Its standard deviation, before numbers are dropped.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = dtypes.float32):
        super().__init__(mean, stddev, seed, dtype)


@export("keras.initializers.RandomUniform", "keras.initializers.random_uniform", "keras.initializers.uniform")
class RandomUniform(init_ops.RandomUniform):
    """As `tf.random_uniform_initializer`, between -0.05 and 0.05.

    Args:
        minval: The least.
        maxval: The limit.
        seed: The op's own seed.
        dtype: Of the tensors, unless the call says otherwise.
    """

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None, dtype: Any = dtypes.float32):
        super().__init__(minval, maxval, seed, dtype)


_SAME: dict[str, Callable[..., init_ops.Initializer]] = {
    "Zeros": init_ops.Zeros,
    "zeros": init_ops.Zeros,
    "Ones": init_ops.Ones,
    "ones": init_ops.Ones,
    "Constant": init_ops.Constant,
    "constant": init_ops.Constant,
    "VarianceScaling": init_ops.VarianceScaling,
    "Orthogonal": init_ops.Orthogonal,
    "orthogonal": init_ops.Orthogonal,
    "Identity": init_ops.Identity,
    "identity": init_ops.Identity,
    "glorot_uniform": init_ops.GlorotUniform,
    "glorot_normal": init_ops.GlorotNormal,
    "lecun_normal": init_ops.lecun_normal,
    "lecun_uniform": init_ops.lecun_uniform,
    "he_normal": init_ops.he_normal,
    "he_uniform": init_ops.he_uniform,
}
_BY_NAME: dict[str, Callable[..., init_ops.Initializer]] = {
    **_SAME,
    "GlorotUniform": init_ops.GlorotUniform,
    "GlorotNormal": init_ops.GlorotNormal,
    "UniformUnitScaling": init_ops.UniformUnitScaling,
    "RandomNormal": RandomNormal,
    "random_normal": RandomNormal,
    "normal": RandomNormal,
    "TruncatedNormal": TruncatedNormal,
    "truncated_normal": TruncatedNormal,
    "RandomUniform": RandomUniform,
    "random_uniform": RandomUniform,
    "uniform": RandomUniform,
}
for _name, _value in _SAME.items():
    export_value(f"keras.initializers.{_name}", _value)
export_value("keras.initializers.Initializer", init_ops.Initializer)


@export("keras.initializers.serialize")
def serialize(initializer: init_ops.Initializer) -> dict[str, Any]:
    """Return an initializer as a dictionary of its class's name and its configuration.

    Args:
        initializer: The initializer.
    """
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


@export("keras.initializers.deserialize")
def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> init_ops.Initializer:
    """Return the initializer of a dictionary that `serialize` made.

    Args:
        config: The dictionary.
        custom_objects: Classes by their names, of initializers that are not TensorFlow's.

    Raises:
        ValueError: No initializer has that name.
    """
    found = _named(config["class_name"], custom_objects)
    from_config = getattr(found, "from_config", None)
    return found(**config["config"]) if from_config is None else from_config(config["config"])


def _named(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    found = (custom_objects or {}).get(name) or _BY_NAME.get(name)
    if found is None:
        raise ValueError(f"Unknown initializer: {name}")
    return found


@export("keras.initializers.get")
def get(identifier: Any) -> Any:
    """Return the initializer that an argument stands for.

    Args:
        identifier: A name, a dictionary of `serialize`, something to call, or None.

    Raises:
        ValueError: It is something else.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return _named(identifier)()
    if callable(identifier):
        return identifier() if isinstance(identifier, type) else identifier
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")
