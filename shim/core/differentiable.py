"""Where gradients flow in a graph, and where TensorFlow says that none do."""

from collections.abc import Collection, Iterable, Sequence

from onevar.core.operation import Operation, Tensor
from onevar.core.reach import dependencies

_TRAINABLE = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128", "resource", "variant"})

#: Op types for which TensorFlow registers that there is no gradient (`tf.no_gradient`), of those with
#: floating-point inputs.
NO_GRADIENT = frozenset(
    """
    Rint Round Floor Ceil Equal NotEqual ApproximateEqual Less LessEqual Greater GreaterEqual LogicalAnd LogicalOr
    LogicalNot IsNan IsInf IsFinite ArgMax ArgMin Shape ShapeN Size Rank ZerosLike OnesLike Where Unique UniqueV2
    UniqueWithCounts Range OneHot InTopK InTopKV2 HistogramSummary ScalarSummary ImageSummary AudioSummary
    MergeSummary TensorSummary TensorSummaryV2 Assert IsVariableInitialized StopGradient
    HistogramFixedWidth LinSpace RandomUniformInt Multinomial Bincount InvertPermutation Const EditDistance
    """.split()
)


def is_trainable(tensor: Tensor) -> bool:
    """Whether gradients can flow through a tensor of its dtype."""
    return tensor.dtype.key in _TRAINABLE


def passes(operation: Operation) -> bool:
    """Whether gradients flow through an operation."""
    return operation.type not in NO_GRADIENT or "_gradient_op_type" in operation.attrs


def reached(
    order: Sequence[Operation], sources: Iterable[Tensor], fed: Collection[Tensor] = (), stop: Collection[Tensor] = ()
) -> set[Tensor]:
    """Return the tensors that depend differentiably on `sources`, with these.

    Args:
        order: Operations, each after those it depends on.
        sources: Where to begin.
        fed: Tensors whose value is given, which depend on nothing.
        stop: Tensors that count as constants.
    """
    active = set(sources)
    stopped = set(stop)
    for operation in order:
        if passes(operation) and any(t in active and t not in stopped for t in operation.inputs):
            active.update(t for t in operation.outputs if is_trainable(t) and t not in fed and t not in stopped)
    return active


def between(
    order: Sequence[Operation], sources: Collection[Tensor], ys: Iterable[Tensor], fed: Collection[Tensor],
    stop: Collection[Tensor],
) -> set[Operation]:  # fmt: skip
    """Return the operations through which gradients flow from `ys` back to `sources`."""
    active = reached(order, sources, fed, stop)
    wanted = {y for y in ys if y in active}
    found: set[Operation] = set()
    for operation in reversed(order):
        if passes(operation) and any(t in wanted for t in operation.outputs):
            inputs = [t for t in operation.inputs if t in active]
            if inputs:
                found.add(operation)
                wanted.update(inputs)
    return found


def closure(order: Sequence[Operation], core: set[Operation], fed: Collection[Tensor]) -> set[Operation]:
    """Return `core` and all operations on a path, of data or control, from one of it to another."""
    if not core:
        return set()
    after: set[Operation] = set()
    for operation in order:
        if operation in core or not after.isdisjoint(dependencies(operation, fed)):
            after.add(operation)
    ahead: set[Operation] = set(core)
    for operation in reversed(order):
        if operation in ahead:
            ahead.update(dependencies(operation, fed))
    return after & ahead
