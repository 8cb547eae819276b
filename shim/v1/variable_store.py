"""The named variables of a graph: where `tf.get_variable` finds again what it made."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import (
    add_to_collection,
    add_to_collections,
    colocate_with,
    get_collection,
    get_collection_ref,
)
from onevar.core.dtype import DType, as_dtype
from onevar.core.dtype import float32 as default_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.graph_keys import GraphKeys
from onevar.v1.lazy_tensor import LazyTensor
from onevar.v1.partitioned_variable import (
    PartitionedVariable,
    PartitionInfo,
    count_slices,
    partitions_of,
    sizes_of,
    slices_of,
)
from onevar.v1.scope_object import AUTO_REUSE
from onevar.v1.variable_enums import (
    VariableAggregation,
    VariableSynchronization,
    validate_synchronization_aggregation_trainable,
)
from onevar.v1.variable_initial import bound, default_initializer, takes
from onevar.v1.variable_proto import SaveSliceInfo
from onevar.v1.variables import (
    is_resource_variable,
    keep_regularizer,
    make_variable,
    resource_variables_enabled,
)

_STORE_KEY = ("__variable_store",)
_AUTO = VariableSynchronization.AUTO
_NONE = VariableAggregation.NONE


class VariableStore:
    """Variables by their full names.

    Attributes:
        vars: Name to Variable; the parts of partitioned ones too.
        partitioned: Name to PartitionedVariable.
        eager: Whether what is made eagerly is kept as well.
    """

    def __init__(self) -> None:
        self.vars: dict[str, Any] = {}
        self.partitioned: dict[str, PartitionedVariable] = {}
        self.eager = False

    @property
    def _vars(self) -> dict[str, Any]:
        return self.vars

    @property
    def _partitioned_vars(self) -> dict[str, PartitionedVariable]:
        return self.partitioned

    def get_variable(
        self, name: str, shape: Any = None, dtype: Any = default_dtype, initializer: Any = None,
        regularizer: Any = None, reuse: Any = None, trainable: bool | None = None, collections: Any = None,
        caching_device: Any = None, partitioner: Any = None, validate_shape: bool = True,
        use_resource: bool | None = None, custom_getter: Any = None, constraint: Any = None,
        synchronization: Any = _AUTO, aggregation: Any = _NONE,
    ) -> Any:  # fmt: skip
        """Return the variable of that full name, made now if `reuse` lets it be; see `tf.get_variable`.

        Raises:
            ValueError: `reuse` forbids what would happen, or the variable that exists is another one.
            RuntimeError: Reuse is asked for eagerly without a store that keeps variables.
        """
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        if executing_eagerly():
            use_resource = True
            if not self.eager and reuse:
                raise RuntimeError(
                    "When eager execution is enabled variable reuse is only supported when an EagerVariableStore is "
                    "active. See the documentation on EagerVariableStore for example usage."
                )
            reuse = AUTO_REUSE if self.eager else reuse
        dtype = getattr(dtype, "base_dtype", dtype)
        synchronization, aggregation, trainable = validate_synchronization_aggregation_trainable(
            synchronization, aggregation, trainable, name
        )
        # Their order is the one in which custom getters may take them by position.
        options: dict[str, Any] = {
            "name": name, "shape": shape, "dtype": dtype, "initializer": initializer, "regularizer": regularizer,
            "reuse": reuse, "trainable": trainable, "collections": collections, "caching_device": caching_device,
            "partitioner": partitioner, "validate_shape": validate_shape, "use_resource": use_resource,
            "synchronization": synchronization, "aggregation": aggregation,
        }  # fmt: skip
        if custom_getter is None:
            return self._true_getter(**options, constraint=constraint)
        if takes(custom_getter, "constraint"):
            options["constraint"] = constraint
        return custom_getter(getter=self._true_getter, **options)

    def _true_getter(
        self, name: str, shape: Any = None, dtype: Any = default_dtype, initializer: Any = None,
        regularizer: Any = None, reuse: Any = None, trainable: bool | None = None, collections: Any = None,
        caching_device: Any = None, partitioner: Any = None, validate_shape: bool = True,
        use_resource: bool | None = None, constraint: Any = None, synchronization: Any = _AUTO,
        aggregation: Any = _NONE,
    ) -> Any:  # fmt: skip
        """What custom getters get as their first argument."""
        options = {
            "shape": shape, "dtype": dtype, "initializer": initializer, "regularizer": regularizer, "reuse": reuse,
            "trainable": trainable, "collections": collections, "caching_device": caching_device,
            "validate_shape": validate_shape, "use_resource": use_resource, "constraint": constraint,
            "synchronization": synchronization, "aggregation": aggregation,
        }  # fmt: skip
        is_scalar = isinstance(shape, Sequence) and not shape
        if partitioner is not None and not is_scalar:
            if not callable(partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
            with name_scope(None):
                return self.get_partitioned(name, partitioner, **options)
        if reuse is True and partitioner is None and name in self.partitioned:
            return self.get_partitioned(name, None, **options)
        if f"{name}/part_0" in self.vars:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was found: "
                f"{name}/part_0. Perhaps a variable of the same name was already created with partitioning?"
            )
        return self._get_single(name, **options)

    # -- one variable ---------------------------------------------------------------------------

    def _get_single(
        self, name: str, shape: Any, dtype: Any, initializer: Any, reuse: Any, regularizer: Any = None,
        partition_info: PartitionInfo | None = None, **options: Any,
    ) -> Any:  # fmt: skip
        from_value = initializer is not None and not callable(initializer)
        if shape is not None and from_value:
            raise ValueError("If initializer is a constant, do not specify shape.")
        dtype = as_dtype(dtype)
        shape = None if shape is None else as_shape(shape)
        if name in self.vars:
            return self._found(name, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). Did you mean to set "
                "reuse=tf.AUTO_REUSE in VarScope?"
            )
        if initializer is None:
            if shape is None:
                raise ValueError(
                    f"Variable {name} did not get an initializer, so its `shape` argument must be specified."
                )
            initializer = default_initializer(name, dtype)
        initial_value, variable_dtype = initializer, None
        if not from_value:
            initial_value, variable_dtype = bound(initializer, shape, dtype, partition_info)
        variable = self._make(name, initial_value, variable_dtype, shape, options)
        if regularizer:
            _regularize(name, variable, regularizer)
        return variable

    def _found(self, name: str, shape: TensorShape | None, dtype: DType, reuse: Any) -> Any:
        found = self.vars[name]
        if reuse is False:
            raise ValueError(_already_there(name, found))
        if shape is not None and not shape.is_compatible_with(found.get_shape()):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {shape} and found shape {found.get_shape()}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype {found.dtype.name}."
            )
        return found

    def _make(self, name: str, initial_value: Any, dtype: Any, shape: Any, options: dict[str, Any]) -> Any:
        use_resource = options.pop("use_resource")
        if use_resource is None:
            use_resource = resource_variables_enabled()
        variable = make_variable(
            initial_value=initial_value, name=name, dtype=dtype, shape=shape, use_resource=use_resource, **options
        )
        eager = executing_eagerly()
        if eager and self.eager:
            add_to_collections(options["collections"] or [GraphKeys.GLOBAL_VARIABLES], variable)
            if options["trainable"]:
                add_to_collection(GraphKeys.TRAINABLE_VARIABLES, variable)
        if not eager or self.eager:
            self.vars[name] = variable
        return variable

    # -- partitioned ones -----------------------------------------------------------------------

    def get_partitioned(
        self, name: str, partitioner: Any, shape: Any, dtype: Any, initializer: Any, reuse: Any, **options: Any
    ) -> PartitionedVariable:
        """Return the partitioned variable of that full name, made now if `reuse` lets it be.

        Args:
            name: The full name.
            partitioner: What says how many slices there are; None takes those that are there.
            shape: Of the whole.
            dtype: Of the whole.
            initializer: Called for each part; a value is cut into the parts.
            reuse: As for `get_variable`.
            **options: The rest of what `get_variable` takes.

        Raises:
            ValueError: `reuse` forbids what would happen, or the variable that exists is another one.
        """
        if name in self.vars:
            raise ValueError(
                f"A partitioner was provided, but an unpartitioned version of the variable was found: {name}.  "
                "Perhaps a variable of the same name was already created without partitioning?"
            )
        shape = as_shape(shape)
        if isinstance(initializer, Tensor):
            shape = shape.merge_with(initializer.get_shape())
        partitions = partitions_of(partitioner, shape, dtype) if not reuse or partitioner else None
        if name in self.partitioned:
            return self._found_partitioned(name, shape, dtype, partitions, reuse)
        if reuse is True or partitions is None:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did you mean "
                "to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
            )
        self._check_parts(name, count_slices(partitions)[1])
        parts = [
            self._part(name, number, offset, size, shape, dtype, initializer, {**options, "reuse": reuse})
            for number, (offset, size) in enumerate(slices_of(sizes_of(shape), partitions))
        ]
        whole = PartitionedVariable(name=name, shape=shape, dtype=dtype, variable_list=parts, partitions=partitions)
        if not executing_eagerly() or self.eager:
            self.partitioned[name] = whole
        return whole

    def _found_partitioned(
        self, name: str, shape: TensorShape, dtype: Any, partitions: Any, reuse: Any
    ) -> PartitionedVariable:
        if reuse is False:
            raise ValueError(
                f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope?"
            )
        found, dtype = self.partitioned[name], as_dtype(dtype)
        trying = f"Trying to reuse partitioned variable {name}, but specified"
        if not shape.is_compatible_with(found.get_shape()):
            raise ValueError(f"{trying} shape {shape} and found shape {found.get_shape()}.")
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(f"{trying} dtype {dtype.name} and found dtype {found.dtype.name}.")
        if partitions is not None and found._get_partitions() != partitions:
            raise ValueError(f"{trying} partitions {partitions} and found partitions {found._get_partitions()}.")
        return found

    def _check_parts(self, name: str, count: int) -> None:
        """Raise ValueError where parts of another partitioning of the name are there."""
        if f"{name}/part_0" not in self.vars:
            return
        problem = (
            "Partitioner returned a different partitioning than what was already found.  Partitioner returned "
            f"{count} shards, and shard {name}/part_0 was found, but"
        )
        if f"{name}/part_{count - 1}" not in self.vars:
            raise ValueError(f"{problem} {name}/part_{count - 1} was not.")
        if f"{name}/part_{count}" in self.vars:
            raise ValueError(f"{problem} so was the extra shard {name}/part_{count}.")

    def _part(
        self, name: str, number: int, offset: list[int], size: list[int], shape: TensorShape, dtype: Any,
        initializer: Any, options: dict[str, Any],
    ) -> Any:  # fmt: skip
        full_name, part_shape = f"{name}/part_{number}", None
        with name_scope(f"{full_name}/PartitionedInitializer"):
            if initializer is None:
                initializer = default_initializer(name, as_dtype(dtype))
            if callable(initializer):
                part_shape = size
            else:
                if not isinstance(initializer, Tensor):
                    initializer = convert_to_tensor(initializer, dtype=dtype)
                initializer = _sliced(initializer, offset, size)
                dtype = initializer.dtype.base_dtype
        info = PartitionInfo(full_shape=sizes_of(shape), var_offset=offset)
        with name_scope(None):
            part = self._get_single(
                full_name, shape=part_shape, dtype=dtype, initializer=initializer, partition_info=info, **options
            )
        part._set_save_slice_info(SaveSliceInfo(name, sizes_of(shape), offset, size))
        return part

    _get_partitioned_variable = get_partitioned


def _sliced(value: Tensor, offset: list[int], size: list[int]) -> Tensor:
    from onevar.v1.array_ops_index import slice_  # only partitioned values need it

    return slice_(value, offset, size)


def _already_there(name: str, variable: Any) -> str:
    message = (
        f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
        "VarScope?"
    )
    if is_resource_variable(variable):
        return message
    places = traceback.format_list([(*place, None) for place in variable.op.traceback[:5]])
    return f"{message} Originally defined at:\n\n{''.join(places)}"


def _regularize(name: str, variable: Any, regularizer: Callable) -> None:
    """Put the regularizer's loss among the losses; TensorFlow builds it again at every use."""

    def loss() -> Any:
        with colocate_with(variable), name_scope(f"{name}/Regularizer/"):
            return regularizer(variable)

    if regularizer(variable) is not None:
        lazy = LazyTensor(loss)
        add_to_collection(GraphKeys.REGULARIZATION_LOSSES, lazy)
        keep_regularizer(variable, regularizer, lazy._as_graph_element())


