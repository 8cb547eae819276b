"""Optimizers of `tf.contrib.opt` that are variations on TensorFlow's own."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import colocate_with, control_dependencies
from onevar.core.operation import IndexedSlices
from onevar.v1.array_ops_index import gather
from onevar.v1.export import export
from onevar.v1.grouping_ops import group
from onevar.v1.math_ops_elementwise import abs_, cast, sign
from onevar.v1.optimizer_adam import AdamOptimizer
from onevar.v1.optimizer_base import Optimizer, current_graph
from onevar.v1.optimizer_targets import apply
from onevar.v1.state_ops import assign
from onevar.v1.variables import is_resource_variable


def _scattered(what: str, var: Any, indices: Any, rows: Any, locking: bool) -> Any:
    """Return the variable after rows of it were updated."""
    if not is_resource_variable(var):
        return op(f"Scatter{what}", ref=var, indices=indices, updates=rows, use_locking=locking)
    done = op(f"ResourceScatter{what}", resource=var.handle, indices=indices, updates=rows)
    with control_dependencies([] if done is None else [done]):
        return var.value()


@export("contrib.opt.LazyAdamOptimizer")
class LazyAdamOptimizer(AdamOptimizer):
    """Adam whose sparse updates change the named rows only, slots included; arguments as for `AdamOptimizer`."""

    def _apply_sparse_shared(self, grad: Any, var: Any, indices: Any, scatter_add: Callable[..., Any]) -> Any:
        own, locking = var.dtype.base_dtype, self._use_locking
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = (cast(value, own) for value in self._hyper().values())
        rate = lr * op("Sqrt", x=1 - beta2_power) / (1 - beta1_power)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        new_m = beta1 * gather(m, indices) + (1 - beta1) * grad
        new_v = beta2 * gather(v, indices) + (1 - beta2) * op("Square", x=grad)
        done_m = _scattered("Update", m, indices, new_m, locking)
        done_v = _scattered("Update", v, indices, new_v, locking)
        moved = rate * new_m / (op("Sqrt", x=new_v) + epsilon)
        return group(_scattered("Sub", var, indices, moved, locking), done_m, done_v)


@export("contrib.opt.NadamOptimizer")
class NadamOptimizer(AdamOptimizer):
    """Adam with Nesterov's momentum; arguments as for `AdamOptimizer`."""

    def _applied(self, grad: Any, var: Any, indices: Any = None) -> Any:
        flags = {**self._flags(), "use_nesterov": True}
        return apply("Adam", self._variables_of(var), self._hyper(), grad, indices, **flags)

    def _apply_sparse_shared(self, grad: Any, var: Any, indices: Any, scatter_add: Callable[..., Any]) -> Any:
        own, locking = var.dtype.base_dtype, self._use_locking
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = (cast(value, own) for value in self._hyper().values())
        rate = lr * op("Sqrt", x=1 - beta2_power) / (1 - beta1_power)
        parts = []
        for name, decay, rows in (("m", beta1, grad * (1 - beta1)), ("v", beta2, (grad * grad) * (1 - beta2))):
            slot = self.get_slot(var, name)
            decayed = assign(slot, slot * decay, use_locking=locking)
            with control_dependencies([] if decayed is None else [decayed]):
                parts.append((scatter_add(slot, indices, rows), rows))
        (new_m, rows), (new_v, _) = parts
        ahead = rows + beta1 * gather(new_m, indices)
        moved = -rate * ahead / (op("Sqrt", x=gather(new_v, indices)) + epsilon)
        return group(scatter_add(var, indices, moved), ahead, new_v)


