"""Keras's StatelessScope beside onevar's: what one of them says of a `keras.Variable` holds for who asks the other.

So a loss of v1 that is computed at once may read a Keras model through Keras, and be differentiated by views of its
variables; what Keras assigns meanwhile (moving averages, the state of seeds) is known.
"""

from typing import Any

import keras

from onevar import scopes


class Beside(keras.StatelessScope):
    """What is opened with a `onevar.StatelessScope`.

    Args:
        ours: That scope.
    """

    def __init__(self, ours: scopes.StatelessScope):
        kept = [v for v in ours.variables() if v._cell.keeper is not None]
        mapping = [(v._cell.keeper, ours.state_mapping[id(v._cell)]) for v in kept]
        super().__init__(state_mapping=mapping, initialize_variables=ours.initialize_variables)
        self._ours = ours
        self._updated: dict[int, Any] = {}

    def get_current_value(self, variable: Any) -> Any:
        """Return what a `keras.Variable` reads as inside; None if that is its own value.

        Args:
            variable: The `keras.Variable`.
        """
        self._ours.watch(variable)
        value = super().get_current_value(variable)
        outer = self.original_scope
        return outer.get_current_value(variable) if value is None and outer is not None else value

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Make a variable read as a value from now on.

        Args:
            update: The `keras.Variable` and the value.
        """
        self._updated[id(update[0])] = update[0]
        super().add_update(update)

    def updated(self) -> list[Any]:
        """Return the variables that were assigned inside."""
        return list(self._updated.values())


scopes.BESIDE.append(Beside)
