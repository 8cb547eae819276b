"""Optimizers of `tf.contrib.opt` around others: decoupled weight decay, averages of the variables."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.operation import IndexedSlices
from onevar.v1.array_ops_index import gather
from onevar.v1.export import export
from onevar.v1.grouping_ops import group, no_op
from onevar.v1.moving_averages import ExponentialMovingAverage
from onevar.v1.optimizer_adam import AdamOptimizer
from onevar.v1.optimizer_base import Optimizer
from onevar.v1.optimizer_descent import MomentumOptimizer
from onevar.v1.saver import Saver
from onevar.v1.variable_collections import global_variables
from onevar.v1.variables import is_resource_variable


@export("contrib.opt.DecoupledWeightDecayExtension")
class DecoupledWeightDecayExtension:
    """Makes variables smaller by a factor before each update; to be inherited from before an optimizer.

    Args:
        weight_decay: What part of a variable is taken away: a number, a tensor, or a function that returns one.
        **kwargs: The optimizer's.
    """

    _use_locking: bool

    def __init__(self, weight_decay: Any, **kwargs: Any):
        self._decay_var_list: Any = None
        self._weight_decay = weight_decay
        self._weight_decay_tensor: Any = None
        super().__init__(**kwargs)

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = Optimizer.GATE_OP,
        aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
        grad_loss: Any = None, decay_var_list: Any = None,
    ) -> Any:  # fmt: skip
        """Return an operation that makes one step; arguments as for `Optimizer.minimize`.

        Args:
            loss: As there.
            global_step: As there.
            var_list: As there.
            gate_gradients: As there.
            aggregation_method: As there.
            colocate_gradients_with_ops: As there.
            name: As there.
            grad_loss: As there.
            decay_var_list: Which variables decay; None is all.
        """
        pairs = self.compute_gradients(  # type: ignore[attr-defined]
            loss, var_list=var_list, gate_gradients=gate_gradients, aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops, grad_loss=grad_loss,
        )  # fmt: skip
        return self.apply_gradients(pairs, global_step=global_step, name=name, decay_var_list=decay_var_list)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None, decay_var_list: Any = None
    ) -> Any:
        """Return an operation that updates variables; arguments as for `Optimizer.apply_gradients`.

        Args:
            grads_and_vars: As there.
            global_step: As there.
            name: As there.
            decay_var_list: Which variables decay; None is all.
        """
        self._decay_var_list = {var.ref() for var in decay_var_list} if decay_var_list else None
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)  # type: ignore[misc]

    def _prepare(self) -> None:
        decay = self._weight_decay
        self._weight_decay_tensor = convert_to_tensor(decay() if callable(decay) else decay, name="weight_decay")
        super()._prepare()  # type: ignore[misc]

    def _decays(self, var: Any) -> bool:
        return self._decay_var_list is None or var.ref() in self._decay_var_list

    def _decay_weights_op(self, var: Any) -> Any:
        """Return what decays a whole variable.

        Args:
            var: The variable.
        """
        return var.assign_sub(self._weight_decay * var, self._use_locking) if self._decays(var) else no_op()

    def _decay_weights_sparse_op(self, var: Any, indices: Any, scatter_add: Callable[..., Any]) -> Any:
        """Return what decays rows of a variable.

        Args:
            var: The variable.
            indices: Which rows.
            scatter_add: What adds to rows.
        """
        if not self._decays(var):
            return no_op()
        return scatter_add(var, indices, -self._weight_decay * gather(var, indices))

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        with _after(self._decay_weights_op(var)):
            return super()._apply_dense(grad, var)  # type: ignore[misc]

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        with _after(self._decay_weights_op(handle)):
            return super()._resource_apply_dense(grad, handle)  # type: ignore[misc]

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        with _after(self._decay_weights_sparse_op(var, grad.indices, self._added)):
            return super()._apply_sparse(grad, var)  # type: ignore[misc]

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        with _after(self._decay_weights_sparse_op(handle, indices, self._added)):
            return super()._resource_apply_sparse(grad, handle, indices)  # type: ignore[misc]

    def _added(self, var: Any, indices: Any, rows: Any) -> Any:
        if is_resource_variable(var):
            return op("ResourceScatterAdd", resource=var.handle, indices=indices, updates=rows)
        return op("ScatterAdd", ref=var, indices=indices, updates=rows, use_locking=self._use_locking)


def _after(done: Any) -> Any:
    return control_dependencies([] if done is None else [done])


@export("contrib.opt.extend_with_decoupled_weight_decay")
def extend_with_decoupled_weight_decay(base_optimizer: type) -> type:
    """Return the class of an optimizer with decoupled weight decay, whose first argument is `weight_decay`.

    Args:
        base_optimizer: The class of an optimizer.
    """

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):  # type: ignore[misc, valid-type]
        """See `extend_with_decoupled_weight_decay`."""

        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any):
            self._decay_var_list = None
            self._weight_decay = weight_decay
            self._weight_decay_tensor = None
            super(DecoupledWeightDecayExtension, self).__init__(*args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


@export("contrib.opt.MomentumWOptimizer")
class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """`MomentumOptimizer` with decoupled weight decay.

    Args:
        weight_decay: As for `DecoupledWeightDecayExtension`.
        learning_rate: As for `MomentumOptimizer`, like the others.
        momentum: As there.
        use_locking: As there.
        name: As there.
        use_nesterov: As there.
    """

    def __init__(
        self, weight_decay: Any, learning_rate: Any, momentum: Any, use_locking: bool = False,
        name: str = "MomentumW", use_nesterov: bool = False,
    ):  # fmt: skip
        super().__init__(
            weight_decay, learning_rate=learning_rate, momentum=momentum, use_locking=use_locking, name=name,
            use_nesterov=use_nesterov,
        )  # fmt: skip


@export("contrib.opt.AdamWOptimizer")
class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """`AdamOptimizer` with decoupled weight decay.

    Args:
        weight_decay: As for `DecoupledWeightDecayExtension`.
        learning_rate: As for `AdamOptimizer`, like the others.
        beta1: As there.
        beta2: As there.
        epsilon: As there.
        use_locking: As there.
        name: As there.
    """

    def __init__(
        self, weight_decay: Any, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999,
        epsilon: Any = 1e-8, use_locking: bool = False, name: str = "AdamW",
    ):  # fmt: skip
        super().__init__(
            weight_decay, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon,
            use_locking=use_locking, name=name,
        )  # fmt: skip


@export("contrib.opt.MovingAverageOptimizer")
class MovingAverageOptimizer(Optimizer):
    """Keeps moving averages of what another optimizer optimizes.

    Args:
        opt: The other optimizer.
        average_decay: How much of the old average stays.
        num_updates: As for `tf.train.ExponentialMovingAverage`.
        sequential_update: Whether the averages are updated after the variables.
    """

    def __init__(self, opt: Any, average_decay: Any = 0.9999, num_updates: Any = None, sequential_update: bool = True):
        self._optimizer = opt
        self._ema = ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._swapped_variable_name_map: dict[str, str] | None = None
        self._sequential_update = sequential_update

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Do what the other optimizer's does."""
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:  # type: ignore[override]
        """Return an operation that updates variables and averages; arguments as for `Optimizer.apply_gradients`."""
        pairs = list(grads_and_vars)
        done = self._optimizer.apply_gradients(pairs, global_step=global_step, name=name)
        variables = [var for grad, var in pairs if grad is not None]
        with control_dependencies([done] if self._sequential_update else []):
            averaged = self._ema.apply(variables)
        names = [(var.op.name, self._ema.average(var).op.name) for var in variables]
        self._swapped_variable_name_map = {**dict(names), **{own: other for other, own in names}}
        return group(done, averaged, name="train_with_avg")

    def get_slot(self, var: Any, name: str) -> Any:
        """Return the other optimizer's."""
        return self._optimizer.get_slot(var, name)

    def get_slot_names(self) -> list[str]:
        """Return the other optimizer's."""
        return self._optimizer.get_slot_names()

    def swapping_saver(self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any) -> Saver:
        """Return a Saver that writes averages under the names of their variables, and the other way round.

        Args:
            var_list: As for `tf.train.Saver`; None is all global variables.
            name: Of the Saver's operations.
            **kwargs: The Saver's.

        Raises:
            RuntimeError: There are no averages yet.
            ValueError: An average is not among `var_list`.
        """
        swapped = self._swapped_variable_name_map
        if swapped is None:
            raise RuntimeError("Must call apply_gradients or minimize before creating the swapping_saver")
        given: Any = global_variables() if var_list is None else var_list
        named = dict(given) if isinstance(given, dict) else _named(given)
        missing = [swapped[own] for own in named if own in swapped and swapped[own] not in named]
        if missing:
            raise ValueError(
                f"Variable to swap {missing[0]} is not part of variables to save. This breaks MovingAverageOptimizer."
            )
        return Saver({own: named[swapped.get(own, own)] for own in named}, name=name, **kwargs)


def _named(variables: Sequence[Any]) -> dict[str, Any]:
    return {var.op.name: var for var in variables}
