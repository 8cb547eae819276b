"""The scopes of a graph that are open: control dependencies, devices, colocation, and the like."""

from collections.abc import Sequence
from threading import local
from typing import Any

from onevar.core.operation import Operation


class Stacks(local):
    """Scopes that each thread opens for itself."""

    def __init__(self) -> None:
        self.controls: list[Controls] = []
        self.devices: list[Any] = []
        self.colocations: list[Operation] = []
        self.attrs: dict[str, Any] = {}
        self.gradient_overrides: dict[str, str] = {}
        self.containers: list[str] = [""]
        self.control_flow: Any = None


class Controls:
    """One `control_dependencies` scope: what runs before, and what was made inside."""

    __slots__ = ("control_flow", "inputs", "new_stack", "saved", "seen")

    def __init__(self, inputs: Sequence[Operation] | None):
        self.new_stack = inputs is None
        self.inputs: tuple[Operation, ...] = tuple(inputs or ())
        self.seen: set[Operation] = set()
        self.control_flow: Any = None
        self.saved: list[Controls] = []
