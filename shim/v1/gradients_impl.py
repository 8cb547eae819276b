"""`tf.gradients`, gradients of one's own, and what goes with them."""

import enum
from collections.abc import Iterable, Sequence
from typing import Any

from onevar.core import gradient_steps
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor, internal_convert_to_tensor_or_indexed_slices
from onevar.core.default_graph import get_default_graph
from onevar.core.differentiable import is_trainable, passes, refuse_without_gradient
from onevar.core.dtype import as_dtype
from onevar.core.frame import is_alias
from onevar.core.func_graph import FuncGraph
from onevar.core.graph import Graph
from onevar.core.name_scope import name_scope
from onevar.core.operation import IndexedSlices, Operation, Tensor
from onevar.core.reach import in_order, needed
from onevar.core.spec import Spec
from onevar.core.stand_ins import all_ours
from onevar.core.state import STORAGE
from onevar.v1.body_gradients import check_gradients
from onevar.v1.custom_gradients import custom_gradient_of
from onevar.v1.export import export
from onevar.v1.indexed_gradients import gather_points, sliced
from onevar.v1.outer_gradients import brought_inside


@export("UnconnectedGradients")
class UnconnectedGradients(enum.Enum):
    """What stands for the gradient of an `x` that `ys` do not depend on."""

    NONE = "none"
    ZERO = "zero"


@export("AggregationMethod")
class AggregationMethod:
    """How partial gradients are added up; accepted: the framework decides."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


@export("gradients")
def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False, aggregation_method: Any = None, stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:  # fmt: skip
    """Return the derivatives of the sum of `ys` for each of `xs`.

    Args:
        ys: A tensor or a list of them.
        xs: A tensor or Variable, or a list of them.
        grad_ys: What the gradients of `ys` are multiplied with, by element; None is ones.
        name: Of the scope of what is made.
        colocate_gradients_with_ops: Accepted.
        gate_gradients: Accepted: all gradients of one call are ready together.
        aggregation_method: Accepted.
        stop_gradients: Tensors to take for constants.
        unconnected_gradients: `UnconnectedGradients.ZERO` gives zeros instead of None.

    Returns:
        One for each of `xs`: a tensor, `IndexedSlices` where `x` is only gathered from, or None where `ys` do not
        depend on it.

    Raises:
        RuntimeError: Eager execution is on.
        ValueError: `grad_ys` does not go with `ys`.
        TypeError: A `y` is complex and has no `grad_ys`, or a gradient is of another dtype.
    """
    if executing_eagerly():
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
        )
    unconnected = UnconnectedGradients(unconnected_gradients)
    y_list, x_list, stops = _listed(ys), _listed(xs), _listed(stop_gradients)
    seeds = [None] * len(y_list) if grad_ys is None else _listed(grad_ys)
    if len(seeds) != len(y_list):
        raise ValueError(f"Passed {len(seeds)} grad_ys for {len(y_list)} ys")
    flat = [*y_list, *x_list, *stops, *(s for s in seeds if s is not None)]
    with name_scope(name, "gradients", [v for v in flat if isinstance(v, Tensor)]):
        graph = get_default_graph()
        tensors = _inside(graph, [_dense(y) for y in y_list], x_list)
        targets = [_target(graph, x) for x in x_list]
        given = [_seed(y, seed, index) for index, (y, seed) in enumerate(zip(tensors, seeds, strict=True))]
        constants = [t for t in (_target(graph, stop) for stop in stops) if t is not None]
        found = _Backward(graph, tensors, given, targets, constants).run()
        if unconnected is UnconnectedGradients.ZERO:
            found = [_zeros(x) if g is None else g for x, g in zip(x_list, found, strict=True)]
    return found


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    value = all_ours(value)
    return list(value) if isinstance(value, list | tuple) else [value]


def _dense(y: Any) -> Tensor:
    return convert_to_tensor(y.values if isinstance(y, IndexedSlices) else y, name="y")


def _inside(graph: Graph, ys: list[Tensor], xs: Sequence[Any]) -> list[Tensor]:
    """Return `ys` as tensors that depend on `xs` within `graph`, where that is the body of a branch or loop."""
    if not isinstance(graph, FuncGraph):
        return ys
    return brought_inside(graph, [graph.capture(y) for y in ys], [_point(x) for x in xs])


def _point(x: Any) -> Tensor:
    """Return the tensor that gradients are taken for: a variable's storage, or the tensor itself."""
    handle = getattr(x, "handle", None)
    if isinstance(handle, Tensor):
        tensor = handle
    elif isinstance(x, Tensor):
        tensor = x
    elif isinstance(x, IndexedSlices):
        tensor = x.values
    elif isinstance(getattr(x, "op", None), Operation) and x.op.type in STORAGE:
        tensor = x.op.outputs[0]
    else:
        tensor = internal_convert_to_tensor_or_indexed_slices(x, name="x")
    return tensor.op.inputs[0] if is_alias(tensor.op) else tensor


