"""What onevar says to a name of TensorFlow 1: supported, partly, not; and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from onevar.migrate import limits, names, paths, virtual

SUPPORTED, PARTLY, NOT, FOREIGN = "supported", "partly", "not supported", "not TensorFlow's"
#: In the order in which a reader wants them.
LEVELS = (NOT, PARTLY, FOREIGN, SUPPORTED)


@dataclass(frozen=True)
class Verdict:
    """What is said of a name.

    Attributes:
        level: One of `LEVELS`.
        advice: What to do; empty where there is nothing to.
        name: The public name, where a program took it from one of TensorFlow's internal modules.
    """

    level: str
    advice: str = ""
    name: str = ""


def verdict(path: str) -> Verdict:
    """Return what is said of a name, or of the path of one of TensorFlow's modules.

    Args:
        path: Below `tensorflow.`; empty for `tensorflow` itself.
    """
    if not path:
        return Verdict(SUPPORTED)
    name = virtual.supported(path) or next(iter(paths.public_names(path)), path)
    refused = _refused((name, *paths.public_names(path)))
    if refused:
        return Verdict(NOT, refused, name)
    if is_here(path):
        limit = limits.of(name)
        return Verdict(PARTLY if limit else SUPPORTED, limit or "", name)
    return _missing(path, name)


def is_here(path: str) -> bool:
    """Say whether a name does its work, wholly or partly: `verdict` without the search for advice.

    Args:
        path: Below `tensorflow.`.
    """
    here = virtual.supported(path)
    name = here or next(iter(paths.public_names(path)), path)
    if _refused((name, *paths.public_names(path))):
        return False
    if name.startswith("raw_ops."):
        return _is_computed(name.removeprefix("raw_ops."))
    return here is not None or _is_attribute(path)


def _is_computed(op_type: str) -> bool:
    """Whether the engine computes an op type: a function that makes such nodes is there for every type."""
    from onevar.core.control_flow import is_functional_type
    from onevar.core.frame import is_computed

    return is_computed(op_type) or is_functional_type(op_type)


def _refused(found: Iterable[str]) -> str | None:
    from onevar.v1 import refusals

    return next((advice for name in found if (advice := refusals.advice_for(name))), None)


def _missing(path: str, name: str) -> Verdict:
    from onevar.v1 import export

    if not (names.is_tensorflows(name) or paths.is_module(path) or path.split(".")[0] in paths.INTERNAL):
        return Verdict(FOREIGN, "TensorFlow 1.15 and 2.21 have no such name.", name)
    advice = limits.instead(name)
    near = export.nearest(name) if not advice else ()  # looking through all names takes long
    if near:
        advice = f"Nearest: {', '.join(f'tf.{one}' for one in near)}."
    return Verdict(NOT, advice or "Write it with what is supported, or ask for it: see docs/v1.md.", name)


def _is_attribute(name: str) -> bool:
    """Whether it is an attribute of something that is here, `GraphKeys.UPDATE_OPS`."""
    rest: list[str] = []
    while "." in name:
        name, _, last = name.rpartition(".")
        rest.insert(0, last)
        if virtual.is_value(name):
            return _has(virtual.lookup(name), rest)
    return False


def _has(value: Any, path: Iterable[str]) -> bool:
    for part in path:
        if not hasattr(value, part):
            return False
        value = getattr(value, part)
    return True
