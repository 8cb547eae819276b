"""Barriers: elements whose components come one by one, and leave together."""

from typing import Any

from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape, unknown_shape
from onevar.v1.data_flow_arguments import as_shape_list, as_type_list
from onevar.v1.export import export


@export("python.ops.data_flow_ops.Barrier")
class Barrier:
    """Collects components by key; see `tensorflow.python.ops.data_flow_ops.Barrier`.

    Args:
        types: The dtypes of the components.
        shapes: Of the components, or None.
        shared_name: Barriers of one name are the same in a Session.
        name: Of the operation.

    Raises:
        ValueError: A shape has no elements.
    """

    def __init__(self, types: Any, shapes: Any = None, shared_name: str | None = None, name: str = "barrier"):
        self._types = as_type_list(types)
        self._shapes = as_shape_list(shapes) if shapes is not None else [unknown_shape() for _ in self._types]
        for i, shape in enumerate(self._shapes or ()):
            if shapes is not None and shape.num_elements() == 0:
                raise ValueError(f"Empty tensors are not supported, but received shape '{shape}' at index {i}")
        self._barrier_ref = op(
            "Barrier", component_types=self._types, shapes=self._shapes, shared_name=shared_name or "", name=name
        )
        ref = self._barrier_ref
        self._name = ref.op.name.split("/")[-1] if isinstance(ref, Tensor) else name

    @property
    def barrier_ref(self) -> Any:
        """The output of the operation that stands for the barrier."""
        return self._barrier_ref

    @property
    def name(self) -> str:
        """The name of that operation."""
        return self._barrier_ref.op.name if isinstance(self._barrier_ref, Tensor) else self._name

    def insert_many(self, component_index: int, keys: Any, values: Any, name: str | None = None) -> Any:
        """Return an operation that gives elements one of their components.

        Args:
            component_index: Which.
            keys: Of the elements.
            values: One row for each.
            name: Of the operation.
        """
        return op(
            "BarrierInsertMany", handle=self._barrier_ref, keys=keys, values=values, component_index=component_index,
            name=name or f"{self._name}_BarrierInsertMany",
        )  # fmt: skip

    def take_many(
        self, num_elements: Any, allow_small_batch: bool = False, timeout: int | None = None, name: str | None = None
    ) -> Any:
        """Return complete elements: the order of their beginning, their keys, and their components.

        Args:
            num_elements: How many.
            allow_small_batch: Whether fewer will do once the barrier is closed.
            timeout: Not used, as in TensorFlow.
            name: Of the operation.
        """
        indices, keys, values = op(
            "BarrierTakeMany", handle=self._barrier_ref, num_elements=num_elements, component_types=self._types,
            allow_small_batch=allow_small_batch, timeout_ms=-1 if timeout is None else timeout,
            name=name or f"{self._name}_BarrierTakeMany",
        )  # fmt: skip
        if isinstance(keys, Tensor):
            known = None if allow_small_batch else constant_value(keys.op.inputs[1])
            batch = TensorShape([None if known is None else int(known)])
            indices.set_shape(batch)
            keys.set_shape(batch)
            for value, shape in zip(values, self._shapes or (), strict=True):
                value.set_shape(batch.concatenate(shape))
        return indices, keys, values

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Any:
        """Return an operation after which no new elements begin.

        Args:
            cancel_pending_enqueues: Whether those that have begun are not completed any more.
            name: Of the operation.
        """
        return op(
            "BarrierClose", handle=self._barrier_ref, cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_BarrierClose",
        )  # fmt: skip

    def ready_size(self, name: str | None = None) -> Any:
        """Return how many elements are complete.

        Args:
            name: Of the operation.
        """
        return op("BarrierReadySize", handle=self._barrier_ref, name=name or f"{self._name}_BarrierReadySize")

    def incomplete_size(self, name: str | None = None) -> Any:
        """Return how many elements are not complete.

        Args:
            name: Of the operation.
        """
        name = name or f"{self._name}_BarrierIncompleteSize"
        return op("BarrierIncompleteSize", handle=self._barrier_ref, name=name)
