"""What a framework must supply to hold onevar's state. An adapter author reads this file and no other.

An adapter is one object, an instance of a subclass of `Adapter`, that is registered through the
entry-point group `onevar.adapters`::

    [project.entry-points."onevar.adapters"]
    cupy = "onevar_cupy:ADAPTER"
    strict = "onevar_strict:ADAPTER [array_api_strict]"

The name is the adapter's, and the framework's module, whose import onevar never causes by itself; in
brackets the module, where the two differ.

It says which values are its own (`owns`, `spec`), makes and reads tensors (`convert`, `astype`,
`to_numpy`), holds one piece of state (`variable`, `read`, `write`, `exported`), lends and borrows
memory (`lend`, `borrow`, `from_dlpack`), computes (`kernels`), and says honestly what it lacks
(`lacks`). For the v1 engine it computes with `primitives`, and does `vjp`, `cond`, `while_loop`,
`compile` and `callback` where the framework has more than Python; what it leaves out, the engine says.
Behaviour that is the same for every framework is not here: names, dtype promotion, shape checks,
locking, scopes and errors are written once, over these primitives.

Two words are used throughout:

* a **tensor** is an immutable-by-convention value of the framework (`torch.Tensor`, `jax.Array`,
  `tf.Tensor`, `numpy.ndarray`);
* a **native** is the framework's own object for state (`torch.nn.Parameter`, `tf.Variable`,
  `jax.Array`, `numpy.ndarray`).

To prove an adapter, install it and run ``onevar conformance --backend NAME``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from onevar.adapters.primitives import PRIMITIVES, Primitives
from onevar.adapters.tracing import Tracing
from onevar.errors import AdapterError, Unsupported

__all__ = [
    "CAPABILITIES", "KERNELS", "PRIMITIVES", "Adapter", "BorrowRules", "Native", "Primitives", "Refusal", "Tensor",
    "TensorSpec",
]  # fmt: skip

Tensor = Any
Native = Any

#: The kernels every adapter supplies, under the array API's names (its 2024.12 standard).
#: A binary kernel gets two operands of one dtype, the one that onevar's promotion chose, or an
#: operand and a Python number of the same kind; it broadcasts. Natives are operands too. Signatures:
#: `round(x, decimals)`, `sum/mean/max(x, axis, keepdims)`, `argmax(x, axis)`, `reshape(x, shape)`,
#: `permute_dims(x, axes)`, `where(condition, x, y)`, `take(x, indices, axis)`.
KERNELS: tuple[str, ...] = (
    # binary, arithmetic
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "pow", "matmul",
    # binary, comparison and logic: the result is bool
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "logical_and", "logical_or", "logical_xor",
    # unary
    "negative", "abs", "bitwise_invert", "logical_not", "round",
    "exp", "log", "sqrt", "tanh", "sin", "cos", "floor",
    # reductions and shapes
    "sum", "mean", "max", "argmax", "reshape", "permute_dims", "where", "take",
)  # fmt: skip

#: What an adapter may lack, and what it then cannot do.
CAPABILITIES: Mapping[str, str] = {
    "gradients": "value_and_grad differentiates",
    "tracing": "functions over state can be traced and compiled",
    "in_place": "a write with no export alive keeps the memory where it is",
    "native_state": "the native is an object of its own that optimizers and modules of the framework take",
    "share": "memory is lent and borrowed without a copy",
    "float16": "float16 tensors exist and compute",
    "bfloat16": "bfloat16 tensors exist and compute",
    "float8": "float8_e4m3fn and float8_e5m2 tensors exist and can be cast",
    "float8_arithmetic": "kernels compute on float8 operands",
    "complex": "complex tensors exist and compute",
    "64bit": "64-bit integers and floats exist as the adapter is configured now",
    "unsigned": "uint16, uint32 and uint64 tensors exist and compute",
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """What a value is, without its contents.

    Attributes:
        shape: A tuple of ints.
        dtype: A name of `onevar.dtypes.DTYPES`, or the framework's own name for another dtype.
        device: `"cpu:0"`, `"cuda:1"`: kind and index.
    """

    shape: tuple[int, ...]
    dtype: str
    device: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why memory cannot cross, and what to do about it. Clauses, without a final stop."""

    reason: str
    cure: str


