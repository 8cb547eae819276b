"""Whether the devices that a program asks for are there, and what there is: TensorFlow's placer.

Which device computes is the Session's: all of a graph runs on one. What is checked here is what a program relies on:
that without soft placement an operation which asks for a device that is not there is an error.
"""

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from onevar.core.device_spec import DeviceSpec
from onevar.core.op_errors import InvalidArgumentError
from onevar.core.operation import Operation

_TASK = "/job:localhost/replica:0/task:0"
_ALONE: Mapping[str, Collection[int]] = {"localhost": (0,)}


class DeviceAttributes(NamedTuple):
    """What a Session says of a device; sizes and numbers that nobody knows are 0."""

    name: str
    device_type: str
    memory_limit_bytes: int = 0
    incarnation: int = 0


def available(names: Sequence[str], config: Any = None) -> list[DeviceAttributes]:
    """Return the devices that a Session has, by TensorFlow's names.

    Args:
        names: The framework's, `cpu:0`, `cuda:1`.
        config: The Session's; `device_count` says how many of a kind it may have.
    """
    limits = dict(getattr(config, "device_count", None) or {})
    gpus = sum(not name.startswith("cpu") for name in names)
    gpus = min(gpus, limits.get("GPU", gpus))
    kinds = ["CPU"] * max(1, limits.get("CPU", 1)), ["GPU"] * gpus
    return [
        DeviceAttributes(f"{_TASK}/device:{kind}:{index}", kind) for same in kinds for index, kind in enumerate(same)
    ]


class Placer:
    """Looks at each operation of a Session's graph once.

    Args:
        names: The framework's devices.
        config: The Session's.
        jobs: The tasks of each job of the Session's cluster: all are this process.
    """

    def __init__(self, names: Sequence[str], config: Any = None, jobs: Mapping[str, Collection[int]] = _ALONE):
        self.devices = available(names, config)
        self._names = {device.name for device in self.devices}
        self._soft = bool(getattr(config, "allow_soft_placement", False))
        self._log = bool(getattr(config, "log_device_placement", False))
        self._known = {"": self.devices[-1].name}
        self._seen = 0
        self._jobs = jobs

    def look(self, operations: Sequence[Operation]) -> None:
        """Look at the operations that are new.

        Args:
            operations: All of the graph, in the order of their creation.

        Raises:
            InvalidArgumentError: One asks for a device that is not there, and soft placement is not allowed.
        """
        new = operations[self._seen :]
        places = [self._place(operation) for operation in new]
        if self._log:
            self._write(zip(new, places, strict=True))
        self._seen = len(operations)

    def _place(self, operation: Operation) -> str:
        wanted = operation.device
        found = self._known.get(wanted)
        if found is None:
            found = self._known[wanted] = self._found(operation, wanted)
        return found

    def _found(self, operation: Operation, wanted: str) -> str:
        spec = DeviceSpec.from_string(wanted)
        tasks = (0,) if spec.job is None else self._jobs.get(spec.job, ())
        here = not spec.replica and (spec.task or 0) in tasks
        exact = f"{_TASK}/device:{spec.device_type}:{spec.device_index or 0}"
        if here and spec.device_type is None:
            return self.devices[-1].name
        if here and exact in self._names:
            return exact
        if here and self._soft:
            return self.devices[-1].name if spec.device_type == "GPU" else self.devices[0].name
        names = ", ".join(device.name for device in self.devices)
        message = (
            f"Cannot assign a device for operation {operation.name}: {{{{node {operation.name}}}}} was explicitly "
            f"assigned to {wanted} but available devices are [ {names} ]. Make sure the device specification refers to "
            "a valid device."
        )
        if spec.device_type == "GPU" and all(device.device_type == "CPU" for device in self.devices):
            message += " The requested device appears to be a GPU, but CUDA is not enabled."
        raise InvalidArgumentError(None, operation, f"{message}\n\t [[{operation.name}]]")

    def _write(self, placed: Iterable[tuple[Operation, str]]) -> None:
        sys.stderr.write("".join(f"{op.name}: ({op.type}): {place}\n" for op, place in placed))
