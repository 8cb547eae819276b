"""Op definitions: what optimizers do to variables, `ApplyAdam`, `ResourceSparseApplyAdagrad` and the like.

Each op type of a family differs from the others in how it gets at the variable, a reference or a resource, and in
whether the gradient is of all of it or of rows; the formula is that of `training_rules`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.checks import CURRENT, check
from onevar.core.kernel import kernel
from onevar.core.kernels.scatter_state import on_host_now
from onevar.core.kernels.state import contents, native, show
from onevar.core.kernels.training_rules import RULES, Rule
from onevar.core.op_defs import OpDef, op_def
from onevar.core.op_errors import InvalidArgumentError, UnimplementedError
from onevar.core.spec import ShapeError, Spec
from onevar.core.updates import in_place

#: Tensors that are no hyperparameters.
_GIVEN = frozenset({"grad", "delta", "indices"})


class _Signature:
    """Where the inputs of an op type are."""

    def __init__(self, definition: OpDef, rule: Rule):
        names = [arg.name for arg in definition.inputs]
        self.type = definition.name
        self.rule = rule
        self.names = names
        self.variables = names[: rule.width]
        self.grad = next(at for at, name in enumerate(names) if name in ("grad", "delta"))
        self.indices = names.index("indices") if "indices" in names else None
        self.scalars = [at for at, name in enumerate(names) if at >= rule.width and name not in _GIVEN]
        self.is_ref = definition.inputs[0].is_ref
        self.flags = {"use_nesterov": False, "update_slots": True, "multiply_linear_by_lr": False}

    def hyper(self, k: Any, ref: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        found = {}
        for at in self.scalars:
            value = inputs[at]
            if len(k.shape(value)) != 0:
                raise InvalidArgumentError(None, None, f"{self.names[at]} is not a scalar: {show(k.shape(value))}")
            found[self.names[at]] = native(k, ref, value)
        return found


def _same_shape(first: Any, other: Any, names: str) -> None:
    if first != other:
        raise InvalidArgumentError(None, None, f"{names} do not have the same shape{show(first)} {show(other)}")


# -- whole variables --------------------------------------------------------------------------------


def _dense(signature: _Signature, k: Any, inputs: Sequence[Any], flags: dict[str, Any]) -> Any:
    rule = signature.rule
    refs = inputs[: rule.width]
    var = refs[0]
    grad = native(k, var, inputs[signature.grad])
    for ref in refs:
        if not ref.initialized:
            raise ref.slot.missing()
    shape = tuple(var.shape)
    for name, ref in zip(signature.variables[1:], refs[1:], strict=True):
        _same_shape(shape, tuple(ref.shape), f"var and {name}")
    _same_shape(shape, tuple(k.shape(grad)), f"var and {signature.names[signature.grad]}")
    hyper = {**signature.hyper(k, var, inputs), **flags}
    if in_place(rule.kind, [refs], [grad], hyper):
        return var if signature.is_ref else ()
    after = rule.compute(k, tuple(ref.read() for ref in refs), grad, hyper)
    for ref, value in zip(refs, after, strict=True):
        if value is not None:
            ref.write(value)
    return var if signature.is_ref else ()


# -- rows -------------------------------------------------------------------------------------------


def _sparse(signature: _Signature, k: Any, inputs: Sequence[Any], flags: dict[str, Any]) -> Any:
    rule = signature.rule
    refs = inputs[: rule.width]
    var = refs[0]
    flags = dict(flags)
    grad, indices = native(k, var, inputs[signature.grad]), inputs[signature.indices or 0]
    shape = tuple(var.shape)
    _check_rows(signature, k, refs, shape, grad, indices)
    repeated = flags.pop("repeated")
    hyper = {**signature.hyper(k, var, inputs), **flags}
    if 0 in k.shape(grad):
        return var if signature.is_ref else ()
    rows = native(k, var, indices)
    if repeated:
        grad = _repeated(k, rows, grad)
    else:
        _check_distinct(signature, k, indices)
    try:
        values = tuple(k.take(ref.read(), rows, axis=0) for ref in refs)
    except (IndexError, RuntimeError):
        _check_bounds(k, indices, shape[0])
        raise
    after = rule.compute(k, values, grad, hyper)
    for ref, value in zip(refs, after, strict=True):
        if value is not None:
            ref.put(k, rows, value)
    return var if signature.is_ref else ()


def _check_distinct(signature: _Signature, k: Any, indices: Any) -> None:
    """Refuse an index that comes twice: TensorFlow updates its row twice, one after the other."""

    def error() -> Exception:
        message = (
            f"{signature.type}: an index comes more than once, and onevar does not update a row twice in one step. "
            "Add up the rows of equal indices first, as optimizers do: tf.unique, tf.unsorted_segment_sum."
        )
        return UnimplementedError(None, None, message)

    if isinstance(indices, np.ndarray):
        check(len(np.unique(indices)) == len(indices), error)
    elif k.shape(indices)[0] > 1:
        ordered = k.sort(indices)
        after, before = (k.getitem(ordered, (part,)) for part in (slice(1, None), slice(0, -1)))
        check(k.all(k.not_equal(after, before)), error)


def _repeated(k: Any, rows: Any, grad: Any) -> Any:
    """Give the first row again the first row's gradient: see `onevar.core.row_updates`."""
    first = (slice(0, 1),)
    again = k.equal(rows, k.getitem(rows, first))
    again = k.reshape(again, (k.shape(rows)[0], *[1] * (len(k.shape(grad)) - 1)))
    return k.where(again, k.getitem(grad, first), grad)


