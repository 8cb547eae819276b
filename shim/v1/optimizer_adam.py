"""`tf.train.AdamOptimizer`."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.core.build import op
from onevar.core.default_graph import colocate_with, control_dependencies
from onevar.core.operation import IndexedSlices
from onevar.v1.export import export
from onevar.v1.grouping_ops import group
from onevar.v1.init_scopes import init_scope
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.optimizer_base import Optimizer, current_graph
from onevar.v1.state_ops import assign, assign_sub


@export("train.AdamOptimizer")
class AdamOptimizer(Optimizer):
    """Adam, as TensorFlow writes it: `variable -= rate * m / (sqrt(v) + epsilon)`.

    `rate` is `learning_rate * sqrt(1 - beta2 ** steps) / (1 - beta1 ** steps)`, so `epsilon` is the paper's "epsilon
    hat". A sparse gradient decays `m` and `v` of all rows, and moves all rows.

    Args:
        learning_rate: A number, a tensor, or a function that returns one.
        beta1: How much of `m` stays; the same.
        beta2: How much of `v` stays; the same.
        epsilon: The same.
        use_locking: Accepted.
        name: Of the scope of what it makes, and of the slots.
        use_own_namescope_for_non_slot_vars: Whether `beta1_power` and `beta2_power` get a variable scope of that name.
    """

    _slot_inputs = {"m": "m", "v": "v"}

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
        use_locking: bool = False, name: str = "Adam", use_own_namescope_for_non_slot_vars: bool = False,
    ):  # fmt: skip
        super().__init__(use_locking, name, use_own_namescope_for_non_slot_vars)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._lr_t: Any = None
        self._beta1_t: Any = None
        self._beta2_t: Any = None
        self._epsilon_t: Any = None

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        """Return the variables that hold `beta1` and `beta2` to the power of the number of steps."""
        with init_scope():
            graph = current_graph()
            return (
                self._get_non_slot_variable("beta1_power", graph=graph),
                self._get_non_slot_variable("beta2_power", graph=graph),
            )

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        # With the first by name, so that it does not depend on the order in which they are given.
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(initial_value=self._beta1, name="beta1_power", colocate_with=first)
        self._create_non_slot_variable(initial_value=self._beta2, name="beta2_power", colocate_with=first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self) -> None:
        given = [self._call_if_callable(value) for value in (self._lr, self._beta1, self._beta2, self._epsilon)]
        names = ("learning_rate", "beta1", "beta2", "epsilon")
        tensors = [self._given(value, name) for value, name in zip(given, names, strict=True)]
        self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t = tensors

    def _kind(self) -> str:
        return "Adam"

    def _hyper(self) -> dict[str, Any]:
        beta1_power, beta2_power = self._get_beta_accumulators()
        return {
            "beta1_power": beta1_power, "beta2_power": beta2_power, "lr": self._lr_t, "beta1": self._beta1_t,
            "beta2": self._beta2_t, "epsilon": self._epsilon_t,
        }  # fmt: skip

    # -- rows -----------------------------------------------------------------------------------

    def _apply_sparse_shared(self, grad: Any, var: Any, indices: Any, scatter_add: Callable[..., Any]) -> Any:
        """Return what updates a variable whose gradient is of rows.

        Args:
            grad: The rows' gradients.
            var: The variable.
            indices: Which rows.
            scatter_add: `scatter_add(slot, indices, rows)` adds to a slot, and returns what it holds then.
        """
        own = var.dtype.base_dtype
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = (cast(value, own) for value in self._hyper().values())
        rate = lr * op("Sqrt", x=1 - beta2_power) / (1 - beta1_power)
        m = self.get_slot(var, "m")
        rows = grad * (1 - beta1)
        decayed = assign(m, m * beta1, use_locking=self._use_locking)
        with control_dependencies([] if decayed is None else [decayed]):
            new_m = scatter_add(m, indices, rows)
        v = self.get_slot(var, "v")
        rows = (grad * grad) * (1 - beta2)
        decayed = assign(v, v * beta2, use_locking=self._use_locking)
        with control_dependencies([] if decayed is None else [decayed]):
            new_v = scatter_add(v, indices, rows)
        root = op("Sqrt", x=new_v)
        done = assign_sub(var, rate * new_m / (root + epsilon), use_locking=self._use_locking)
        return group(done, new_m, new_v)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        def added(slot: Any, indices: Any, rows: Any) -> Any:
            return op("ScatterAdd", ref=slot, indices=indices, updates=rows, use_locking=self._use_locking)

        return self._apply_sparse_shared(grad.values, var, grad.indices, added)

    def _resource_scatter_add(self, x: Any, i: Any, v: Any) -> Any:
        """Add rows to a resource variable, and return what it holds then.

        Args:
            x: The variable.
            i: Which rows.
            v: What is added.
        """
        done = op("ResourceScatterAdd", resource=x.handle, indices=i, updates=v)
        with control_dependencies([] if done is None else [done]):
            return x.value()

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return self._apply_sparse_shared(grad, handle, indices, self._resource_scatter_add)

    # -- the end of a step ----------------------------------------------------------------------

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        with control_dependencies([done for done in update_ops if done is not None]):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with colocate_with(beta1_power):
                powers = [
                    beta1_power.assign(beta1_power * self._beta1_t, use_locking=self._use_locking),
                    beta2_power.assign(beta2_power * self._beta2_t, use_locking=self._use_locking),
                ]
        return group(*update_ops, *powers, name=name_scope)
