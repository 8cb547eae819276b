"""Device names: kind and index, the same for every framework."""

import re

from onevar.adapters.contract import Adapter
from onevar.errors import DeviceMissing

# Users write "cpu", "cuda:1", "gpu:0", TensorFlow's "/device:GPU:0", or pass torch.device objects.
_PATTERN = re.compile(r"^(?:.*/)?(?:device:)?([a-z]+)(?::(\d+))?$")
_SYNONYMS = {"gpu": "cuda"}


def standardize_device(device: object, adapter: Adapter) -> str:
    """Return the name of `device` as `kind:index`, if the adapter's framework has it here.

    Raises:
        DeviceMissing: It has not; the message lists the devices there are.
    """
    match = _PATTERN.match(str(device).lower())
    name = f"{_SYNONYMS.get(match[1], match[1])}:{match[2] or 0}" if match else str(device)
    here = adapter.devices()
    if name not in here:
        raise DeviceMissing(f"device={device!r}: {adapter.name} has no such device here. It has: {', '.join(here)}.")
    return name
