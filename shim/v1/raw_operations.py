"""`tf.raw_ops`, and the modules `tensorflow.python.ops.gen_*_ops`: a function for every op of TensorFlow's registry."""

import inspect
import re
from collections import namedtuple
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from onevar.core.build import op
from onevar.core.op_defs import OpDef, op_def, op_types
from onevar.v1.export import export_value

_REDUCTIONS = ("All", "Any", "EuclideanNorm", "Max", "Mean", "Min", "Prod", "Sum")
#: What Python calls inputs that the registry calls otherwise.
_SPELLED: dict[str, dict[str, str]] = {
    **{name: {"reduction_indices": "axis"} for name in _REDUCTIONS},
    "ExpandDims": {"dim": "axis"},
    "Select": {"t": "x", "e": "y"},
    "Split": {"split_dim": "axis"},
    "SplitV": {"split_dim": "axis"},
    "Squeeze": {"squeeze_dims": "axis"},
    "Where": {"input": "condition"},
}
_MODULES = (
    "array audio batch bitwise boosted_trees candidate_sampling checkpoint clustering collective control_flow "
    "composite_tensor count ctc cudnn_rnn data_flow dataset debug decode_proto encode_proto experimental_dataset "
    "functional image io linalg list logging lookup manip map math nccl nn optional parsing ragged_array "
    "ragged_conversion ragged_math random resource_variable rnn script sdca set sparse spectral state "
    "stateful_random stateless_random stateless_random_ops_v2 string summary training user"
)


def _parameters(definition: OpDef) -> list[tuple[str, str, Any]]:
    """Return name in Python, name in the registry and default of each argument, in order."""
    spelled = _SPELLED.get(definition.name, {})
    decided = {a for arg in definition.inputs for a in (arg.type_attr, arg.number_attr, arg.type_list_attr) if a}
    attrs = [attr for attr in definition.attrs.values() if attr.name not in decided]
    empty = inspect.Parameter.empty
    found = [(spelled.get(arg.name, arg.name), arg.name, empty) for arg in definition.inputs]
    found += [(spelled.get(attr.name, attr.name), attr.name, empty) for attr in attrs if not attr.has_default]
    found += [(spelled.get(attr.name, attr.name), attr.name, attr.default) for attr in attrs if attr.has_default]
    return found


@cache
def raw_op(op_type: str, only_keywords: bool = True) -> Callable[..., Any]:
    """Return the function that makes an operation of a type.

    Args:
        op_type: TensorFlow's.
        only_keywords: Whether it takes no positional arguments, as those of `tf.raw_ops`.
    """
    definition = op_def(op_type)
    parameters = _parameters(definition)
    kind = inspect.Parameter.KEYWORD_ONLY if only_keywords else inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [inspect.Parameter(name, kind, default=default) for name, _, default in parameters]
        + [inspect.Parameter("name", kind, default=None)]
    )
    registry = {name: own for name, own, _ in parameters}
    result = namedtuple(op_type, [arg.name for arg in definition.outputs], rename=True)  # type: ignore[misc]

    def function(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{function.__name__}() {error}") from None
        name = given.pop("name", None)
        made = op(op_type, name=name, **{registry[key]: value for key, value in given.items()})
        return result(*made) if len(definition.outputs) > 1 else made

    function.__name__ = function.__qualname__ = op_type if only_keywords else snake_case(op_type)
    function.__doc__ = f"Make an operation `{op_type}`: see `tf.raw_ops.{op_type}` in TensorFlow's documentation."
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def snake_case(op_type: str) -> str:
    """Return what TensorFlow's generated modules call the function for an op type.

    Args:
        op_type: `"Conv2DBackpropInput"`.
    """
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", op_type)
    words = re.sub(r"([a-z\d])([A-Z])", r"\1_\2", words)
    return re.sub(r"(\d)_([dD])(?=_|$)", r"\1\2", words).lower()


@cache
def _by_snake_case() -> dict[str, str]:
    return {snake_case(name): name for name in op_types() if not name.startswith("_")}


class _RawOps(ModuleType):
    """`tf.raw_ops`: functions by op types."""

    def __getattr__(self, name: str) -> Any:
        try:
            if name.startswith("_"):
                raise LookupError(f"TensorFlow has no op type {name!r}")
            return raw_op(name)
        except LookupError as error:
            raise AttributeError(f"module 'tensorflow.raw_ops' has no attribute {name!r}: {error}") from None

    def __dir__(self) -> list[str]:
        return [name for name in op_types() if not name.startswith("_")]


class _Generated(ModuleType):
    """`gen_math_ops` and the like: functions by TensorFlow's names for them."""

    def __getattr__(self, name: str) -> Any:
        found = _by_snake_case().get(name.removesuffix("_eager_fallback").lstrip("_"))
        if found is None or name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return raw_op(found, only_keywords=False)

    def __dir__(self) -> list[str]:
        return sorted(_by_snake_case())


export_value("raw_ops", _RawOps("onevar.v1.raw_ops", "TensorFlow's op types as functions."))
for _name in _MODULES.split():
    _module = _name if _name.endswith("v2") else f"{_name}_ops"
    export_value(
        f"python.ops.gen_{_module}",
        _Generated(f"onevar.v1.python.ops.gen_{_module}", "TensorFlow's op types as functions."),
    )
