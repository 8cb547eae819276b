"""Gradients that programs define: `tf.RegisterGradient`, `tf.custom_gradient`."""

from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import get_default_graph
from onevar.core.nest import flatten, is_nested, pack
from onevar.core.operation import Operation
from onevar.v1.export import export

#: Functions of `(op, *output_gradients)` by the name they are registered under; None: no gradient.
REGISTERED: dict[str, Callable | None] = {}
_numbers = count()
#: What TensorFlow registers for its own op types, where programs name it for others: the frameworks do the rest.
_OF_OP_TYPES: dict[str, Callable] = {
    "Identity": lambda operation, grad: grad,
    "Relu": lambda operation, grad: op("ReluGrad", gradients=grad, features=operation.outputs[0]),
    "Relu6": lambda operation, grad: op("Relu6Grad", gradients=grad, features=operation.outputs[0]),
    "Sigmoid": lambda operation, grad: op("SigmoidGrad", y=operation.outputs[0], dy=grad),
    "Tanh": lambda operation, grad: op("TanhGrad", y=operation.outputs[0], dy=grad),
}


@export("RegisterGradient")
class RegisterGradient:
    """Register a gradient under a name: an op type's, or one for `Graph.gradient_override_map`.

    Args:
        op_type: The name.

    Raises:
        TypeError: It is no string.
        KeyError: The name is taken.
    """

    def __init__(self, op_type: str):
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f: Callable) -> Callable:
        """Register `f(op, *output_gradients)` and return it."""
        _register(self._op_type, f)
        return f


def _register(name: str, function: Callable | None) -> None:
    if name in REGISTERED:
        raise KeyError(f"Registering two gradient with name '{name}'!")
    REGISTERED[name] = function


@export("no_gradient", "NoGradient", "NotDifferentiable")
def no_gradient(op_type: str) -> None:
    """Say that an op type has no gradient.

    Raises:
        TypeError: `op_type` is no string.
    """
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, None)


def custom_gradient_of(operation: Operation) -> Callable | None:
    """Return the program's own gradient function of an operation, or None: the framework differentiates it.

    Raises:
        LookupError: `gradient_override_map` names a gradient that is not registered.
    """
    name = operation.attrs.get("_gradient_op_type")
    if name is None:
        return REGISTERED.get(operation.type) if REGISTERED else None
    if name not in REGISTERED and name not in _OF_OP_TYPES:
        raise LookupError(
            f"No gradient defined for operation '{operation.name}' (op type: {name}). Of the op types' own gradients "
            f"{', '.join(sorted(_OF_OP_TYPES))} may stand for another's: register a function for {name} otherwise."
        )
    return REGISTERED[name] if name in REGISTERED else _OF_OP_TYPES[name]


@export("custom_gradient")
def custom_gradient(f: Callable) -> Callable:
    """Give a function a gradient of its own.

    Args:
        f: Returns `(y, grad_fn)`; `grad_fn(*dys)` returns the gradients for the arguments, and takes `variables=`
            and returns `(gradients, variable_gradients)` if `f` uses variables.

    Returns:
        A function that returns `y`.
    """

    @wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if executing_eagerly():
            return f(*args, **kwargs)[0]
        return _recorded(f, args, kwargs)

    return decorated


def _recorded(f: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
    graph = get_default_graph()
    inputs = [convert_to_tensor(arg) for arg in flatten(list(args))]
    stand_ins = [op("Identity", input=tensor) for tensor in inputs]
    before = set(_trainable(graph))
    result, grad_fn = f(*pack(list(args), stand_ins), **kwargs)
    variables = [v for v in _trainable(graph) if v not in before]
    outputs = [convert_to_tensor(y) for y in flatten(result)]

    def gradient(operation: Operation, *dys: Any) -> list[Any]:
        own = list(dys[: len(outputs)])
        if variables:
            for_inputs, for_variables = grad_fn(*own, variables=variables)
        else:
            for_inputs, for_variables = grad_fn(*own), []
        found = flatten(list(for_inputs) if isinstance(for_inputs, tuple) else for_inputs)
        return [None] * len(outputs) + found + list(for_variables)

    name = f"CustomGradient-{next(_numbers)}"
    _register(name, gradient)
    with graph.gradient_override_map({"IdentityN": name}):
        tensors = op("IdentityN", input=[*outputs, *inputs, *(v.value() for v in variables)])
    results = tensors[: len(outputs)]
    return pack(result, results) if is_nested(result) else results[0]


def _trainable(graph: Any) -> list[Any]:
    return graph.get_collection("trainable_variables")


@export("grad_pass_through")
def grad_pass_through(f: Callable) -> Callable:
    """Return `f` with the gradient of the identity."""

    @custom_gradient
    def passing(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs), lambda *dys: dys if len(dys) > 1 else dys[0]

    return passing
