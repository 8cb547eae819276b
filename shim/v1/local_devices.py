"""Which devices there are: `tensorflow.python.client.device_lib`, `tf.config.list_physical_devices` and the like."""

from typing import Any, NamedTuple

from onevar.core import registry
from onevar.errors import Unsupported
from onevar.v1.export import export, export_value


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


class PhysicalDevice(NamedTuple):
    """A device of this machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device that operations can ask for."""

    name: str
    device_type: str


export_value("config.PhysicalDevice", PhysicalDevice)
export_value("config.LogicalDevice", LogicalDevice)


@export(
    "config.list_physical_devices", "config.experimental.list_physical_devices", "config.get_visible_devices",
    "config.experimental.get_visible_devices",
)  # fmt: skip
def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of the framework that computes.

    Args:
        device_type: `"CPU"` or `"GPU"`; None returns all.
    """
    found = [PhysicalDevice(f"/physical_{d.name[1:]}", d.device_type) for d in list_local_devices()]
    return [device for device in found if device_type in (None, device.device_type)]


@export("config.list_logical_devices", "config.experimental.list_logical_devices")
def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """Return the devices of the framework that computes.

    Args:
        device_type: `"CPU"` or `"GPU"`; None returns all.
    """
    found = [LogicalDevice(d.name, d.device_type) for d in list_local_devices()]
    return [device for device in found if device_type in (None, device.device_type)]


@export("config.set_visible_devices", "config.experimental.set_visible_devices")
def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Say which devices to use, which has to be all of them.

    Args:
        devices: A device, or a list of them.
        device_type: The kind that is meant; None means all.

    Raises:
        Unsupported: It is not all of them.
    """
    wanted = list(devices) if isinstance(devices, list) else [] if devices is None else [devices]
    if sorted(wanted) != sorted(list_physical_devices(device_type)):
        raise Unsupported(
            "tf.config.set_visible_devices: the framework decides which devices there are. Set CUDA_VISIBLE_DEVICES "
            "before it is imported, or open tf.Session(device='cpu:0')."
        )


_soft = [False]


@export("config.get_soft_device_placement")
def get_soft_device_placement() -> bool:
    """Return what `set_soft_device_placement` was told; a Session asks its own configuration."""
    return _soft[0]


@export("config.set_soft_device_placement")
def set_soft_device_placement(enabled: bool) -> None:
    """Say whether eager operations may run elsewhere than where they ask for: they run on one device in any case.

    Args:
        enabled: Whether.
    """
    _soft[0] = bool(enabled)