@dataclass(frozen=True, slots=True)
class BorrowRules:
    """Which host memory `borrow` takes as it is. What breaks a rule is refused before it reaches C++.

    Attributes:
        alignment: In bytes, that the first element's address must be a multiple of.
        strides: `"compact"` (row-major, no gaps), `"dense"` (any order of axes, no gaps), `"non-negative"`,
            or `"any"`.
        readonly: Whether memory marked read-only is honoured (never written by the framework).
        dtypes: Names of the dtypes that can be held; empty means all of `onevar.dtypes.DTYPES`.
    """

    alignment: int = 1
    strides: str = "any"
    readonly: bool = True
    dtypes: frozenset[str] = field(default_factory=frozenset)


class Adapter(Tracing, ABC):
    """One framework. Instances hold no state of their own and may be used from any thread.

    Attributes:
        name: What users write as `backend=`; unique among the registered adapters.
        module: The framework's import name. Until it is in `sys.modules`, no value can be the
            framework's, and the adapter is not loaded to ask.
        tensor_type: The exact type of an ordinary eager tensor. Operators take a short cut on it.
        kernels: A function for each name of `KERNELS`. One that the framework cannot do raises
            `onevar.errors.Unsupported` and has a sentence in `lacks`.
        float_kernels: Faster functions for some of `KERNELS`, for operands of one dtype among
            float16, bfloat16, float32 and float64, or one of these and a Python number after it.
        primitives: A function for each name of `PRIMITIVES` that the framework has. The v1 engine computes with them.
            An adapter that leaves it out computes what `kernels` can; any other op says which primitive is missing.
        updates: Update rules of optimizers that the framework does in place for many variables at once, by the name
            that TensorFlow's ops share, `"Adam"` of `ApplyAdam`; none need be there. `rule(state, grads, hyper)` gets a
            list of natives for the variables and one for each kind of slot, the gradients, and the hyperparameters
            and flags by the op's names, numbers or scalar tensors. It computes TensorFlow's formula, and returns
            True; or False, having changed nothing, where it cannot.
        row_sums: `row_sums(values, indices)` to `(sums, unique_indices)`: rows that belong to one index added up. How
            many there are depends on the indices; None where the framework cannot have that.
        lacks: Capability of `CAPABILITIES` to the sentence that says why it is missing. Tests
            that need the capability are skipped with that sentence.
        borrow_rules: Which host memory `borrow` takes without a copy.
        guard_reads: True where a kernel may read a native's memory while another thread writes it
            in place (the framework releases the GIL, and a reader does not hold the memory). onevar
            then keeps readers and writers apart.
        guards_dlpack: Whether `from_dlpack` refuses by itself, with an error, whatever breaks `borrow_rules`.
            Tensors for which their framework's `direct` says so then cross by their own capsule.
        keeps_int64: Keras's rule for this framework where only the lattice, not an operand, asks
            for int64 (`uint32 + int32`): int64 if True, int32 if False.
        checks_indices: Whether an index out of bounds, negative ones included, is an error of the framework's own.
            Otherwise onevar looks.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    tensor_type: ClassVar[type]
    kernels: ClassVar[Mapping[str, Callable[..., Tensor]]]
    float_kernels: ClassVar[Mapping[str, Callable[..., Tensor]]] = {}
    primitives: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    updates: ClassVar[Mapping[str, Callable[..., bool]]] = {}
    row_sums: ClassVar[Callable[..., tuple[Tensor, Tensor]] | None] = None
    lacks: ClassVar[Mapping[str, str]] = {}
    borrow_rules: ClassVar[BorrowRules] = BorrowRules()
    guard_reads: ClassVar[bool] = False
    guards_dlpack: ClassVar[bool] = False
    keeps_int64: ClassVar[bool] = False
    checks_indices: ClassVar[bool] = False

    def __init__(self) -> None:
        missing = [k for k in KERNELS if k not in self.kernels]
        unknown = [c for c in self.lacks if c not in CAPABILITIES]
        if missing or unknown:
            raise AdapterError(
                f"adapter {self.name!r}: missing kernels {missing}, unknown capabilities in lacks {unknown}. "
                "See KERNELS and CAPABILITIES in onevar.adapters.contract."
            )

    @cached_property
    def k(self) -> Primitives:
        """The primitives as attributes, as op definitions call them."""
        basic: dict[str, Callable] = {
            "asarray": self.convert,
            "astype": self.astype,
            "getitem": self.getitem,
            "stop_gradient": self.stop_gradient,
            "shape": lambda x: self.spec(x).shape,
            "dtype": lambda x: self.spec(x).dtype,
        }
        return Primitives(self.name, {**basic, **self.kernels, **self.primitives})

    def opaque(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that a compiler which reads Python runs as it is, instead of reading it.

        Args:
            function: Any.
        """
        return function

    def dynamic_op(self, op_type: str) -> Callable[[Sequence[Any], dict[str, Any]], Any] | None:
        """Return a function that does a pure op on tensors whose sizes are not known while they are traced, or None.

        Args:
            op_type: TensorFlow's name, `"Reshape"`.

        Returns:
            A function of the list of the op's inputs and of its attributes by name.
        """
        return None

    def dynamic_draw(self, op_type: str, drawing: Any, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
        """Return random numbers of a shape that is not known while a function is traced.

        Args:
            op_type: TensorFlow's name, `"RandomUniform"`.
            drawing: The stream: its `key`, `high` and `counter`.
            inputs: The op's.
            attrs: The op's.

        Raises:
            NotImplementedError: The framework cannot.
        """
        raise NotImplementedError(op_type)

    def op(self, op_type: str) -> Callable[..., Any] | None:
        """Return a function that does a pure op of TensorFlow's registry in the framework's own way, or None.

        None says that the op's definition over `primitives` is used, which is so for most.

        Args:
            op_type: TensorFlow's name, `"Conv2D"`.

        Returns:
            A function of the op's inputs, in the order of TensorFlow's definition (a list-valued input is one
            list), and of its attributes by name: dtypes by their names, shapes as tuples with None for
            an unknown size or None. It returns one tensor, or a tuple of them.
        """
        return None

    # -- values ---------------------------------------------------------------------------------

    @abstractmethod
    def owns(self, x: object) -> bool:
        """Whether `x` is a tensor or native of this framework, abstract and traced ones included."""

    @abstractmethod
    def spec(self, x: Tensor | Native) -> TensorSpec:
        """Return shape, dtype and device of a value that this adapter owns."""

    @abstractmethod
    def convert(self, x: object, dtype: str | None = None, device: str | None = None) -> Tensor:
        """Return `x` as a tensor of this framework.

        Args:
            x: A Python scalar, a NumPy array or scalar, or a tensor or native of this framework.
                Nested lists arrive as NumPy arrays, other frameworks' tensors through `borrow`.
            dtype: Cast to it; None keeps the dtype of arrays and tensors. The framework must be
                able to hold it: a narrower one in its place is an error, never the result.
            device: One of `devices()`; None leaves tensors where they are and puts everything
                else on the framework's default device.

        Returns:
            A tensor. It may be `x` itself, or share memory with it, only where `x` is this framework's.

        Raises:
            ValueError: The framework cannot hold `dtype` as it is configured.
        """

    @abstractmethod
    def astype(self, x: Tensor, dtype: str) -> Tensor:
        """Return `x` cast to `dtype`; `x` itself where that is its dtype. Differentiable."""

    @abstractmethod
    def to_numpy(self, x: Tensor | Native) -> np.ndarray:
        """Return the contents as a NumPy array of its own, writable, on the host; gradients are cut."""

    @abstractmethod
    def devices(self) -> Sequence[str]:
        """Return the devices that are here, the framework's default first: `("cuda:0", "cpu:0")`."""

    def is_traced(self, x: object) -> bool:
        """Whether storing `x` as state now would be lost or wrong.

        True where `x` stands for a value inside a traced function, or such a trace is running in
        this thread. False where the framework records writes to state in the trace.
        """
        return False

    # -- state ----------------------------------------------------------------------------------

    @abstractmethod
    def variable(self, x: Tensor, *, trainable: bool, name: str, adopt: bool) -> Native:
        """Return the framework's own object for state, with `x` as its value.

        Args:
            x: The value, on the right device.
            trainable: Whether the framework should track gradients, where that is the native's own property.
            name: For frameworks whose natives have one.
            adopt: Keep `x`'s memory as the state's own. Otherwise the state has its own memory, unless
                nobody could ever write to `x`.
        """

    @abstractmethod
    def read(self, native: Native) -> Tensor:
        """Return the value as a tensor that later `write`s leave alone; no copy.

        Gradients flow through it to the native. While it is alive, `exported` is True, or the
        framework itself copies on write.
        """

    def peek(self, native: Native) -> Tensor:
        """Return the value to compute with: as `read`, but no gradient flows through it. Override it to be quick."""
        return self.stop_gradient(self.read(native))

    def exported(self, native: Native) -> bool:
        """Whether memory that a `write(fresh=False)` would overwrite is visible to anybody else.

        Exact, and asked of the owner's side (a reference or use count). False where the framework
        never writes in place, or copies on write by itself.
        """
        return False

    @abstractmethod
    def write(self, native: Native, x: Tensor, *, fresh: bool) -> Native:
        """Replace the value by `x`, of the same shape, dtype and device; return the native from now on.

        Args:
            native: From `variable` or an earlier `write`.
            x: The new value; its memory stays the caller's.
            fresh: True: move to new memory, something still looks at the old. False: in place, if
                the framework can.
        """

    def fits(self, native: Native, x: Tensor) -> bool:
        """Whether `x`, of `tensor_type`, has the native's shape, dtype and device. Override it to be quick."""
        return self.spec(native) == self.spec(x)

    def accumulate(self, native: Native, x: Tensor, kernel: str, *, fresh: bool) -> Native:
        """Replace the value by `kernel(value, x)`; `kernel` is `"add"` or `"subtract"`.

        An adapter overrides it where the framework does that in place.
        """
        return self.write(native, self.kernels[kernel](self.read(native), x), fresh=fresh)

    def put(self, native: Native, rows: Tensor, values: Tensor, *, fresh: bool) -> Native:
        """Replace the rows along the first axis that `rows`, integers that do not repeat, name by `values`.

        An adapter overrides it where the framework does that in place.
        """
        return self.write(native, self.k.scatter(self.read(native), rows, values, "set"), fresh=fresh)

    def set_trainable(self, native: Native, trainable: bool) -> None:
        """Tell the native whether gradients are wanted, where it has such a switch."""

    def place(self, x: Tensor, layout: Any) -> Tensor:
        """Return `x` laid out over devices as `layout`, an object of the framework's own, says."""
        raise Unsupported(f"layout={layout!r}: the {self.name} adapter does not place tensors. Leave `layout` out.")

    def getitem(self, x: Tensor, index: Any) -> Tensor:
        """Return `x[index]`, with the framework's own indexing rules."""
        return x[index]

    # -- gradients ------------------------------------------------------------------------------

    def value_and_grad(self, fn: Callable[..., Tensor], values: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return `fn(*values)`, a scalar tensor, and its gradient for each of `values`.

        Needs the capability `gradients`.
        """
        raise self.lacking("gradients", "value_and_grad")

    # -- exchange -------------------------------------------------------------------------------

    def preflight(self, x: Tensor) -> Refusal | None:
        """Return why `x` must not leave this framework by its memory, or None if it may.

        Called before any memory is touched; catches what would abort the process or show wrong
        numbers elsewhere: lazy negation or conjugation bits, sparse and abstract tensors, strings.
        """
        return None

    def lend(self, x: Tensor) -> np.ndarray:
        """Return a NumPy view of the memory of `x`, which is on the host and passed `preflight`; no copy.

        The view has the shape, strides and dtype of `x` (an ml_dtypes dtype for bfloat16 and float8). It
        keeps the memory alive, and counts as an export of it for as long as it, or anything made from
        it, is alive.
        """
        return np.from_dlpack(x)

    def view(self, x: Tensor) -> np.ndarray | Refusal:
        """Do `preflight` and `lend` in one call: the view, or why there is none. Override it to be quick."""
        refusal = self.preflight(x)
        return self.lend(x) if refusal is None else refusal

    def direct(self, x: Tensor) -> bool:
        """Whether the DLPack capsule of `x` itself is complete, passed `preflight`, and is cheaper than `view`."""
        return False

    def borrow(self, array: np.ndarray) -> Tensor:
        """Return a tensor over the memory of `array`, which obeys `borrow_rules`; no copy.

        The tensor keeps `array` alive. A `CopyRequired` says that the framework, as it is configured, cannot.
        """
        return self.from_dlpack(array)

    def export(self, x: Tensor) -> Any:
        """Return an object over the memory of `x`, on any device, whose `__dlpack__` works; no copy."""
        return x

    @abstractmethod
    def from_dlpack(self, x: Any) -> Tensor:
        """Return a tensor over the memory of `x`, an object with `__dlpack__` and `__dlpack_device__`."""

    # -- joining the framework ------------------------------------------------------------------

    def register(self, variable_class: type, flatten: Callable, unflatten: Callable) -> None:
        """Make the framework's own functions take a Variable, where that needs registration.

        Called once for each Variable class, when both it and the adapter are there.

        Args:
            variable_class: The class.
            flatten: Variable to `(children, static)`: a one-tuple of its tensor in this framework,
                and hashable data.
            unflatten: `(static, children)` to a Variable over the child, which may be anything that the
                framework's own tree functions put there.
        """

    def lacking(self, capability: str, call: str) -> Exception:
        """Return the error for using something that `lacks` names."""
        why = self.lacks.get(capability, CAPABILITIES.get(capability, capability))
        return Unsupported(f"{call}: the {self.name} adapter lacks {capability!r}: {why}.")
