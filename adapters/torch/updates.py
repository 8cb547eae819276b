"""Updates of optimizers by torch's own fused optimizer kernels: one call for all variables of a step.

They compute what TensorFlow's kernels do once the arguments are right: Adam's bias correction is part of the rate that
it is given, and the number of steps so large that torch's own correction is none.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

Tensors = Sequence[torch.Tensor]
Hyper = Mapping[str, Any]

# Private; without them the rules are computed operation by operation.
_fused_adam = getattr(torch, "_fused_adam_", None)
_fused_sgd = getattr(torch, "_fused_sgd_", None)
_fused_adagrad = getattr(torch, "_fused_adagrad_", None)

#: More steps than any power of a number below one outlives.
_FOREVER = 1e9


def _dense(tensors: Tensors) -> list[torch.Tensor]:
    """The kernels go through memory in order."""
    return [x if x.is_contiguous() else x.contiguous() for x in tensors]


def _steps(like: Tensors) -> list[torch.Tensor]:
    step = torch.tensor(_FOREVER, device=like[0].device)
    return [step] * len(like)


def _number(value: Any) -> Any:
    """A hyperparameter as a number; on an accelerator, where that would wait for it, as it is."""
    return value.item() if isinstance(value, torch.Tensor) and value.is_cpu else value


def _adam(state: Sequence[Tensors], grads: Tensors, hyper: Hyper) -> bool:
    h = {name: _number(value) for name, value in hyper.items()}
    beta1, beta2, epsilon = h["beta1"], h["beta2"], h["epsilon"]
    if _fused_adam is None or h["use_nesterov"] or not _below_one(beta1, beta2) or not isinstance(epsilon, float):
        return False
    rate = h["lr"] * (1 - h["beta2_power"]) ** 0.5 / (1 - h["beta1_power"])
    var, m, v = state
    _fused_adam(
        var, _dense(grads), m, v, [], _steps(var), lr=rate, beta1=beta1, beta2=beta2, weight_decay=0.0, eps=epsilon,
        amsgrad=False, maximize=False,
    )  # fmt: skip
    return True


def _below_one(*values: Any) -> bool:
    return all(isinstance(value, float) and 0 <= value < 1 for value in values)


def _gradient_descent(state: Sequence[Tensors], grads: Tensors, hyper: Hyper) -> bool:
    return _descend(state[0], [], grads, _number(hyper["alpha"]), 0.0, False)


def _momentum(state: Sequence[Tensors], grads: Tensors, hyper: Hyper) -> bool:
    rate, momentum = _number(hyper["lr"]), _number(hyper["momentum"])
    if not isinstance(momentum, float) or momentum == 0.0:
        return False  # torch keeps no sum then
    return _descend(state[0], state[1], grads, rate, momentum, hyper["use_nesterov"])


def _descend(var: Tensors, sums: Tensors, grads: Tensors, rate: Any, momentum: float, nesterov: bool) -> bool:
    if _fused_sgd is None:
        return False
    _fused_sgd(
        var, _dense(grads), sums, weight_decay=0.0, momentum=momentum, lr=rate, dampening=0.0, nesterov=nesterov,
        maximize=False, is_first_step=False,
    )  # fmt: skip
    return True


def _adagrad(state: Sequence[Tensors], grads: Tensors, hyper: Hyper) -> bool:
    rate, epsilon = _number(hyper["lr"]), _number(hyper.get("epsilon", 0.0))
    if _fused_adagrad is None or not hyper["update_slots"] or not isinstance(epsilon, float):
        return False
    var, accum = state
    if not (isinstance(rate, float) and var[0].is_cpu):
        return False  # there is no kernel for accelerators everywhere
    _fused_adagrad(
        var, _dense(grads), accum, _steps(var), lr=rate, lr_decay=0.0, weight_decay=0.0, eps=epsilon, maximize=False
    )
    return True


def _rms_prop(state: Sequence[Tensors], grads: Tensors, hyper: Hyper) -> bool:
    h = {name: _number(value) for name, value in hyper.items()}
    rate, rho, momentum, epsilon = h["lr"], h["rho"], h["momentum"], h["epsilon"]
    if not all(isinstance(value, float) for value in (rate, rho, momentum, epsilon)):
        return False
    var, squares, moved = state
    torch._foreach_mul_(squares, rho)
    torch._foreach_addcmul_(squares, grads, grads, 1 - rho)
    roots = torch._foreach_add(squares, epsilon)
    torch._foreach_sqrt_(roots)
    torch._foreach_mul_(moved, momentum)
    torch._foreach_addcdiv_(moved, grads, roots, rate)
    torch._foreach_sub_(var, moved)
    return True


def row_sums(values: torch.Tensor, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sums of the rows that belong to one index, and the indices."""
    unique, places = torch.unique(indices, return_inverse=True)
    if unique.shape[0] == indices.shape[0]:
        return values, indices
    sums = torch.zeros((unique.shape[0], *values.shape[1:]), dtype=values.dtype, device=values.device)
    return sums.index_add_(0, places, values), unique


def _guarded(rule: Callable[..., bool]) -> Callable[..., bool]:
    """Do a rule on contiguous variables of float32 or float64."""

    def update(state: Sequence[Tensors], grads: Tensors, hyper: Hyper) -> bool:
        dtype = state[0][0].dtype
        if dtype is not torch.float32 and dtype is not torch.float64:
            return False
        for tensors in state:
            for x in tensors:
                if not x.is_contiguous():
                    return False
        with torch.no_grad():
            return rule(state, grads, hyper)

    return update


UPDATES: Mapping[str, Callable[..., bool]] = {
    "Adam": _guarded(_adam),
    "GradientDescent": _guarded(_gradient_descent),
    "Momentum": _guarded(_momentum),
    "Adagrad": _guarded(_adagrad),
    "AdagradV2": _guarded(_adagrad),
    "RMSProp": _guarded(_rms_prop),
}
"""See `contract.Adapter.updates`."""
