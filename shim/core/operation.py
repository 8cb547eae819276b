"""The nodes of a graph and what flows between them, with TensorFlow's attributes and names."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from onevar.core.dtype import DType
from onevar.core.op_defs import OpDef, op_def
from onevar.core.op_errors import NoArrayError, OperatorNotAllowedInGraphError
from onevar.core.spec import Spec
from onevar.core.tensor_shape import TensorShape, as_shape

if TYPE_CHECKING:
    from onevar.core.graph import Graph

_NO_BOOL = (
    "Using a symbolic `tf.Tensor` as a Python `bool` is not allowed: it has no value until a Session runs it. "
    "Use `if t is not None:` instead of `if t:` to test whether a tensor is defined, and tf.cond to choose "
    "by the value of a tensor."
)


class Operation:
    """A node: an op type, its inputs and attributes, and a name that is unique in its graph.

    Attributes:
        graph: The `Graph` that it is part of.
        type: TensorFlow's op type, `"MatMul"`.
        name: `"scope/MatMul_1"`.
        inputs: The tensors that it takes.
        control_inputs: Operations that run before it.
        outputs: The tensors that it makes.
        attrs: By TensorFlow's names; types as `DType`, shapes as `TensorShape`.
        location: `(file, line, function)` of the program's code that made it.
        serial: Its position in the order of creation in its graph.
    """

    # Programs hang things of their own on what they make: `net.W = weights`.
    __slots__ = (
        "__dict__",
        "__weakref__", "_control_flow_context", "attrs", "colocation", "control_inputs", "device", "graph", "inputs",
        "keeper", "kept", "location", "name", "outputs", "serial", "type",
    )  # fmt: skip

    def __init__(
        self,
        graph: "Graph",
        op_type: str,
        name: str,
        inputs: Sequence["Tensor"],
        control_inputs: Sequence["Operation"],
        attrs: dict[str, Any],
        outputs: Sequence[tuple[DType, Spec]],
    ):
        self.graph = graph
        self.type = op_type
        self.name = name
        self.inputs = tuple(inputs)
        self.control_inputs = list(control_inputs)
        self.attrs = attrs
        self.outputs = [Tensor(self, index, dtype, spec) for index, (dtype, spec) in enumerate(outputs)]
        self.device = ""
        self.colocation: tuple[str, ...] = ()
        self.location = _location()
        self.serial = 0
        self.kept: Any = None
        #: Who keeps the value of this storage in place of the Session: `(adapter, operation) -> Slot`, or None.
        self.keeper: Any = None
        self._control_flow_context: Any = None

    @property
    def op_def(self) -> OpDef:
        """TensorFlow's signature of the op type."""
        return op_def(self.type)

    @property
    def node_def(self) -> Any:
        """The operation as a `NodeDef` message.

        Raises:
            FrameworkMissing: The tensorboard package, which has the messages, is not installed.
        """
        from onevar.core.graph_def_export import node_def

        return node_def(self)

    @property
    def traceback(self) -> list[tuple[str, int, str]]:
        """Where the program made this operation: `[(file, line, function)]`."""
        return [self.location] if self.location else []

    def values(self) -> tuple["Tensor", ...]:
        """Return the outputs."""
        return tuple(self.outputs)

    def get_attr(self, name: str) -> Any:
        """Return the attribute `name`.

        Raises:
            ValueError: There is none of that name.
        """
        if name == "_class" and self.colocation:
            return [f"loc:@{other}".encode() for other in self.colocation]
        if name not in self.attrs:
            raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")
        value = self.attrs[name]
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, list):
            return [item.encode() if isinstance(item, str) else item for item in value]
        if isinstance(value, TensorShape | np.ndarray):
            from onevar.core.graph_def import as_attr  # in TensorFlow these are messages

            return as_attr(value)
        return value

    def colocation_groups(self) -> list[bytes]:
        """Return the names of what it is colocated with, as TensorFlow writes them."""
        others = self.colocation or (self.name,)
        return [f"loc:@{other}".encode() for other in others]

    def run(self, feed_dict: Mapping | None = None, session: Any = None) -> None:
        """Run it in `session`, or in the default one.

        Raises:
            ValueError: There is no session.
        """
        from onevar.core.session import session_for  # sessions know operations, not the reverse

        session_for(session, self.graph, "execute operation", "run(session=sess)").run(self, feed_dict)

    def _set_attr(self, name: str, value: Any) -> None:
        self.attrs[name] = value

    def _add_control_inputs(self, operations: Sequence["Operation"]) -> None:
        self.control_inputs.extend(o for o in operations if o not in self.control_inputs)
        self.graph.version += 1
        self.graph.rewired += 1

    def _add_control_input(self, operation: "Operation") -> None:
        self._add_control_inputs([operation])

    def _update_input(self, index: int, tensor: "Tensor") -> None:
        inputs = list(self.inputs)
        inputs[index] = tensor
        self.inputs = tuple(inputs)
        self.graph.version += 1
        self.graph.rewired += 1

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"

    def __str__(self) -> str:
        inputs = "".join(f'input: "{t.op.name}"\n' for t in self.inputs)
        return f'name: "{self.name}"\nop: "{self.type}"\n{inputs}'

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} is part of a graph and cannot be pickled or copied.")


