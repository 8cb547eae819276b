"""`tensorflow.python.client.device_lib`: programs ask it how many GPUs there are."""

from typing import Any, NamedTuple

from onevar.core import registry
from onevar.v1.export import export


class LocalDevice(NamedTuple):
    """A device: what TensorFlow's `DeviceAttributes` says of it. Sizes and numbers that nobody knows are 0."""

    name: str
    device_type: str
    memory_limit: int = 0
    incarnation: int = 0
    physical_device_desc: str = ""


@export("python.client.device_lib.list_local_devices")
def list_local_devices(session_config: Any = None) -> list[LocalDevice]:
    """Return the devices of the framework that computes, by TensorFlow's names; the CPU is always one.

    Args:
        session_config: Accepted, and means nothing.
    """
    found = [LocalDevice("/device:CPU:0", "CPU")]
    others = [name for name in registry.adapter(registry.default_backend()).devices() if not name.startswith("cpu")]
    found += [LocalDevice(f"/device:GPU:{i}", "GPU", physical_device_desc=name) for i, name in enumerate(others)]
    return found
