"""What a layer holds: its variables, the losses and updates that it added, and what can be asked about them."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar import config
from onevar.core import nest
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Operation
from onevar.core.session import get_default_session
from onevar.errors import Unsupported
from onevar.v1.common import is_tensor, shape_of
from onevar.v1.keras_regularizers import get as regularizer_of
from onevar.v1.layers_call import RUNNING, depends_on, is_symbolic
from onevar.v1.variables import keep_regularizer


class LayerState:
    """The part of `tf.layers.Layer` that is about its state; see there."""

    _name: str
    built: bool

    def _init_state(self, trainable: Any, dtype: Any, options: dict[str, Any]) -> None:
        self._trainable = trainable
        self._stateful = False
        self._input_spec: Any = None
        self.supports_masking = False
        self._activity_regularizer = regularizer_of(options.get("activity_regularizer"))
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._updates: list[Any] = []
        self._losses: list[Any] = []
        self._callable_losses: list[Callable[[], Any]] = []
        # By identity: on what a loss or update was said to depend; None is on nothing in particular.
        self._conditions: dict[int, Any] = {}
        self._dtype_name: str | None = None if dtype is None else as_dtype(dtype).name
        self._initial_weights = options.get("weights")

    # -- settings ---------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The layer's name, which is not the name of its scope."""
        return self._name

    @property
    def dtype(self) -> str | None:
        """The name of the dtype of its variables; None until the first input says."""
        return self._dtype_name

    @property
    def _dtype(self) -> str | None:
        return self._dtype_name

    @_dtype.setter
    def _dtype(self, value: Any) -> None:
        self._dtype_name = as_dtype(value).name

    @property
    def trainable(self) -> Any:
        """Whether its variables are trained and its updates are to be run."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: Any) -> None:
        self._trainable = value

    @property
    def stateful(self) -> bool:
        """Whether it has updates even when it is not trainable."""
        return self._stateful

    @stateful.setter
    def stateful(self, value: bool) -> None:
        self._stateful = value

    @property
    def dynamic(self) -> bool:
        """Whether it can only run eagerly: never."""
        return False

    @property
    def activity_regularizer(self) -> Any:
        """A function of the outputs whose value is added to the losses."""
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer: Any) -> None:
        self._activity_regularizer = regularizer

    @property
    def input_spec(self) -> Any:
        """An `InputSpec`, or several: what the inputs have to be."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for spec in nest.flatten(value):
            if spec is not None and "InputSpec" not in type(spec).__name__:
                raise TypeError(f"Layer input_spec must be an instance of InputSpec. Got: {spec}")
        self._input_spec = value

    # -- variables --------------------------------------------------------------------------------

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that are trained."""
        return _once(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The variables that are not trained; all of them if the layer is not trainable."""
        if self.trainable:
            return _once(self._non_trainable_weights)
        return _once(self._trainable_weights + self._non_trainable_weights)

    @property
    def weights(self) -> list[Any]:
        """All variables, the trained ones first."""
        return _once(self.trainable_weights + self.non_trainable_weights)

    @property
    def variables(self) -> list[Any]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    def count_params(self) -> int:
        """Return how many numbers its variables hold.

        Raises:
            ValueError: It is not built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. You can build it "
                f"manually via: `{self.name}.build(batch_input_shape)`."
            )
        return sum(math.prod(size or 0 for size in shape_of(weight).as_list()) for weight in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Return the values of its variables, in a graph those of the default session.

        Raises:
            Unsupported: There is no default session.
        """
        if executing_eagerly():
            return [weight.numpy() for weight in self.weights]
        return self._session("get_weights").run(self.weights)

    def set_weights(self, weights: list[Any]) -> None:
        """Give its variables values, in a graph in the default session.

        Args:
            weights: Arrays, in the order of `weights`.

        Raises:
            ValueError: They are not as many, or of other shapes.
            Unsupported: There is no default session.
        """
        mine = self.weights
        if len(mine) != len(weights):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a weight list of length '
                f"{len(weights)}, but the layer was expecting {len(mine)} weights. Provided weights: "
                f"{str(weights)[:50]}..."
            )
        for variable, value in zip(mine, weights, strict=True):
            shape = getattr(value, "shape", ())
            if not variable.shape.is_compatible_with(shape):
                raise ValueError(
                    f"Layer weight shape {variable.shape} not compatible with provided weight shape {shape}"
                )
        if executing_eagerly():
            for variable, value in zip(mine, weights, strict=True):
                variable.assign(value)
            return
        session = self._session("set_weights")
        for variable, value in zip(mine, weights, strict=True):
            variable.load(value, session)

    def _session(self, what: str) -> Any:
        session = get_default_session()
        if session is None:
            raise Unsupported(
                f"{self.name}.{what}(): there is no default session that holds the values. Call it inside "
                "`with tf.Session() as session:` or `with session.as_default():`."
            )
        return session

    # -- losses and updates -----------------------------------------------------------------------

    def add_loss(self, losses: Any, inputs: Any = None) -> list[Any]:
        """Add tensors to the layer's losses.

        Args:
            losses: Tensors, or functions without arguments that make one each time `losses` is read.
            inputs: What they depend on; None says that they hold whatever the inputs are.

        Returns:
            The tensors, as they are in the graph now.
        """
        added = []
        for loss in nest.flatten(losses):
            if loss is None:
                continue
            if callable(loss):
                function = functools.partial(self._tagged, loss, inputs)
                self._callable_losses.append(function)
                if not executing_eagerly():
                    added.append(function())
                continue
            tensor = self._tagged(loss, inputs)
            if is_symbolic(tensor):
                self._losses.append(tensor)
                added.append(tensor)
        return [loss for loss in added if loss is not None]

    def _tagged(self, loss: Any, inputs: Any) -> Any:
        if callable(loss):
            loss = loss()
        if loss is None:
            return None
        if not is_tensor(loss):
            loss = convert_to_tensor(loss, dtype=config.floatx())
        self._conditions[id(loss)] = inputs
        return loss

    @property
    def losses(self) -> list[Any]:
        """The losses; those of functions are made now."""
        made = [function() for function in self._callable_losses]
        return self._losses + [loss for loss in made if loss is not None]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that depend on `inputs`.

        Args:
            inputs: Tensors; None asks for those that depend on none.
        """
        losses = self.losses
        if inputs is None:
            return [loss for loss in losses if self._conditions.get(id(loss)) is None]
        return [
            loss for loss in losses if self._conditions.get(id(loss)) is not None and depends_on(loss, inputs)
        ]  # fmt: skip

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Add operations that have to run beside a training step.

        Args:
            updates: Operations, tensors, or functions without arguments that return one.
            inputs: Not looked at: what an update depends on is found in the graph.
        """
        updates = list(updates) if isinstance(updates, list | tuple) else [updates]
        relevant = RUNNING.inputs if RUNNING.depth else ()
        for update in updates:
            while callable(update):
                update = update()
            if executing_eagerly():
                continue
            operation = update if isinstance(update, Operation) else getattr(update, "op", None)
            operation = convert_to_tensor(update) if operation is None else operation
            self._conditions[id(operation)] = relevant
            self._updates.append(operation)

    @property
    def updates(self) -> list[Any]:
        """The updates; none if the layer is not trainable."""
        return list(self._updates) if self.trainable or self.stateful else []

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Return the updates that depend on `inputs`.

        Args:
            inputs: Tensors; None asks for those that depend on no inputs.
        """
        conditional = {id(update): depends_on(update, self._conditions[id(update)]) for update in self.updates}
        if inputs is None:
            return [update for update in self.updates if not conditional[id(update)]]
        return [update for update in self.updates if conditional[id(update)] and depends_on(update, inputs)]

    def _regularize(self, name: str, variable: Any, regularizer: Callable[[Any], Any]) -> None:
        """Add the losses of a variable, one for each part of a partitioned one."""

        def loss_of(part: Any) -> Any:
            with name_scope(f"{name}/Regularizer"):
                loss = regularizer(part)
            keep_regularizer(part, regularizer, loss)
            return loss

        for part in parts_of(variable):
            self.add_loss(functools.partial(loss_of, part))

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        if self._activity_regularizer:
            from onevar.v1 import layers_activity  # few layers have one

            with name_scope("ActivityRegularizer"):
                for output in nest.flatten(outputs):
                    self.add_loss(layers_activity.mean_loss(self._activity_regularizer, output), inputs=inputs)

    # -- connections: only Keras's own models have them -------------------------------------------

    @property
    def input(self) -> Any:
        """What it is connected to in a Keras model: nothing."""
        raise AttributeError(f"Layer {self.name} is not connected, no input to return.")

    @property
    def output(self) -> Any:
        """Its outputs in a Keras model: nothing."""
        raise AttributeError(f"Layer {self.name} has no inbound nodes.")

    @property
    def input_shape(self) -> Any:
        """The shape of its input in a Keras model: nothing."""
        raise AttributeError(
            f'The layer "{self.name}" has never been called and thus has no defined input shape. Note that the '
            "`input_shape` property is only available for Functional and Sequential models."
        )

    @property
    def output_shape(self) -> Any:
        """The shape of its output in a Keras model: nothing."""
        raise AttributeError("The layer has never been called and thus has no defined output shape.")

    # -- configuration ----------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make a layer like this one."""
        return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a layer made with what `get_config` returned.

        Args:
            config: The arguments.
        """
        return cls(**config)


def parts_of(variable: Any) -> list[Any]:
    """Return the parts of a partitioned variable, or the variable alone.

    Args:
        variable: Of either kind.
    """
    return list(variable) if hasattr(variable, "_get_variable_list") else [variable]


def _once(weights: list[Any]) -> list[Any]:
    return list({id(weight): weight for weight in weights}.values())
