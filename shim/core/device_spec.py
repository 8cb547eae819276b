"""Device names of TensorFlow, `/job:worker/replica:0/task:1/device:GPU:0`, and what of them is given."""

from functools import lru_cache
from typing import Any

_KINDS = ("CPU", "GPU", "TPU")
_FIELDS = ("job", "replica", "task", "device_type", "device_index")


class DeviceSpec:
    """A device, or a part of its name; it can be changed, as that of TensorFlow 1.

    Args:
        job: The name of the job.
        replica: The number of the replica.
        task: The number of the task.
        device_type: `"CPU"`, `"GPU"`; in capitals whatever is given.
        device_index: The number of the device.

    Attributes:
        job: As above; None where it is not given.
        replica: The same.
        task: The same.
        device_index: The same.
    """

    __slots__ = ("_type", "device_index", "job", "replica", "task")

    def __init__(
        self,
        job: str | None = None,
        replica: int | None = None,
        task: int | None = None,
        device_type: str | None = None,
        device_index: int | None = None,
    ):
        self.job = None if job is None else str(job)
        self.replica = None if replica is None else int(replica)
        self.task = None if task is None else int(task)
        self.device_type = device_type
        self.device_index = None if device_index is None else int(device_index)

    @property
    def device_type(self) -> str | None:
        """The kind of device."""
        return self._type

    @device_type.setter
    def device_type(self, kind: str | None) -> None:
        self._type = None if kind is None else kind.upper() if kind.upper() in _KINDS else kind

    @classmethod
    def from_string(cls, spec: str) -> "DeviceSpec":
        """Return what a name gives.

        Args:
            spec: The name.

        Raises:
            ValueError: It is not of the form.
        """
        return cls().parse_from_string(spec)

    def parse_from_string(self, spec: str) -> "DeviceSpec":
        """Take over what a name gives, and nothing else; return itself.

        Args:
            spec: The name.

        Raises:
            ValueError: It is not of the form.
        """
        self.job, self.replica, self.task, self._type, self.device_index = _parsed(spec)
        return self

    def merge_from(self, dev: "DeviceSpec") -> None:
        """Take over what another gives.

        Args:
            dev: The other.
        """
        for field in _FIELDS:
            value = getattr(dev, field)
            if value is not None:
                setattr(self, field, value)

    def make_merged_spec(self, dev: "DeviceSpec") -> "DeviceSpec":
        """Return a new one of what both give; where both do, `dev` wins.

        Args:
            dev: The other.
        """
        merged = self.replace()
        merged.merge_from(dev)
        return merged

    def replace(self, **kwargs: Any) -> "DeviceSpec":
        """Return a copy.

        Args:
            **kwargs: What is different in it.
        """
        return type(self)(**{**{field: getattr(self, field) for field in _FIELDS}, **kwargs})

    def to_string(self) -> str:
        """Return the name; empty where nothing is given."""
        parts = [(key, getattr(self, key)) for key in ("job", "replica", "task")]
        name = "".join(f"/{key}:{value}" for key, value in parts if value is not None)
        if self._type is not None:
            name += f"/device:{self._type}:{'*' if self.device_index is None else self.device_index}"
        return name

    __str__ = to_string

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and self.to_string() == other.to_string()

    def __hash__(self) -> int:
        return hash(self.to_string())

    def __repr__(self) -> str:
        return f"<DeviceSpec({', '.join(f'{field}={getattr(self, field)}' for field in _FIELDS)})>"


@lru_cache
def _parsed(spec: str) -> tuple[Any, ...]:
    found: dict[str, Any] = dict.fromkeys(_FIELDS)
    for part in spec.split("/"):
        pieces = part.split(":")
        key = pieces[0]
        if key in ("job", "replica", "task") and len(pieces) == 2:
            found[key] = pieces[1] if key == "job" else int(pieces[1])
        elif key and (key.upper() in _KINDS or key == "device"):
            if found["device_type"] is not None:
                raise ValueError(f"Multiple device types are not allowed while parsing the device spec: {spec}.")
            kind, *index = pieces[1:] if key == "device" else pieces
            found["device_type"] = kind.upper() if kind.upper() in _KINDS else kind
            found["device_index"] = None if not index or index[0] == "*" else int(index[0])
        elif key:
            raise ValueError(f"Unknown attribute '{key}' is encountered while parsing the device spec: '{spec}'.")
    return tuple(found.values())


@lru_cache
def merge_device(outer: str, inner: str) -> str:
    """Return the device that an inner scope's specification makes of an outer one: part by part, the inner wins.

    Args:
        outer: A name.
        inner: Another.

    Raises:
        ValueError: One is not of TensorFlow's form `/job:x/replica:0/task:0/device:GPU:0`.
    """
    return DeviceSpec.from_string(outer).make_merged_spec(DeviceSpec.from_string(inner)).to_string()


def device_name(given: Any) -> str:
    """Return what a device function gave as a name.

    Args:
        given: A name, or a `DeviceSpec`.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(given, bytes):
        return given.decode()
    if not isinstance(given, str | DeviceSpec):
        raise TypeError(f"Expected binary or unicode string, got {given!r}")
    return str(given)
