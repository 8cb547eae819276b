"""Moving averages: `tf.train.ExponentialMovingAverage` and the updates that it is made of."""

from contextlib import ExitStack
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import (
    add_to_collection,
    colocate_with,
    device,
    get_collection,
    get_default_graph,
)
from onevar.core.name_scope import name_scope
from onevar.core.stand_ins import all_ours, ours
from onevar.v1.common import dtype_of
from onevar.v1.export import export
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.grouping_ops import group
from onevar.v1.init_ops import zeros_initializer
from onevar.v1.init_scopes import init_scope
from onevar.v1.math_ops_elementwise import cast, divide
from onevar.v1.math_ops_elementwise import truediv as as_floats
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.slot_creator import create_slot, create_zeros_slot, initialized_value
from onevar.v1.state_ops import assign, assign_add, assign_sub
from onevar.v1.variable_scopes import get_variable, variable_scope
from onevar.v1.variables import Variable

_FLOATS = (dtypes.bfloat16, dtypes.float16, dtypes.float32, dtypes.float64)
_STORAGE = ("Variable", "VariableV2", "VarHandleOp")


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """Return what moves `variable` to `variable * decay + value * (1 - decay)`.

    Args:
        variable: A Variable.
        value: A tensor of its shape.
        decay: A float, or a scalar tensor.
        zero_debias: Whether the variable was zero at first, so that it has to be scaled by `1 - decay ** updates`.
        name: Of the operation.
    """
    with name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        rate = convert_to_tensor(1.0 - decay, name="decay")
        own = variable.dtype.base_dtype
        if dtype_of(rate) != own:
            rate = cast(rate, own)
        if zero_debias:
            return _debiased(variable, value, rate)
        with colocate_with(variable):
            return assign_sub(variable, (variable - value) * rate, name=scope)


def _unused(name: str) -> str:
    """Return `name` with `_1`, ... where the current variable scope has such a variable and does not reuse it."""
    scope = get_variable_scope()
    if scope.reuse:
        return name
    taken = {variable.op.name for variable in scope.global_variables()}
    number, candidate = 0, name
    while f"{scope.name}/{candidate}" in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _debiased(variable: Any, value: Any, rate: Any) -> Any:
    """Return the update of a variable that was zero at first, through a biased one and a count of updates."""
    own = variable.name[: -len(":0")]
    with variable_scope(own, values=[variable, value, rate]), colocate_with(variable):
        zeros = zeros_initializer()
        biased = get_variable(
            _unused("biased"), initializer=zeros, shape=variable.get_shape(), dtype=variable.dtype, trainable=False
        )
        steps = get_variable(_unused("local_step"), shape=[], dtype=variable.dtype, initializer=zeros, trainable=False)
    with colocate_with(variable):
        new_biased = assign_sub(biased, (biased - value) * rate)
        new_steps = assign_add(steps, 1)
        factor = 1 - op("Pow", x=1.0 - rate, y=new_steps)
        return assign(variable, new_biased / factor, name=f"{get_default_graph().get_name_scope()}/")


def weighted_moving_average(
    value: Any, decay: Any, weight: Any, truediv: bool = True, collections: Any = None, name: str | None = None
) -> Any:
    """Return what updates the moving averages of `value * weight` and of `weight`, and then divides them.

    Args:
        value: A tensor.
        decay: A float, or a scalar tensor.
        weight: A tensor that can be multiplied with `value`.
        truediv: Whether integers are divided as floats.
        collections: What the two variables join; `[GraphKeys.GLOBAL_VARIABLES]` if None.
        name: Of the variable scope.
    """
    collections = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    with variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:

        def average(own_name: str, of: Any) -> Any:
            return get_variable(
                own_name, shape=of.get_shape(), dtype=of.dtype, initializer=zeros_initializer(),
                trainable=False, collections=collections,
            )  # fmt: skip

        products, weights = average("value_x_weight", value), average("weight", weight)
        numerator = assign_moving_average(products, value * weight, decay, zero_debias=False)
        denominator = assign_moving_average(weights, weight, decay, zero_debias=False)
        quotient = as_floats if truediv else divide
        return quotient(numerator, denominator, name=scope.name)