class Tensor:
    """An output of an operation: a value that exists when a Session runs.

    Attributes:
        op: The `Operation` that makes it.
        value_index: Which of its outputs it is.
        dtype: A `DType`.
        spec: Shape, dtype and, where it is known, contents.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_keras_history",
        "_keras_mask",
        "_name",
        "_shape",
        "aliases",
        "dtype",
        "op",
        "spec",
        "value_index",
    )

    # NumPy's operators leave the work to ours.
    __array_priority__ = 100
    #: The names of the operators; other people's classes take them over from here.
    OVERLOADABLE_OPERATORS = frozenset({"__eq__", "__ne__"})

    def __init__(self, op: Operation, value_index: int, dtype: DType, spec: Spec):
        self.op = op
        self.value_index = value_index
        self.dtype = dtype
        self.spec = spec
        self._name: str | None = None
        self._shape: TensorShape | None = None

    @property
    def name(self) -> str:
        """`"scope/op:0"`."""
        name = self._name
        if name is None:
            name = self._name = f"{self.op.name}:{self.value_index}"
        return name

    @property
    def graph(self) -> "Graph":
        """The graph that it is part of."""
        return self.op.graph

    @property
    def device(self) -> str:
        """Where its operation was asked to run."""
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        shape = self._shape
        if shape is None:
            shape = self._shape = TensorShape.of(self.spec.shape)
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes.

        Raises:
            ValueError: It is not known.
        """
        return len(self._known_rank("ndim"))

    def _known_rank(self, what: str) -> tuple:
        if self.spec.shape is None:
            raise ValueError(f"{what} of {self!r}: the rank is not known. Feed a shape, or call set_shape.")
        return self.spec.shape

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Merge what is known of the shape with `shape`.

        Raises:
            ValueError: They contradict each other.
        """
        merged = self.shape.merge_with(as_shape(shape))
        if merged.tuple != self.spec.shape:
            self.spec = Spec(merged.tuple, self.spec.dtype, self.spec.value)
            self._shape = merged

    def consumers(self) -> list[Operation]:
        """Return the operations that take it, once for each input that it is."""
        return [op for op in self.graph.operations for t in op.inputs if t is self]

    def eval(self, feed_dict: Mapping | None = None, session: Any = None) -> Any:
        """Return its value in `session`, or in the default one.

        Raises:
            ValueError: There is no session.
        """
        from onevar.core.session import session_for  # sessions know tensors, not the reverse

        return session_for(session, self.graph, "evaluate tensor", "eval(session=sess)").run(self, feed_dict)

    def ref(self) -> "Reference":
        """Return a hashable reference to it; a tensor is hashable by identity itself."""
        return Reference(self)

    experimental_ref = ref

    def _shape_as_list(self) -> list[int | None] | None:
        return None if self.spec.shape is None else list(self.spec.shape)

    def _as_node_def_input(self) -> str:
        return self.op.name if self.value_index == 0 else self.name

    def __iter__(self) -> Iterator["Tensor"]:
        raise OperatorNotAllowedInGraphError(
            f"Iterating over a symbolic `tf.Tensor` is not allowed in Graph mode: {self!r}. Use tf.unstack, "
            "tf.map_fn or tf.while_loop."
        )

    def __len__(self) -> int:
        raise TypeError(f"len is not well defined for a symbolic Tensor ({self.name}). Please call `x.shape` instead.")

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(_NO_BOOL)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NoArrayError(
            f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array. It has no value until a Session "
            "runs it; use tensor.eval() or session.run(tensor)."
        )

    def __float__(self) -> float:
        raise TypeError(f"float() of the symbolic {self!r}: run it in a Session first, or use tf.cast.")

    __int__ = __index__ = __float__  # type: ignore[assignment]

    # `==` and hash are object's own: identity, as in TensorFlow 1. Operators come from `install_operators`.

    def __copy__(self) -> "Tensor":
        return self

    def __deepcopy__(self, memo: dict) -> "Tensor":
        raise TypeError(f"{self!r} is part of a graph and cannot be deep-copied.")

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} is part of a graph and cannot be pickled.")

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self.spec.shape is None else f", shape={self.shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name})'


class Reference:
    """A hashable stand-in that is equal to other references to the same object."""

    __slots__ = ("_wrapped",)

    def __init__(self, wrapped: object):
        self._wrapped = wrapped

    def deref(self) -> Any:
        """Return the object."""
        return self._wrapped

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._wrapped is other._wrapped

    def __hash__(self) -> int:
        return id(self._wrapped)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._wrapped!r}>"


class IndexedSlices:
    """Rows `values` at `indices` of a tensor of shape `dense_shape`: the gradient of a gather.

    Args:
        values: `[n, ...]`.
        indices: `[n]` integers; they may repeat, and repeated rows add up.
        dense_shape: The shape of the whole, or None.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None):
        self._values, self._indices, self._dense_shape = values, indices, dense_shape

    @property
    def values(self) -> Tensor:
        """The rows."""
        return self._values

    @property
    def indices(self) -> Tensor:
        """Where they belong."""
        return self._indices

    @property
    def dense_shape(self) -> Tensor | None:
        """The shape of the whole, if it is known."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape of the whole."""
        from onevar.core.constant import constant_value_as_shape

        return TensorShape(None) if self._dense_shape is None else constant_value_as_shape(self._dense_shape)

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self.shape

    @property
    def name(self) -> str:
        """The name of `values`."""
        return self._values.name

    @property
    def device(self) -> str:
        """Where `values` was asked to be."""
        return self._values.device

    @property
    def op(self) -> Operation:
        """The operation that makes `values`."""
        return self._values.op

    @property
    def dtype(self) -> DType:
        """The dtype of `values`."""
        return self._values.dtype

    @property
    def graph(self) -> "Graph":
        """The graph of `values`."""
        return self._values.graph

    def consumers(self) -> list[Operation]:
        """Return the operations that take `values`."""
        return self._values.consumers()

    def __neg__(self) -> "IndexedSlices":
        return IndexedSlices(-self._values, self._indices, self._dense_shape)  # type: ignore[operator]

    def __repr__(self) -> str:
        shape = "" if self._dense_shape is None else f", dense_shape={self._dense_shape}"
        return f"IndexedSlices(indices={self._indices}, values={self._values}{shape})"


def install_operators(table: Mapping[str, Callable]) -> None:
    """Give tensors their operators, `{"__add__": function, ...}`, from where the API is defined."""
    for name, function in table.items():
        setattr(Tensor, name, function)
    Tensor.OVERLOADABLE_OPERATORS |= table.keys()


_OWN_FILES: dict[str, bool] = {}


def _location() -> tuple[str, int, str] | None:
    """Return the innermost place in the program's own code."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        own = _OWN_FILES.get(file)
        if own is None:
            own = _OWN_FILES[file] = frame.f_globals.get("__name__", "").partition(".")[0] == "onevar"
        if not own:
            return file, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back  # type: ignore[assignment]
    return None
