"""`tf.TensorArray`: tensors that loops write and read one by one."""

from collections.abc import Sequence
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.default_graph import control_dependencies
from onevar.core.dtype import DType, as_dtype
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.array_ops_shape import identity, shape
from onevar.v1.common import shape_of
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import cast
from onevar.v1.math_ops_make import range_
from onevar.v1.tensor_array_eager import EagerArray


@export("TensorArray")
class TensorArray:
    """An array of tensors, of which each is written once and, unless it is told otherwise, read once.

    Its methods that write return a new TensorArray, which stands for what is in it afterwards; the old one is not to
    be used any more.

    Args:
        dtype: Of the elements.
        size: How many there are; a scalar.
        dynamic_size: Whether it grows when something is written behind its end.
        clear_after_read: Whether an element is gone once it is read; None is yes.
        tensor_array_name: Of the array at run time, in messages.
        handle: Of an array that exists, instead of `size`.
        flow: What stands for the contents of the array of `handle`.
        infer_shape: Whether all elements have one shape.
        element_shape: That shape, as far as it is known.
        colocate_with_first_write_call: Accepted: where it lives is the framework's affair.
        name: Of the operation.

    Raises:
        ValueError: Arguments that exclude each other.
        TypeError: `handle` is no tensor.
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, handle: Any = None, flow: Any = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None,
    ):  # fmt: skip
        self._dtype: DType = as_dtype(dtype).base_dtype
        self._eager: EagerArray | None = None
        self._dynamic_size = bool(dynamic_size)
        self._size = size
        self._infer_shape = bool(infer_shape)
        #: One for all that stand for this array.
        self._shapes = [TensorShape(None) if element_shape is None else as_shape(element_shape)]
        self._handle: Any = None
        self._flow: Any = None
        if executing_eagerly():
            self._eager = EagerArray(
                self._dtype, size, self._dynamic_size, clear_after_read is not False, self._infer_shape, self._shapes
            )
            return
        given = {
            "tensor_array_name": tensor_array_name, "size": size, "dynamic_size": dynamic_size,
            "clear_after_read": clear_after_read, "element_shape": element_shape,
        }  # fmt: skip
        _check_given(handle, given)
        if handle is not None:
            self._handle = handle
            self._flow = _flow_of(handle) if flow is None else flow
            return
        with name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            self._handle, made = op(
                "TensorArrayV3", dtype=self._dtype, size=size, element_shape=self._shapes[0],
                identical_element_shapes=bool(infer_shape), dynamic_size=self._dynamic_size,
                clear_after_read=clear_after_read is not False, tensor_array_name=tensor_array_name or "", name=scope,
            )  # fmt: skip
        self._flow = made if flow is None else flow

    # -- what it is --------------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self._dtype

    @property
    def handle(self) -> Any:
        """The tensor that refers to the array; None eagerly."""
        return self._handle

    @property
    def flow(self) -> Any:
        """The tensor that stands for the contents: who uses it comes after the write that made it."""
        return self._flow if self._eager is None else self._eager.flow()

    @property
    def dynamic_size(self) -> bool:
        """Whether it grows."""
        return self._dynamic_size

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the elements' shape."""
        return self._shapes[0]

    def _as_graph_tensors(self) -> list[Any]:
        return [] if self._eager is not None else [self._flow]

    def _from_graph_tensors(self, parts: Sequence[Any]) -> "TensorArray":
        return self if self._eager is not None else self._with(parts[0])

    def _with(self, flow: Any) -> "TensorArray":
        """Return what stands for this array with other contents."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._flow = flow
        return other

    def _merge(self, known: TensorShape) -> None:
        """Take note of an element's shape.

        Raises:
            ValueError: It is not that of the others.
        """
        if not known.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {known} but expected {self.element_shape} ")
        if self._infer_shape:
            self._shapes[0] = self.element_shape.merge_with(known)

    # -- reading -----------------------------------------------------------------------------------

    def identity(self) -> "TensorArray":
        """Return the same array, whose contents come after the control dependencies that hold here."""
        return self if self._eager is not None else self._with(identity(self._flow))

    def read(self, index: Any, name: str | None = None) -> Any:
        """Return the element at `index`.

        Args:
            index: A scalar.
            name: Of the operation.
        """
        if self._eager is not None:
            return self._eager.read(index)
        value = op(
            "TensorArrayReadV3", handle=self._handle, index=index, flow_in=self._flow, dtype=self._dtype, name=name
        )
        if self.element_shape.ndims is not None:
            value.set_shape(self.element_shape)
        return value

    def stack(self, name: str | None = None) -> Any:
        """Return all elements as one tensor.

        Args:
            name: Of the operations.
        """
        if self._eager is not None:
            return self._eager.stack()
        with name_scope(name, "TensorArrayStack", [self._handle]):
            value = self.gather(range_(0, self.size()), name=name)
            known = None if self._dynamic_size or self._size is None else constant_value(self._size)
            if self.element_shape.ndims is not None and known is not None:
                value.set_shape(TensorShape([int(known)]).concatenate(self.element_shape))
            return value

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """Return the elements at several indices as one tensor.

        Args:
            indices: A vector.
            name: Of the operation.
        """
        if self._eager is not None:
            return self._eager.gather(indices)
        known = self.element_shape
        value = op(
            "TensorArrayGatherV3", handle=self._handle, indices=indices, flow_in=self._flow, dtype=self._dtype,
            element_shape=known if known.ndims is not None else TensorShape(None), name=name,
        )  # fmt: skip
        if known.ndims is not None:
            value.set_shape(TensorShape([None]).concatenate(known))
        return value

    def concat(self, name: str | None = None) -> Any:
        """Return the elements one after the other along their first axis.

        Args:
            name: Of the operation.
        """
        if self._eager is not None:
            return self._eager.concat()
        rest = self.element_shape[1:] if self.element_shape.ndims is not None else TensorShape(None)
        value, _ = op(
            "TensorArrayConcatV3", handle=self._handle, flow_in=self._flow, dtype=self._dtype,
            element_shape_except0=rest, name=name,
        )  # fmt: skip
        if self.element_shape.ndims is not None:
            each = self.element_shape.as_list()[0]
            known = constant_value(self.size()) if self._infer_shape else None
            rows = None if known is None or each is None else int(known) * each
            value.set_shape(TensorShape([rows]).concatenate(rest))
        return value

    def size(self, name: str | None = None) -> Any:
        """Return how many elements there are.

        Args:
            name: Of the operation.
        """
        if self._eager is not None:
            return self._eager.size()
        if not self._dynamic_size and self._size is not None:
            return convert_to_tensor(self._size, dtypes.int32)
        return op("TensorArraySizeV3", handle=self._handle, flow_in=self._flow, name=name)

    # -- writing -----------------------------------------------------------------------------------

    def write(self, index: Any, value: Any, name: str | None = None) -> "TensorArray":
        """Write one element.

        Args:
            index: A scalar.
            value: The element.
            name: Of the operations.

        Returns:
            What stands for the array afterwards.

        Raises:
            ValueError: `value` is not shaped like other elements.
        """
        if self._eager is not None:
            self._eager.write(index, value)
            return self
        with name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            value = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._merge(shape_of(value))
            return self._with(
                op("TensorArrayWriteV3", handle=self._handle, index=index, value=value, flow_in=self._flow, name=name)
            )

    def unstack(self, value: Any, name: str | None = None) -> "TensorArray":
        """Write the rows of a tensor, from the first element on.

        Args:
            value: The tensor.
            name: Of the operations.

        Returns:
            What stands for the array afterwards.
        """
        if self._eager is not None:
            self._eager.unstack(value)
            return self
        with name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            return self.scatter(range_(0, shape(value)[0]), value, name=name)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> "TensorArray":
        """Write the rows of a tensor at several indices.

        Args:
            indices: A vector.
            value: The tensor.
            name: Of the operations.

        Returns:
            What stands for the array afterwards.
        """
        if self._eager is not None:
            self._eager.scatter(indices, value)
            return self
        with name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            value = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            if self._infer_shape:
                self._merge(shape_of(value)[1:] if shape_of(value).ndims is not None else TensorShape(None))
            flow = op(
                "TensorArrayScatterV3",
                handle=self._handle,
                indices=indices,
                value=value,
                flow_in=self._flow,
                name=name,
            )
            return self._with(flow)

    def split(self, value: Any, lengths: Any, name: str | None = None) -> "TensorArray":
        """Write consecutive parts of a tensor, from the first element on.

        Args:
            value: The tensor.
            lengths: How long each part is along the first axis; a vector.
            name: Of the operations.

        Returns:
            What stands for the array afterwards.
        """
        if self._eager is not None:
            self._eager.split(value, lengths)
            return self
        with name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            value = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            lengths = cast(lengths, dtypes.int64)
            self._merge_parts(shape_of(value), constant_value(lengths))
            flow = op(
                "TensorArraySplitV3",
                handle=self._handle,
                value=value,
                lengths=lengths,
                flow_in=self._flow,
                name=name,
            )
            return self._with(flow)

    def _merge_parts(self, known: TensorShape, lengths: Any) -> None:
        told = self._infer_shape and known.ndims and lengths is not None and lengths.size
        if told and lengths.max() == lengths.min():
            self._merge(TensorShape([int(lengths.flat[0])]).concatenate(known[1:]))

    def close(self, name: str | None = None) -> Any:
        """Say that the array is not needed any more.

        Args:
            name: Of the operation.
        """
        if self._eager is not None:
            self._eager.close()
            return None
        return op("TensorArrayCloseV3", handle=self._handle, name=name)

    def grad(self, source: str, flow: Any = None, name: str | None = None) -> "TensorArray":
        """Return an array for gradients of this one's elements, as large; what is written to it adds up.

        Args:
            source: Which gradients, where there are several.
            flow: What stands for the contents; None is what it is now.
            name: Of the operation.

        Raises:
            NotImplementedError: Eager execution is on.
        """
        if self._eager is not None:
            raise NotImplementedError(
                "TensorArray.grad is not supported when executing eagerly; eager's gradient implementation does not "
                "use/need this function to compute gradients of operations that use TensorArrays."
            )
        flow = self._flow if flow is None else flow
        with name_scope(name, "TensorArrayGrad", [self._handle]):
            handle, _ = op("TensorArrayGradV3", handle=self._handle, source=source, flow_in=flow, name=name)
            with control_dependencies([handle]):
                flow = identity(flow, name="gradient_flow")
            other = TensorArray(self._dtype, handle=handle, flow=flow, infer_shape=self._infer_shape)
            other._shapes = self._shapes
            return other


def _check_given(handle: Any, given: dict[str, Any]) -> None:
    if handle is None:
        if given["size"] is None:
            raise ValueError("Argument `size` must be provided if handle is not provided.")
        return
    if not isinstance(handle, Tensor):
        raise TypeError(f"Expected `handle` to be a Tensor, but got `{handle}` of type `{type(handle)}` instead.")
    for name, value in given.items():
        if value is not None and value != "":
            both = "both a" if name == "size" else "both"  # as TensorFlow words it
            raise ValueError(f"Cannot provide {both} `handle` and `{name}` arguments at the same time.")


def _flow_of(handle: Tensor) -> Tensor:
    """Return the flow of an array that only its handle is known of: what it begins with."""
    outputs = handle.op.outputs
    if len(outputs) < 2:
        raise ValueError("`flow` must be provided with a `handle` that is not TensorArray's own.")
    return outputs[1]
