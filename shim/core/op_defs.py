"""TensorFlow's op signatures: what goes into an op type, what comes out, and its attributes.

The facts are data, `op_defs.txt`, one line an op; they are read at the first question, and each line is parsed
when its op is first asked for. A line is

    MatMul(a: T, b: T) -> (product: T) {transpose_a: bool = false, T: type in [float32, int32]} stateful

An argument's type is a dtype's name or a type attribute's (`T`); `N*T` is a list of N tensors of one type, `*Ts` a
list with a type each, `&T` a reference. An attribute is `name: kind`, then `>= minimum`, `in [allowed values]` and
`= default`. In values `?` is an unknown dimension, or, alone, an unknown rank.
After the braces come flags, and `deprecated(version)`.
"""

import json
import re
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_DATA = Path(__file__).with_name("op_defs.txt")

_TOKEN = re.compile(r'\s*(->|>=|"(?:[^"\\]|\\.)*"|[+-]?[\w.]+(?:[+-]\d+)?|[(){}\[\]:,=&*?])')


class Arg(NamedTuple):
    """An input or output of an op.

    Attributes:
        name: Its name in TensorFlow's registry.
        dtype: The dtype's name, where it is fixed.
        type_attr: The attribute that holds the dtype.
        number_attr: The attribute that holds the length, of a list of one dtype.
        type_list_attr: The attribute that holds the dtypes, of a list of mixed dtypes.
        is_ref: Whether it is a reference to a variable.
    """

    name: str
    dtype: str | None = None
    type_attr: str | None = None
    number_attr: str | None = None
    type_list_attr: str | None = None
    is_ref: bool = False

    @property
    def is_list(self) -> bool:
        """Whether several tensors stand here."""
        return self.number_attr is not None or self.type_list_attr is not None


class Attr(NamedTuple):
    """An attribute of an op.

    Attributes:
        name: Its name.
        kind: "type", "int", "float", "bool", "string", "shape", "tensor", "func", or "list(...)" of one.
        default: What it is if not given. Types are names, strings bytes, shapes tuples (None: unknown), lists lists.
        has_default: Whether there is a default (which may be None, the unknown shape).
        allowed: The only values allowed (of each item, if it is a list), or None.
        minimum: The least value of an int, the least length of a list; None if there is none.
    """

    name: str
    kind: str
    default: Any = None
    has_default: bool = False
    allowed: tuple[Any, ...] | None = None
    minimum: int | None = None


class OpDef(NamedTuple):
    """The signature of one op type.

    Attributes:
        name: The op type.
        inputs: Its inputs, in order.
        outputs: Its outputs, in order.
        attrs: Its attributes by name, in TensorFlow's order.
        is_stateful: Whether two runs of it may differ.
        is_commutative: Whether its two inputs may be swapped.
        is_aggregate: Whether it accepts any number of inputs to be reduced.
        allows_uninitialized_input: Whether a reference may be uninitialised.
        is_distributed_communication: Whether it talks to other processes.
        deprecated: The GraphDef version since when it is deprecated, or None.
    """

    name: str
    inputs: tuple[Arg, ...] = ()
    outputs: tuple[Arg, ...] = ()
    attrs: dict[str, Attr] = {}
    is_stateful: bool = False
    is_commutative: bool = False
    is_aggregate: bool = False
    allows_uninitialized_input: bool = False
    is_distributed_communication: bool = False
    deprecated: int | None = None

    def to_proto(self) -> Any:
        """Return it as TensorFlow's message `OpDef`.

        Raises:
            FrameworkMissing: The tensorboard package, which has the messages, is not installed.
        """
        from onevar.core.graph_def_export import signature_proto  # few programs need the messages

        return signature_proto(self)

    @property
    def input_arg(self) -> Any:
        """The inputs as the message has them."""
        return self.to_proto().input_arg

    @property
    def output_arg(self) -> Any:
        """The outputs as the message has them."""
        return self.to_proto().output_arg

    @property
    def attr(self) -> Any:
        """The attributes as the message has them."""
        return self.to_proto().attr


class UnknownOp(LookupError):
    """TensorFlow's registry has no op of this type."""


_FLAGS = {
    "stateful": "is_stateful",
    "commutative": "is_commutative",
    "aggregate": "is_aggregate",
    "uninitialized": "allows_uninitialized_input",
    "distributed": "is_distributed_communication",
}