@export("contrib.opt.AdaMaxOptimizer")
class AdaMaxOptimizer(AdamOptimizer):
    """Adam with the largest gradient so far, decayed, in place of the mean square.

    Args:
        learning_rate: A number, a tensor, or a function that returns one.
        beta1: How much of `m` stays.
        beta2: How much of `v` stays.
        epsilon: Added to `v`.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
        use_locking: bool = False, name: str = "AdaMax",
    ):  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _get_beta_accumulators(self) -> Any:
        return self._get_non_slot_variable("beta1_power", graph=current_graph())

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(initial_value=self._beta1, name="beta1_power", colocate_with=first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _kind(self) -> str:
        return "AdaMax"

    def _hyper(self) -> dict[str, Any]:
        return {
            "beta1_power": self._get_beta_accumulators(), "lr": self._lr_t, "beta1": self._beta1_t,
            "beta2": self._beta2_t, "epsilon": self._epsilon_t,
        }  # fmt: skip

    def _apply_sparse_shared(self, grad: Any, var: Any, indices: Any, scatter_add: Callable[..., Any]) -> Any:
        own, locking = var.dtype.base_dtype, self._use_locking
        beta1_power, lr, beta1, beta2, epsilon = (cast(value, own) for value in self._hyper().values())
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        new_m = gather(m, indices) * beta1 + grad * (1 - beta1)
        done_m = _scattered("Update", m, indices, new_m, locking)
        new_v = op("Maximum", x=gather(v, indices) * beta2, y=abs_(grad))
        done_v = _scattered("Update", v, indices, new_v, locking)
        moved = -lr / (1 - beta1_power) * (new_m / (new_v + epsilon))
        return group(scatter_add(var, indices, moved), done_m, done_v)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        with control_dependencies([done for done in update_ops if done is not None]):
            power = self._get_beta_accumulators()
            with colocate_with(power):
                done = power.assign(power * self._beta1_t, use_locking=self._use_locking)
        return group(*update_ops, done, name=name_scope)


class _SignOptimizer(Optimizer):
    """What optimizers share that compare the signs of the gradient and of its average."""

    _slot_inputs = {"m": "m"}

    def __init__(
        self, learning_rate: Any, own: Any, own_name: str, beta: Any, sign_decay_fn: Callable | None,
        use_locking: bool, name: str,
    ):  # fmt: skip
        super().__init__(use_locking, name)
        self._lr, self._own, self._own_name, self._beta = learning_rate, own, own_name, beta
        self._sign_decay_fn = sign_decay_fn
        self._lr_t: Any = None
        self._own_t: Any = None
        self._beta_t: Any = None
        self._sign_decay_t: Any = None

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """Return an operation that updates variables; arguments as for `Optimizer.apply_gradients`."""
        if self._sign_decay_fn is not None:
            self._sign_decay_t = convert_to_tensor(self._sign_decay_fn(global_step), name="sign_decay")
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "m", self._name)

    def _prepare(self) -> None:
        self._lr_t = convert_to_tensor(self._lr, name="learning_rate")
        self._beta_t = convert_to_tensor(self._beta, name="beta")
        self._own_t = convert_to_tensor(self._own, name=self._own_name)
        if self._sign_decay_fn is None:
            self._sign_decay_t = convert_to_tensor(1.0, name="sign_decay")

    def _hyper(self) -> dict[str, Any]:
        return {
            "lr": self._lr_t, self._own_name: self._own_t, "sign_decay": self._sign_decay_t, "beta": self._beta_t
        }  # fmt: skip

    def _scale(self, own: Any, agreement: Any) -> Any:
        raise NotImplementedError

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        dtype, m = var.dtype.base_dtype, self.get_slot(var, "m")
        lr, own, decay, beta = (cast(value, dtype) for value in self._hyper().values())
        new_m = assign(m, m * beta + convert_to_tensor(grad) * (1 - beta), use_locking=self._use_locking)
        agreement = gather(sign(new_m), grad.indices) * sign(grad.values)
        moved = lr * self._scale(own, decay * agreement) * grad.values
        return group(_scattered("Sub", var, grad.indices, moved, self._use_locking), new_m)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._apply_sparse(IndexedSlices(grad, indices, handle.get_shape().as_list()), handle)


@export("contrib.opt.AddSignOptimizer")
class AddSignOptimizer(_SignOptimizer):
    """`variable -= learning_rate * (alpha + sign_decay * sign(g) * sign(m)) * g`, where `m` is the average of `g`.

    Args:
        learning_rate: A number, or a tensor.
        alpha: See the formula.
        beta: How much of the average stays.
        sign_decay_fn: A function of the global step.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.
    """

    def __init__(
        self, learning_rate: Any = 0.1, alpha: Any = 1.0, beta: Any = 0.9, sign_decay_fn: Callable | None = None,
        use_locking: bool = False, name: str = "AddSignOptimizer",
    ):  # fmt: skip
        super().__init__(learning_rate, alpha, "alpha", beta, sign_decay_fn, use_locking, name)

    def _kind(self) -> str:
        return "AddSign"

    def _scale(self, own: Any, agreement: Any) -> Any:
        return own + agreement


@export("contrib.opt.PowerSignOptimizer")
class PowerSignOptimizer(_SignOptimizer):
    """`variable -= learning_rate * base ** (sign_decay * sign(g) * sign(m)) * g`, where `m` is the average of `g`.

    Args:
        learning_rate: A number, or a tensor.
        base: See the formula.
        beta: How much of the average stays.
        sign_decay_fn: A function of the global step.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.
    """

    def __init__(
        self, learning_rate: Any = 0.1, base: float = math.e, beta: Any = 0.9, sign_decay_fn: Callable | None = None,
        use_locking: bool = False, name: str = "PowerSignOptimizer",
    ):  # fmt: skip
        super().__init__(learning_rate, math.log(base), "logbase", beta, sign_decay_fn, use_locking, name)

    def _kind(self) -> str:
        return "PowerSign"

    def _scale(self, own: Any, agreement: Any) -> Any:
        return op("Exp", x=own * agreement)