def _check_rows(
    signature: _Signature, k: Any, refs: Sequence[Any], shape: tuple[int, ...], grad: Any, indices: Any
) -> None:
    for name, ref in zip(signature.variables[1:], refs[1:], strict=True):
        _same_shape(shape, tuple(ref.shape), f"var and {name}")
    if not shape:
        raise InvalidArgumentError(None, None, "var must be at least 1 dimensional")
    picked, given = tuple(k.shape(indices)), tuple(k.shape(grad))
    if len(picked) != 1:
        raise InvalidArgumentError(None, None, "indices must be one-dimensional")
    if len(given) != len(shape):
        raise InvalidArgumentError(None, None, "var and grad must have the same rank")
    for axis in range(1, len(shape)):
        if given[axis] != shape[axis]:
            raise InvalidArgumentError(None, None, f"var and grad must match in dimension {axis}")
    if given[0] != picked[0]:
        raise InvalidArgumentError(None, None, "grad must be the same size as indices in the first dimension.")
    if not CURRENT.adapter[-1].checks_indices:
        _check_bounds(k, indices, shape[0])


def _check_bounds(k: Any, indices: Any, size: int) -> None:
    def error() -> Exception:
        host = on_host_now(k, indices)
        if host is None:
            return InvalidArgumentError(None, None, f"An index in indices is out of range [0, {size})")
        at = int(np.argmax((host < 0) | (host >= size)))
        return InvalidArgumentError(None, None, f"Index {host[at]} at offset {at} in indices is out of range")

    if isinstance(indices, np.ndarray):
        check(bool(((indices >= 0) & (indices < size)).all()), error)
    else:
        check(k.all(k.logical_and(k.greater_equal(indices, 0), k.less(indices, size))), error)


# -- shapes before anything runs --------------------------------------------------------------------


def _shape_of(spec: Spec) -> Any:
    return contents(spec) if spec.dtype == "resource" else spec.shape


def _infer(signature: _Signature) -> Callable[..., Any]:
    def infer(*specs: Spec) -> Any:
        shape = _shape_of(specs[0])
        for at in range(1, signature.rule.width):
            shape = rules.merge(shape, _shape_of(specs[at]))
        for at in signature.scalars:
            rules.with_rank(specs[at].shape, 0)
        grad = specs[signature.grad].shape
        if signature.indices is None:
            shape = rules.merge(shape, grad)
        else:
            _merge_rows(shape, grad, specs[signature.indices].shape)
        return shape if signature.is_ref else []

    return infer


def _merge_rows(shape: Any, grad: Any, indices: Any) -> None:
    count = rules.with_rank(indices, 1)[0]
    if grad is not None and not grad:
        raise ShapeError("Shape must be at least rank 1 but is rank 0")
    if grad is not None:
        rules.merge_dim(grad[0], count)
        if shape is not None:
            rules.merge(shape, (None, *grad[1:]))


# -- all of them ------------------------------------------------------------------------------------


def _define(op_type: str, rule: Rule, apply: Callable[..., Any]) -> None:
    signature = _Signature(op_def(op_type), rule)

    def run(
        k: Any,
        *inputs: Any,
        use_nesterov: bool = False,
        update_slots: bool = True,
        multiply_linear_by_lr: bool = False,
        repeated: bool = False,
    ) -> Any:
        flags = {
            "use_nesterov": use_nesterov, "update_slots": update_slots, "multiply_linear_by_lr": multiply_linear_by_lr,
        }  # fmt: skip
        if signature.indices is not None:
            flags["repeated"] = repeated
        return apply(signature, k, inputs, flags)

    run.__name__ = op_type
    # So that a recording can put updates of one kind together.
    run.signature = signature  # type: ignore[attr-defined]
    kernel(op_type, state=True, infer=_infer(signature))(run)


def _define_all() -> None:
    for rule in RULES.values():
        for how, apply in (("Apply", _dense), ("SparseApply", _sparse)):
            for op_type in (f"{how}{rule.kind}", f"Resource{how}{rule.kind}"):
                try:
                    op_def(op_type)
                except LookupError:
                    continue  # TensorFlow has not every form of every kind
                _define(op_type, rule, apply)


_define_all()
