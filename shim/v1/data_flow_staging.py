"""Staging areas: `tf.contrib.staging.StagingArea`, and the one with keys."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from onevar.core.build import op
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import colocate_with, get_default_graph
from onevar.core.dtype import as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape, unknown_shape
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.data_flow_arguments import as_list
from onevar.v1.export import export, exported
from onevar.v1.grouping_ops import no_op


class BaseStagingArea:
    """What staging areas have in common.

    Args:
        dtypes: Of the components.
        shapes: Of the components, or None.
        names: Of the components, or None: with names elements are dictionaries.
        shared_name: Areas of one name are the same in a Session; None makes one.
        capacity: How many elements there is room for; 0 for any number.
        memory_limit: How many bytes; 0 for any number.

    Raises:
        ValueError: There are not as many shapes or names as dtypes, or `shared_name` is no string.
    """

    def __init__(
        self, dtypes: Sequence[Any], shapes: Any = None, names: Any = None, shared_name: str | None = None,
        capacity: int = 0, memory_limit: int = 0,
    ):  # fmt: skip
        if shared_name is None:
            self._name = get_default_graph().unique_name(type(self).__name__)
        elif isinstance(shared_name, str):
            self._name = shared_name
        else:
            raise ValueError(f"shared_name must be a string, got {shared_name}")
        self._dtypes = [as_dtype(dtype) for dtype in dtypes]
        if shapes is not None and len(shapes) != len(self._dtypes):
            raise ValueError("StagingArea shapes must be the same length as dtypes")
        self._shapes = [TensorShape(s) for s in shapes] if shapes is not None else [unknown_shape() for _ in dtypes]
        if names is not None and len(names) != len(self._dtypes):
            raise ValueError("StagingArea names must be the same length as dtypes")
        self._names = names
        self._capacity = capacity
        self._memory_limit = memory_limit
        # What belongs together is on one device.
        with name_scope(f"{self._name}_root", None):
            self._coloc_op = no_op()

    @property
    def name(self) -> str:
        """The name of the area."""
        return self._name

    @property
    def dtypes(self) -> list[Any]:
        """The dtypes of the components."""
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        """The shapes of the components."""
        return self._shapes

    @property
    def names(self) -> Any:
        """The names of the components, or None."""
        return self._names

    @property
    def capacity(self) -> int:
        """How many elements there is room for."""
        return self._capacity

    @property
    def memory_limit(self) -> int:
        """How many bytes there is room for."""
        return self._memory_limit

    def _checked(self, values: Any, indices: Any) -> tuple[list[Any], list[int]]:
        """Return the tensors to put in, and which components they are.

        Raises:
            ValueError: They are not the area's.
        """
        if isinstance(values, dict):
            if not self._names:
                raise ValueError("Staging areas must have names to enqueue a dictionary")
            if not set(values).issubset(self._names):
                raise ValueError(
                    "Keys in dictionary to put do not match names of staging area. "
                    f"Dictionary: {sorted(values)}Queue: {sorted(self._names)}"
                )
            indices = [i for i, name in enumerate(self._names) if name in values]
            values = [values[self._names[i]] for i in indices]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a staging area with names")
        if indices is None:
            raise ValueError("Indices must be supplied when inserting a list of tensors")
        if len(indices) != len(values):
            raise ValueError(f"Number of indices {len(indices)} doesn't match number of values {len(values)}")
        if len(values) > len(self._dtypes):
            raise ValueError(f"Unexpected number of inputs {len(values)} vs {len(self._dtypes)}")
        return [self._component(value, i) for value, i in zip(values, indices, strict=True)], list(indices)

    def _component(self, value: Any, index: int) -> Any:
        if dtype_of(value) != self._dtypes[index]:
            raise ValueError(
                f"Datatypes do not match. Received val.dtype {dtype_of(value)} and dtype {self._dtypes[index]}"
            )
        shape_of(value).assert_is_compatible_with(self._shapes[index])
        return convert_to_tensor(value, dtype=self._dtypes[index], name=f"component_{index}")

    def _together(self) -> AbstractContextManager[Any]:
        return nullcontext() if executing_eagerly() else colocate_with(self._coloc_op)

    def _room(self) -> dict[str, Any]:
        return {"shared_name": self._name, "capacity": self._capacity, "memory_limit": self._memory_limit}

    def _transferred(self, made: Any) -> list[Any]:
        """Return tensors on the device that is asked for here."""
        tensors = as_list(made)
        if not executing_eagerly() and no_op().device != self._coloc_op.device:
            return [exported("identity")(tensor) for tensor in tensors]
        return tensors

    def _returned(self, made: Any, indices: Sequence[int]) -> Any:
        tensors = self._transferred(made)
        if not executing_eagerly():
            for tensor, index in zip(tensors, indices, strict=True):
                tensor.set_shape(self._shapes[index])
        if self._names:
            return {self._names[index]: tensor for tensor, index in zip(tensors, indices, strict=True)}
        return tensors


@export("contrib.staging.StagingArea", "python.ops.data_flow_ops.StagingArea")
class StagingArea(BaseStagingArea):
    """Holds what is computed ahead, one after the other; see `tf.contrib.staging.StagingArea`.

    Args:
        dtypes: As for `BaseStagingArea`.
        shapes: As for `BaseStagingArea`.
        names: As for `BaseStagingArea`.
        shared_name: As for `BaseStagingArea`.
        capacity: As for `BaseStagingArea`.
        memory_limit: As for `BaseStagingArea`.
    """

    def put(self, values: Any, name: str | None = None) -> Any:
        """Return an operation that puts an element in.

        Args:
            values: A tensor, a list or tuple of them, or a dictionary.
            name: Of the operation.

        Raises:
            ValueError: They are not the area's components.
        """
        with name_scope(name, f"{self._name}_put", as_list(values)) as scope:
            if not isinstance(values, list | tuple | dict):
                values = [values]
            tensors, _ = self._checked(values, list(range(len(values))))
            with self._together():
                return op("Stage", values=tensors, name=scope, **self._room())

    def _got(self, kind: str, name: str, **inputs: Any) -> Any:
        with self._together():
            made = op(kind, dtypes=self._dtypes, name=name, **inputs, **self._room())
        return self._returned(made, range(len(self._dtypes)))

    def get(self, name: str | None = None) -> Any:
        """Return the oldest element, which is taken out; waits while there is none.

        Args:
            name: Of the operation.
        """
        return self._got("Unstage", name or f"{self._name}_get")

    def peek(self, index: Any, name: str | None = None) -> Any:
        """Return the element at an index; waits until there are as many.

        Args:
            index: From the oldest on.
            name: Of the operation.
        """
        return self._got("StagePeek", name or f"{self._name}_peek", index=index)

    def size(self, name: str | None = None) -> Any:
        """Return how many elements there are.

        Args:
            name: Of the operation.
        """
        return op("StageSize", dtypes=self._dtypes, name=name or f"{self._name}_size", **self._room())

    def clear(self, name: str | None = None) -> Any:
        """Return an operation that forgets all elements.

        Args:
            name: Of the operation.
        """
        return op("StageClear", dtypes=self._dtypes, name=name or f"{self._name}_clear", **self._room())


@export("python.ops.data_flow_ops.MapStagingArea")
class MapStagingArea(BaseStagingArea):
    """Holds what is computed ahead, by keys; elements may be put in and taken out in parts.

    Args:
        dtypes: As for `BaseStagingArea`.
        shapes: As for `BaseStagingArea`.
        names: As for `BaseStagingArea`.
        shared_name: As for `BaseStagingArea`.
        ordered: Whether the smallest key is the first.
        capacity: As for `BaseStagingArea`.
        memory_limit: As for `BaseStagingArea`.
    """

    def __init__(
        self, dtypes: Sequence[Any], shapes: Any = None, names: Any = None, shared_name: str | None = None,
        ordered: bool = False, capacity: int = 0, memory_limit: int = 0,
    ):  # fmt: skip
        super().__init__(dtypes, shapes, names, shared_name, capacity, memory_limit)
        self._kind = "OrderedMap" if ordered else "Map"

    def put(self, key: Any, vals: Any, indices: Any = None, name: str | None = None) -> Any:
        """Return an operation that puts components of an element in.

        Args:
            key: Of the element, an int64.
            vals: A list or tuple of tensors, or a dictionary.
            indices: Which components; a dictionary says it itself.
            name: Of the operation.

        Raises:
            ValueError: They are not the area's components.
        """
        with name_scope(name, f"{self._name}_put", as_list(vals)) as scope:
            tensors, places = self._checked(vals, indices)
            with self._together():
                return op(
                    f"{self._kind}Stage", key=key, indices=places, values=tensors, dtypes=self._dtypes, name=scope,
                    **self._room(),
                )  # fmt: skip

    def _places(self, indices: Any) -> tuple[list[int], list[Any]]:
        if indices is None:
            indices = list(range(len(self._dtypes)))
        if not isinstance(indices, tuple | list):
            raise TypeError(f"Invalid indices type {type(indices)}")
        if len(indices) == 0:
            raise ValueError("Empty indices")
        if all(isinstance(i, str) for i in indices):
            indices = self._named(indices)
        elif not all(isinstance(i, int) for i in indices):
            raise TypeError(f"Mixed types in indices {indices}. May only be str or int")
        return list(indices), [self._dtypes[i] for i in indices]

    def _named(self, indices: Sequence[str]) -> list[int]:
        if self._names is None:
            raise ValueError(f"String indices provided {indices}, but this Staging Area was not created with names.")
        try:
            return [self._names.index(name) for name in indices]
        except ValueError:
            raise ValueError(f"Named index not in Staging Area names {self._names}") from None

    def peek(self, key: Any, indices: Any = None, name: str | None = None) -> Any:
        """Return components of an element; waits until it is there.

        Args:
            key: Of the element.
            indices: Which components, by number or name; None for all.
            name: Of the operation.
        """
        places, dtypes = self._places(indices)
        with self._together():
            made = op(
                f"{self._kind}Peek", key=key, indices=places, dtypes=dtypes, name=name or f"{self._name}_pop",
                **self._room(),
            )  # fmt: skip
        return self._returned(made, places)

    def get(self, key: Any = None, indices: Any = None, name: str | None = None) -> tuple[Any, Any]:
        """Return a key, and components of its element, which are taken out; waits until it is there.

        Args:
            key: Of the element; None for any.
            indices: Which components, by number or name; None for all.
            name: Of the operation.
        """
        places, dtypes = self._places(indices)
        common = {"indices": places, "dtypes": dtypes, **self._room()}
        if key is not None:
            with self._together():
                made = op(f"{self._kind}Unstage", key=key, name=name or f"{self._name}_get", **common)
            return key, self._returned(made, places)
        with self._together():
            found, made = op(f"{self._kind}UnstageNoKey", name=name or f"{self._name}_get_nokey", **common)
        return self._transferred(found)[0], self._returned(made, places)

    def _asked(self, kind: str, name: str) -> Any:
        return op(f"{self._kind}{kind}", dtypes=self._dtypes, name=name, **self._room())

    def size(self, name: str | None = None) -> Any:
        """Return how many elements are complete.

        Args:
            name: Of the operation.
        """
        return self._asked("Size", name or f"{self._name}_size")

    def incomplete_size(self, name: str | None = None) -> Any:
        """Return how many elements are not complete.

        Args:
            name: Of the operation.
        """
        return self._asked("IncompleteSize", name or f"{self._name}_incomplete_size")

    def clear(self, name: str | None = None) -> Any:
        """Return an operation that forgets all elements.

        Args:
            name: Of the operation.
        """
        return self._asked("Clear", name or f"{self._name}_clear")
