"""`Defun`: functions of the graph, with types and a gradient of their own; a call puts the body where it is called."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies, get_default_graph
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation
from onevar.v1.custom_gradients import RegisterGradient
from onevar.v1.export import export
from onevar.v1.variable_scopes import get_variable_scope, variable_scope

_MODULE = "python.framework.function"
_numbers = count()


class _Call:
    """What a gradient sees of a call: an operation with the arguments as inputs, and the results as outputs."""

    def __init__(self, operation: Operation, number: int):
        self._operation = operation
        self.outputs, self.inputs = list(operation.outputs[:number]), list(operation.inputs)[number:]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operation, name)


class _Variables:
    """The variables that a function makes in one graph: the first call makes them, the others find them in order."""

    def __init__(self) -> None:
        self.scope = get_variable_scope()
        self.made: list[Any] | None = None

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Make or find variables inside."""
        found: list[Any] = []

        def getter(getter: Callable, *args: Any, **kwargs: Any) -> Any:
            variable = getter(*args, **kwargs) if self.made is None else self.made[len(found)]
            found.append(variable)
            return variable

        with variable_scope(self.scope, custom_getter=getter, auxiliary_name_scope=False):
            yield
        self.made = found


class _Defined:
    """A function of the graph; see `Defun`."""

    def __init__(self, func: Callable, types: Sequence[Any] | None, options: dict[str, Any]):
        self._func, self._types = func, None if types is None else [as_dtype(one) for one in types]
        self._name = options.get("func_name") or getattr(func, "__name__", "function").strip("<>")
        self._grad_func, self._python_grad_func = options.get("grad_func"), options.get("python_grad_func")
        self._shape_func = options.get("shape_func")
        self._variables: WeakKeyDictionary[Any, _Variables] = WeakKeyDictionary()
        self.__name__, self.__doc__ = self._name, getattr(func, "__doc__", None)
        self.__wrapped__ = func

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def declared_input_types(self) -> list[Any] | None:
        """The types of its arguments; None where calls decide."""
        return self._types

    @property
    def python_grad_func(self) -> Callable | None:
        """The gradient, a function of `(op, *output_gradients)`; None if it has none of its own."""
        return self._python_grad_func

    def set_grad_func(self, grad_func: Callable) -> None:
        """Give it a gradient, a function of the arguments and the results' gradients.

        Args:
            grad_func: The function.

        Raises:
            ValueError: It has one.
        """
        if self._grad_func is not None:
            raise ValueError(f"The gradient function of {self._name} is already defined.")
        self._grad_func = grad_func

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function makes of the arguments: a tensor, a tuple of several, or an operation.

        Args:
            *args: What tensors are made of.
            **kwargs: `name` is the operation's; others are hints to TensorFlow's runtime.

        Raises:
            ValueError: They are not as many as declared, or of other types.
        """
        inputs = [convert_to_tensor(arg) for arg in args]
        if self._types is not None:
            self._check(inputs)
        if executing_eagerly():
            return self._func(*inputs)
        with name_scope(kwargs.get("name") or self._name) as scope:
            stand_ins = [op("Identity", input=tensor) for tensor in inputs]
            graph = get_default_graph()
            before = len(graph.get_operations())
            with self._variables.setdefault(graph, _Variables()).shared():
                found = self._func(*stand_ins)
            results = [] if found is None else list(found) if isinstance(found, list | tuple) else [found]
            changed = [one for one in graph.get_operations()[before:] if one.op_def.is_stateful]
            with control_dependencies(changed):
                return self._returned(scope, [convert_to_tensor(one) for one in results], inputs)

    def _check(self, inputs: Sequence[Any]) -> None:
        types = self._types or []
        if len(inputs) != len(types):
            raise ValueError(f"Expected number of arguments: {len(types)}, received: {len(inputs)}")
        for number, (tensor, wanted) in enumerate(zip(inputs, types, strict=True)):
            if tensor.dtype.base_dtype != wanted.base_dtype:
                given = f"was given {tensor.dtype.base_dtype.name}"
                raise ValueError(f"Argument {number} of {self._name} is declared {wanted.name}, and {given}.")

    def _returned(self, scope: str, results: list[Any], inputs: list[Any]) -> Any:
        if not results:
            return op("NoOp", name=scope)
        if self._python_grad_func is None and self._grad_func is None:
            outputs = op("IdentityN", input=results, name=scope)
        else:
            name = f"Defun-{next(_numbers)}"
            RegisterGradient(name)(self._gradient(len(results)))
            with get_default_graph().gradient_override_map({"IdentityN": name}):
                outputs = op("IdentityN", input=[*results, *inputs], name=scope)[: len(results)]
        if self._shape_func is not None:
            for tensor, shape in zip(outputs, self._shape_func(_Call(outputs[0].op, len(results))), strict=True):
                tensor.set_shape(shape)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _gradient(self, number: int) -> Callable:
        def gradient(operation: Operation, *dys: Any) -> list[Any]:
            call, own = _Call(operation, number), dys[:number]
            if self._python_grad_func is not None:
                found = self._python_grad_func(call, *own)
            else:
                found = self._grad_func(*call.inputs, *own)  # type: ignore[misc]
            grads = list(found) if isinstance(found, list | tuple) else [found]
            if len(grads) != len(call.inputs):
                raise ValueError(
                    f"Num gradients {len(grads)} of op {call.name} do not match num inputs {len(call.inputs)}"
                )
            return [None] * number + grads

        return gradient


@export(f"{_MODULE}.Defun")
class Defun:
    """A decorator that makes a function of the graph; see TensorFlow 1's `tensorflow.python.framework.function.Defun`.

    The body becomes part of the graph at each call. Without a gradient of its own, that of the body is taken.

    Args:
        *input_types: The types of the arguments; none leaves them to each call.
        **kwargs: `func_name`, `python_grad_func` (of `(op, *output_gradients)`), `grad_func` (of the arguments and
            the output gradients), `shape_func` (of the call, returns the static shapes of the results). Others are
            hints to TensorFlow's runtime.
    """

    def __init__(self, *input_types: Any, **kwargs: Any):
        self._types, self._options = input_types, kwargs

    def __call__(self, func: Callable) -> _Defined:
        """Return the function.

        Args:
            func: Takes and returns tensors.

        Raises:
            ValueError: It is no function, or has keyword arguments or defaults, or takes another number of arguments.
        """
        if not callable(func):
            raise ValueError(f"function {func} must be callable")
        parameters = inspect.signature(func).parameters.values()
        if any(one.kind == one.VAR_KEYWORD or one.default is not one.empty for one in parameters):
            raise ValueError(f"function with argument defaults or keywords arguments are not supported: {func}.")
        several = any(one.kind == one.VAR_POSITIONAL for one in parameters)
        least = len(parameters) - several
        number = len(self._types)
        if number and (number < least or (number > least and not several)):
            raise ValueError("The function has fewer arguments than the number of specified input types.")
        return _Defined(func, self._types if number or not parameters else None, self._options)