@export("train.ExponentialMovingAverage")
class ExponentialMovingAverage:
    """Keeps moving averages of variables in shadow variables.

    Args:
        decay: How much of the old average stays at an update: a float, or a scalar tensor.
        num_updates: A count of updates; the decay is at most `(1 + num_updates) / (10 + num_updates)` then.
        zero_debias: Whether averages of tensors, which begin as zero, are scaled to make up for that.
        name: Of the shadow variables, below their variables.
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ):
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        """The name of the shadow variables."""
        return self._name

    def apply(self, var_list: Any = None) -> Any:
        """Return an operation that updates the averages of `var_list`; shadow variables are made at the first call.

        Args:
            var_list: Variables or tensors; None is all trainable variables.

        Raises:
            TypeError: One is not of floats, or is no Variable in eager mode.
        """
        if var_list is None:
            var_list = get_collection(GraphKeys.TRAINABLE_VARIABLES)
        var_list = all_ours(var_list)
        debias = set()
        for variable in var_list:
            if executing_eagerly() and not isinstance(variable, Variable):
                raise TypeError(
                    "tf.train.ExponentialMovingAverage does not support non-Variable tensors when eager execution is "
                    "enabled."
                )
            if variable.dtype.base_dtype not in _FLOATS:
                raise TypeError(f"The variables must be half, float, or double: {variable.name}")
            if variable.ref() not in self._averages:
                with init_scope():
                    average = self._shadow(variable)
                if self._zero_debias and not isinstance(variable, Variable):
                    debias.add(average.ref())
                self._averages[variable.ref()] = average
        with name_scope(self.name) as scope:
            decay = self._current_decay()
            updates = []
            for variable in var_list:
                average = self._averages[variable.ref()]
                updates.append(assign_moving_average(average, variable, decay, average.ref() in debias))
            return group(*updates, name=scope)

    def _shadow(self, variable: Any) -> Any:
        if not isinstance(variable, Variable):
            colocate = variable.op.type in _STORAGE
            return create_zeros_slot(variable, self.name, colocate_with_primary=colocate)
        with ExitStack() as stack:
            if variable.device:
                stack.enter_context(device(variable.device))
            value = initialized_value(variable)
        average = create_slot(variable, value, self.name, colocate_with_primary=True)
        add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, variable)
        return average

    def _current_decay(self) -> Any:
        decay = convert_to_tensor(self._decay, dtype=dtypes.float32, name="decay")
        if self._num_updates is None:
            return decay
        count = cast(self._num_updates, dtypes.float32, name="num_updates")
        return op("Minimum", x=decay, y=(1.0 + count) / (10.0 + count))

    def average(self, var: Any) -> Any:
        """Return the Variable that holds the average of `var`, or None.

        Args:
            var: A Variable.
        """
        return self._averages.get(ours(var).ref())

    def average_name(self, var: Any) -> str:
        """Return the name of the Variable that holds, or would hold, the average of `var`.

        Args:
            var: A Variable.
        """
        var = ours(var)
        average = self._averages.get(var.ref())
        if average is not None:
            return average.name[: -len(":0")]
        return get_default_graph().unique_name(f"{var.name[: -len(':0')]}/{self.name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Return names in a checkpoint to variables: for those with an average, its name.

        Args:
            moving_avg_variables: Those with an average; None is all trainable ones, and those that have one.
        """
        if moving_avg_variables is None:
            moving_avg_variables = [
                *get_collection(GraphKeys.TRAINABLE_VARIABLES), *get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES),
            ]  # fmt: skip
        averaged = list({variable.ref(): variable for variable in moving_avg_variables}.values())
        names = {self.average_name(variable): variable for variable in averaged}
        done = {variable.name for variable in averaged}
        for variable in get_collection(GraphKeys.GLOBAL_VARIABLES):
            if variable.name not in done and variable.op.name not in names:
                names[variable.op.name] = variable
        return names