def default_variable_store() -> VariableStore:
    """Return the store of the default graph."""
    found = get_collection(_STORE_KEY)
    if found:
        return found[0]
    store = VariableStore()
    add_to_collection(_STORE_KEY, store)
    return store


@contextmanager
def with_variable_store(store: VariableStore) -> Iterator[None]:
    """Use `store` in the default graph inside the `with` block.

    Args:
        store: Where variables are looked up and kept.
    """
    stores = get_collection_ref(_STORE_KEY)
    before = list(stores)
    stores[:] = [store]
    try:
        yield
    finally:
        stores[:] = before


class EagerVariableStore:
    """Keeps variables that are made eagerly, so that `tf.get_variable` finds them again.

    Args:
        store: The store of another one, to share it.

    Raises:
        ValueError: `store` does not keep what is made eagerly.
    """

    def __init__(self, store: VariableStore | None = None):
        if store is not None and not store.eager:
            raise ValueError(
                "Cannot construct EagerVariableStore from a VariableStore object that does not hold eager variables."
            )
        self._store = VariableStore() if store is None else store
        self._store.eager = True

    def as_default(self) -> Any:
        """Return a context in which `tf.get_variable` uses this store."""
        return with_variable_store(self._store)

    def variables(self) -> list:
        """Return all variables, by name."""
        return sorted(self._store.vars.values(), key=lambda variable: variable.name)

    def trainable_variables(self) -> list:
        """Return the trainable ones."""
        return [variable for variable in self.variables() if variable.trainable]

    def non_trainable_variables(self) -> list:
        """Return the others."""
        return [variable for variable in self.variables() if not variable.trainable]

    def copy(self) -> "EagerVariableStore":
        """Return a store with copies of the variables, by the same names."""
        other = EagerVariableStore()
        for key, variable in self._store.vars.items():
            other._store.vars[key] = make_variable(
                initial_value=variable.read_value(),
                name=variable.name.partition(":")[0],
                trainable=variable.trainable,
                use_resource=True,
            )
        return other