class _Reader:
    """The tokens of one line, and the grammar's rules on them."""

    def __init__(self, line: str):
        self.tokens = _TOKEN.findall(line)
        self.at = 0

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, token: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def args(self) -> list[list[str]]:
        """`(name: type, ...)`: the tokens of each argument, its name first."""
        found: list[list[str]] = []
        self.next()
        while not self.accept(")"):
            words = [self.next()]
            self.next()
            while self.tokens[self.at] not in ",)":
                words.append(self.next())
            self.accept(",")
            found.append(words)
        return found

    def attrs(self) -> dict[str, Attr]:
        """`{name: kind >= minimum in [allowed] = default, ...}`, or nothing."""
        found: dict[str, Attr] = {}
        if not self.accept("{"):
            return found
        while not self.accept("}"):
            attr = self.attr()
            found[attr.name] = attr
            self.accept(",")
        return found

    def attr(self) -> Attr:
        name, _, kind = self.next(), self.next(), self.next()
        item = kind
        if self.accept("("):
            item, _ = self.next(), self.next()
            kind = f"list({item})"
        minimum = int(self.next()) if self.accept(">=") else None
        allowed = tuple(self.items(item)) if self.accept("in") else None
        has_default = self.accept("=")
        default = (self.items(item) if kind != item else self.value(item)) if has_default else None
        return Attr(name, kind, default, has_default, allowed, minimum)

    def items(self, kind: str) -> list[Any]:
        found = []
        self.next()
        while not self.accept("]"):
            found.append(self.value(kind))
            self.accept(",")
        return found

    def value(self, kind: str) -> Any:
        if kind == "shape":
            return None if self.accept("?") else tuple(self.items("dimension"))
        word = self.next()
        return self.tensor() if kind == "tensor" else _VALUES[kind](word)

    def tensor(self) -> np.ndarray:
        """`(dtype, [shape], [values])`, of which the word `tensor` was read."""
        _, dtype, _ = self.next(), self.next(), self.next()
        shape = self.value("shape")
        self.next()
        values = self.items("int")
        self.next()
        return np.array(values, dtype).reshape(shape)


_VALUES: dict[str, Callable[[str], Any]] = {
    "type": str,
    "int": int,
    "float": lambda word: struct.unpack("f", struct.pack("f", float(word)))[0],
    "bool": lambda word: word == "true",
    "string": lambda word: json.loads(word).encode("latin-1"),
    "dimension": lambda word: None if word == "?" else int(word),
}


def _arg(words: list[str], attrs: dict[str, Attr]) -> Arg:
    name, *rest = words
    is_ref = rest[0] == "&"
    rest = rest[is_ref:]
    if rest[0] == "*":
        return Arg(name, type_list_attr=rest[1], is_ref=is_ref)
    number = rest[0] if len(rest) > 1 else None
    if rest[-1] in attrs:
        return Arg(name, type_attr=rest[-1], number_attr=number, is_ref=is_ref)
    return Arg(name, dtype=rest[-1], number_attr=number, is_ref=is_ref)


def _parse(line: str) -> OpDef:
    name, _, rest = line.partition("(")
    reader = _Reader("(" + rest)
    inputs = reader.args()
    reader.next()
    outputs = reader.args()
    attrs = reader.attrs()
    flags: dict[str, Any] = {}
    while reader.at < len(reader.tokens):
        word = reader.next()
        if word == "deprecated":
            _, flags["deprecated"], _ = reader.next(), int(reader.next()), reader.next()
        else:
            flags[_FLAGS[word]] = True
    return OpDef(name, tuple(_arg(a, attrs) for a in inputs), tuple(_arg(a, attrs) for a in outputs), attrs, **flags)


@cache
def _lines() -> dict[str, str]:
    lines = _DATA.read_text(encoding="ascii").splitlines()
    return {line[: line.index("(")]: line for line in lines}


_PARSED: dict[str, OpDef] = {}


def op_def(type: str) -> OpDef:
    """The signature of an op type.

    Args:
        type: The op type, such as "MatMul".

    Returns:
        Its definition; the same object at each call.

    Raises:
        UnknownOp: TensorFlow has no such op; the message has the nearest names.
    """
    found = _PARSED.get(type)
    if found is None:
        lines = _lines()
        if type not in lines:
            from difflib import get_close_matches  # only an error needs it

            near = ", ".join(get_close_matches(type, lines, 3))
            raise UnknownOp(f"TensorFlow has no op type {type!r}" + (f": did you mean {near}?" if near else ""))
        found = _PARSED[type] = _parse(lines[type])
    return found


def define(line: str) -> None:
    """Add the signature of an op type that TensorFlow does not have, for operations of ours.

    Args:
        line: As in `op_defs.txt`.

    Raises:
        ValueError: There is an op type of that name.
    """
    made = _parse(line)
    if made.name in _PARSED or made.name in _lines():
        raise ValueError(f"define({line!r}): there is an op type of that name.")
    _PARSED[made.name] = made


def op_types() -> tuple[str, ...]:
    """All op types of TensorFlow's registry.

    Returns:
        Their names, sorted.
    """
    return tuple(_lines())
