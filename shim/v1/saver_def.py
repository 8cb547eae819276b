"""`tf.train.SaverDef`: what a `Saver` is made of, as names of operations."""

import struct
from typing import Any, ClassVar

from onevar.core.bundle import wire
from onevar.v1.export import export
from onevar.v1.session_config import Message

#: TensorFlow's numbers for the versions of the checkpoint format.
LEGACY, V1, V2 = 0, 1, 2
_NAMES = {LEGACY: "LEGACY", V1: "V1", V2: "V2"}
#: The message's field numbers.
_NUMBERS = {
    "filename_tensor_name": 1, "save_tensor_name": 2, "restore_op_name": 3, "max_to_keep": 4, "sharded": 5,
    "keep_checkpoint_every_n_hours": 6, "version": 7,
}  # fmt: skip


@export("train.SaverDef")
class SaverDef(Message):
    """The operations of a `Saver`, and what it keeps; fields as TensorFlow's message has them."""

    LEGACY, V1, V2 = LEGACY, V1, V2
    _fields: ClassVar[dict[str, Any]] = {
        "filename_tensor_name": "", "save_tensor_name": "", "restore_op_name": "", "max_to_keep": 0, "sharded": False,
        "keep_checkpoint_every_n_hours": 0.0, "version": 0,
    }  # fmt: skip

    def _set(self, name: str, value: Any) -> None:
        super()._set(name, value)
        if isinstance(self._fields[name], float):  # The message has single precision.
            self._values[name] = struct.unpack("<f", struct.pack("<f", self._values[name]))[0]

    def SerializeToString(self) -> bytes:  # noqa: N802 (protobuf's names)
        """Return the message as bytes, which TensorFlow's own class reads."""
        out = bytearray()
        for name, number in _NUMBERS.items():
            value = getattr(self, name)
            if isinstance(value, str):
                out += wire.field_bytes(number, value.encode()) if value else b""
            elif isinstance(value, float):
                out += wire.field_fixed32(number, int.from_bytes(struct.pack("<f", value), "little"))
            else:
                out += wire.field(number, int(value))
        return bytes(out)

    @classmethod
    def FromString(cls, serialized: bytes) -> "SaverDef":  # noqa: N802
        """Return the message that `serialized` holds.

        Raises:
            Malformed: It is no such message.
        """
        found = cls()
        names = {number: name for name, number in _NUMBERS.items()}
        for number, value in wire.fields(serialized):
            name = names.get(number)
            if name is not None:
                setattr(found, name, _value(cls._fields[name], value))
        return found

    def __eq__(self, other: object) -> bool:
        return is_saver_def(other) and all(getattr(self, name) == getattr(other, name) for name in _NUMBERS)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        lines = []
        for name in _NUMBERS:
            value = getattr(self, name)
            if value == self._fields[name]:
                continue
            lines.append(f"{name}: {_text(name, value)}\n")
        return "".join(lines)

    __repr__ = __str__


def _value(default: Any, value: int | bytes) -> Any:
    if isinstance(default, str):
        return wire.message(value).decode()
    if isinstance(default, float):
        return struct.unpack("<f", wire.integer(value).to_bytes(4, "little"))[0]
    return bool(value) if isinstance(default, bool) else wire.integer(value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if name == "version":
        return _NAMES.get(value, str(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def is_saver_def(value: Any) -> bool:
    """Whether `value` is a `SaverDef`, ours or TensorFlow's own message.

    Args:
        value: Anything.
    """
    return all(hasattr(value, name) for name in _NUMBERS)