def _target(graph: Graph, x: Any) -> Tensor | None:
    """Return what stands in `graph` for the tensor that gradients are taken for, if anything does."""
    return _stand_in(graph, _point(x))


def _stand_in(graph: Graph | None, tensor: Tensor) -> Tensor | None:
    """Return what stands for `tensor` in the body of a branch or loop, which may be in another's."""
    if tensor.graph is graph:
        return tensor
    if not isinstance(graph, FuncGraph):
        return None
    outside = _stand_in(graph.outer, tensor)
    inner = None if outside is None else graph.captures.get(outside)
    if inner is None:
        # A body that only reads the variable has captured what it reads.
        inner = next(
            (own for out, own in graph.captures.items() if is_alias(out.op) and out.op.inputs[0] is tensor), None
        )
    return inner


def _seed(y: Tensor, seed: Any, index: int) -> Tensor | None:
    if seed is None:
        if y.dtype.is_complex:
            raise TypeError(f"Gradients of complex tensors ({y}) must set grad_ys (y.dtype = {y.dtype!r})")
        return None
    if isinstance(seed, IndexedSlices):
        seed = convert_to_tensor(seed)
    tensor = convert_to_tensor(seed, preferred_dtype=y.dtype.base_dtype, name=f"grad_ys_{index}")
    if tensor.dtype.base_dtype is not y.dtype.base_dtype:
        raise TypeError(
            f"Gradient type {tensor.dtype.base_dtype.name} of grad_ys[{index}] does not match type "
            f"{y.dtype.base_dtype.name} of {y.name}."
        )
    if not tensor.shape.is_compatible_with(y.shape):
        raise ValueError(f"grad_ys[{index}] has shape {tensor.shape}, which is not that of {y.name}: {y.shape}.")
    return tensor


def _ones(y: Tensor) -> Tensor:
    from onevar.v1.array_ops import ones_like

    return ones_like(y)


def _zeros(x: Any) -> Tensor:
    from onevar.v1.array_ops import zeros_like

    return zeros_like(x)


