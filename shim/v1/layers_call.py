"""What a layer knows while it is called: whose call is running, with which inputs, and whether it is training."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

import numpy as np

from onevar.core import nest
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.operation import Operation, Tensor
from onevar.v1.common import is_tensor
from onevar.v1.math_ops_elementwise import cast


class _Running(local):
    """The innermost call of a layer in this thread.

    Attributes:
        depth: How many calls are running.
        inputs: Of the innermost.
        training: What its `training` argument is, or None.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.inputs: Any = None
        self.training: Any = None


RUNNING = _Running()


@contextmanager
def running(inputs: Any, training: Any) -> Iterator[None]:
    """Let layers that are called inside the `with` block inherit `training`.

    Args:
        inputs: Of the call that begins.
        training: Its `training` argument, or None.
    """
    before = (RUNNING.inputs, RUNNING.training)
    RUNNING.depth += 1
    RUNNING.inputs, RUNNING.training = inputs, training
    try:
        yield
    finally:
        RUNNING.depth -= 1
        RUNNING.inputs, RUNNING.training = before


class CallSignature:
    """The arguments of a layer's `call`.

    Args:
        call: The bound method.

    Attributes:
        names: The parameters' names, the first one for the inputs.
        any_keyword: Whether it takes `**kwargs`.
    """

    def __init__(self, call: Callable[..., Any]):
        parameters = list(inspect.signature(call).parameters.values())
        named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        only = [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
        self.names = [p.name for p in parameters if p.kind in named] + only
        self.any_keyword = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
        self.takes_training = self.any_keyword or "training" in self.names

    def training(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, Any]:
        """Return the arguments, and what `training` is: given, or else inherited from the layer around.

        Args:
            args: The positional arguments after the inputs.
            kwargs: The others; `training` is put in or taken out as `call` wants it.
        """
        value, given = kwargs.get("training"), "training" in kwargs
        position = self.names.index("training") - 1 if "training" in self.names else len(args)
        if not given and position < len(args):
            value, given = args[position], True
        if given and not self.takes_training:
            kwargs.pop("training", None)
        if value is None and RUNNING.training is not None:
            value = RUNNING.training
            if self.takes_training:
                value = cast(value, "bool") if is_tensor(value) else bool(value)
                if position < len(args):
                    args = (*args[:position], value, *args[position + 1 :])
                else:
                    kwargs["training"] = value
        return args, value


def as_tensors(inputs: Any) -> Any:
    """Return inputs with arrays and numbers in them as tensors.

    Args:
        inputs: A nested structure.
    """
    plain = np.ndarray | float | int
    leaves = nest.flatten(inputs)
    if not any(isinstance(leaf, plain) for leaf in leaves):
        return inputs
    return nest.pack(inputs, [convert_to_tensor(leaf) if isinstance(leaf, plain) else leaf for leaf in leaves])


def all_symbolic(leaves: list[Any]) -> bool:
    """Whether all are tensors of a graph, so that the call builds one.

    Args:
        leaves: Of a call's inputs.
    """
    return not executing_eagerly() and all(is_symbolic(leaf) for leaf in leaves)


def is_symbolic(value: Any) -> bool:
    """Whether a value is a tensor of a graph, a Variable that stands for one, or made of such.

    Args:
        value: Anything.
    """
    if isinstance(value, Tensor):
        return True
    return not executing_eagerly() and (is_tensor(value) or hasattr(value, "_as_graph_tensors"))


def depends_on(target: Any, inputs: Any) -> bool:
    """Whether computing `target` takes one of `inputs`.

    Args:
        target: An operation or a tensor.
        inputs: A nested structure of tensors.
    """
    starts = {id(leaf) for leaf in _tensors(inputs)}
    todo: list[Any] = [target]
    seen: set[int] = set()
    while todo:
        item = todo.pop()
        if id(item) in starts:
            return True
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, Operation):
            todo.extend(item.inputs)
            todo.extend(item.control_inputs)
        elif isinstance(getattr(item, "op", None), Operation):
            todo.append(item.op)
    return False


def _tensors(inputs: Any) -> Iterator[Any]:
    for leaf in nest.flatten(inputs):
        yield leaf
        parts = getattr(leaf, "_as_graph_tensors", None)
        if parts is not None:
            yield from parts()
        elif not isinstance(leaf, Tensor) and isinstance(getattr(leaf, "op", None), Operation):
            # A Variable: what is made from it is made from its storage.
            yield from (leaf.op, *leaf.op.outputs)
