"""Operations on tensors whose sizes are not known while a framework traces: its own operations do them.

Sessions do not have that, their feeds have sizes. Inside a function of somebody else's it happens: a batch of any size.
"""

import warnings
from typing import Any

import numpy as np

from onevar.errors import Unsupported

_HOST = (np.ndarray, np.generic)


def done_otherwise(step: Any, frame: Any, args: list[Any]) -> bool:
    """Compute an operation in another way than a Session does, where a trace is somebody else's; return whether it is.

    Args:
        step: Of an operation with a definition over primitives.
        frame: The computation, which is being traced.
        args: The operation's inputs.
    """
    if frame.dynamic and not step.kernel.state and dynamically(step, frame, args):
        return True
    return bool(step.on_host) and asserted(step, frame, args)


def dynamically(step: Any, frame: Any, args: list[Any]) -> bool:
    """Compute an operation by the framework's own of that type; return whether that is done.

    Args:
        step: Of an operation with a definition over primitives.
        frame: The computation.
        args: The operation's inputs.

    Raises:
        Unsupported: It draws random numbers of a size that is not known, and the framework cannot.
    """
    operation = step.operation
    known = [tensor.spec.value for tensor in operation.outputs]
    if not step.kernel.random and known and all(isinstance(value, np.ndarray) for value in known):
        step.store(frame, known)
        return True
    if _all_known(args):
        return False
    if step.kernel.random:
        step.store(frame, _drawn(step, frame, args))
        return True
    function = frame.adapter.dynamic_op(operation.type)
    if function is None:
        return False
    step.store(frame, function(args, step.override_attrs()))
    return True


def asserted(step: Any, frame: Any, args: list[Any]) -> bool:
    """Check an assertion whose condition a framework traces, where it can be checked; return whether this is one.

    A Session looks at such conditions between the parts that it compiles. In somebody else's trace TensorFlow's own
    operation does that, unless XLA compiles it; other frameworks have nothing for it.

    Args:
        step: Of an operation that the host does.
        frame: The computation.
        args: The operation's inputs.
    """
    if step.operation.type != "Assert" or frame.collected is None or isinstance(args[0], _HOST):
        return False
    if frame.adapter.is_concrete(args[0]):
        return False
    function = frame.adapter.dynamic_op("Assert")
    if function is not None:
        function(args, step.override_attrs())
    else:
        warnings.warn(
            f"{step.operation.name}: tf.Assert on values that {frame.adapter.name} is compiling for checks nothing. "
            "Call the layer uncompiled (run_eagerly=True) to have assertions checked.",
            RuntimeWarning,
            stacklevel=2,
        )
    return True


def _drawn(step: Any, frame: Any, args: list[Any]) -> Any:
    kind = step.operation.type
    drawing = frame.store.stream(step.operation).on(frame.k, frame.adapter)
    try:
        return frame.adapter.dynamic_draw(kind, drawing, args, step.override_attrs())
    except NotImplementedError:
        raise Unsupported(
            f"{kind} of a size that is not known while {frame.adapter.name} traces a function. Give the layer batches "
            "of one size: drop the remainder, or make the number of examples a multiple of the batch size."
        ) from None


def _all_known(args: list[Any]) -> bool:
    return all(_all_known(value) if type(value) is list else isinstance(value, _HOST) for value in args)