class _Backward:
    """One call of `tf.gradients`.

    Operations with a gradient of the program's own cut the way in pieces: the framework differentiates each piece, and
    in between the program's function is asked.
    """

    def __init__(
        self, graph: Graph, ys: Sequence[Tensor], seeds: Sequence[Tensor | None], xs: Sequence[Tensor | None],
        stops: Sequence[Tensor],
    ):  # fmt: skip
        self.graph, self.ys, self.seeds, self.xs, self.stops = graph, list(ys), list(seeds), list(xs), frozenset(stops)
        members = {op for op in needed([y.op for y in ys], ()) if op.graph is graph}
        self.order = in_order(members)

    def run(self) -> list[Any]:
        relevant = self._relevant(self.ys)
        points = [x for x in self.xs if x is not None]
        refuse_without_gradient(self.order, points, self.ys, self.stops, custom_gradient_of)
        own = [op for op in self.order if custom_gradient_of(op) is not None and relevant.intersection(op.outputs)]
        for operation in self.order:
            if relevant.intersection(operation.outputs):
                check_gradients(operation)
        parts: dict[Tensor, list[Any]] = {}
        cuts = frozenset(t for op in own for t in op.outputs)
        self._collect(self.ys, self.seeds, cuts, parts)
        for operation in sorted(own, key=lambda made: -made.serial):
            self._through(operation, cuts, parts)
        return [self._total(parts.get(x, [])) if x is not None else None for x in self.xs]

    def _relevant(self, ys: Iterable[Tensor], cuts: frozenset[Tensor] = frozenset()) -> set[Tensor]:
        """Return the tensors that `ys` depend on differentiably."""
        found = {y for y in ys if is_trainable(y)}
        blocked = self.stops | cuts
        for operation in reversed(self.order):
            if passes(operation) and any(t in found and t not in blocked for t in operation.outputs):
                found.update(t for t in operation.inputs if is_trainable(t))
        return found

    def _collect(
        self, ys: Sequence[Tensor], seeds: Sequence[Tensor | None], cuts: frozenset[Tensor], parts: dict[Tensor, list]
    ) -> None:
        """Add to `parts` the gradients of `ys` for `xs` and for what the cuts are at."""
        for y, seed in zip(ys, seeds, strict=True):
            if y in cuts:
                parts.setdefault(y, []).append(_ones(y) if seed is None else seed)
        pairs = [(y, seed) for y, seed in zip(ys, seeds, strict=True) if y not in cuts]
        ys, seeds, blocked = [y for y, _ in pairs], [seed for _, seed in pairs], cuts
        relevant = self._relevant(ys, blocked)
        wanted = dict.fromkeys(x for x in [*self.xs, *blocked] if x is not None and x in relevant)
        points: dict[Tensor, list[Any]] = {}
        for x in wanted:
            points[x] = gather_points(self.order, x, relevant, self.stops | blocked) if x not in ys else []
        targets = list(dict.fromkeys(t for x in wanted for t in (points[x] or [x])))
        if not targets:
            return
        outputs = dict(zip(targets, self._operation(ys, seeds, targets, self.stops | blocked), strict=True))
        for x in wanted:
            found = sliced(x, points[x], outputs) if points[x] else outputs[x]
            parts.setdefault(x, []).append(found)

    def _operation(
        self, ys: Sequence[Tensor], seeds: Sequence[Tensor | None], targets: Sequence[Tensor], stops: frozenset[Tensor]
    ) -> list[Tensor]:
        graph = self.graph
        inputs = [*ys, *(s for s in seeds if s is not None), *targets]
        outputs = [_like(t) for t in targets]
        name = graph.name_for("grad")
        operation = graph.add(gradient_steps.TYPE, name, inputs, {}, outputs)
        operation.kept = gradient_steps.Request(ys, seeds, targets, stops)
        return operation.outputs

    def _through(self, op: Operation, cuts: frozenset[Tensor], parts: dict[Tensor, list]) -> None:
        function = custom_gradient_of(op)
        assert function is not None
        received = [self._total(parts.get(t, [])) for t in op.outputs]
        if all(g is None for g in received):
            return
        filled = [_zeros(t) if g is None and is_trainable(t) else g for t, g in zip(op.outputs, received, strict=True)]
        returned = _listed(function(op, *filled))
        if len(returned) != len(op.inputs):
            raise ValueError(
                f"Num gradients {len(returned)} generated for op {op.name} do not match num inputs {len(op.inputs)}"
            )
        pairs = [(t, convert_to_tensor(g)) for t, g in zip(op.inputs, returned, strict=True) if g is not None]
        if pairs:
            ys, seeds = [t for t, _ in pairs], [g for _, g in pairs]
            self._collect(ys, seeds, cuts.difference(op.outputs), parts)

    def _total(self, parts: Sequence[Any]) -> Any:
        if not parts:
            return None
        if len(parts) == 1:
            return parts[0]
        return op("AddN", inputs=[convert_to_tensor(part) for part in parts], name="AddN")


def _like(target: Tensor) -> tuple[Any, Spec]:
    spec = target.spec
    if target.dtype.key == "resource" and isinstance(spec.value, Spec):
        spec = spec.value
    return as_dtype(spec.dtype), Spec(spec.shape, spec.dtype)
