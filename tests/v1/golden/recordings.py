"""Recordings that are split into one file for each module of cases: `op_shapes.json`, `op_shapes_nn.json`, ..."""

import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def _file(kind: str, thing: str) -> Path:
    return HERE / (f"{kind}.json" if thing == "ops" else f"{kind}_{thing}.json")


def read(kind: str, thing: str) -> dict[str, Any]:
    """What one file holds; nothing if it is not there."""
    file = _file(kind, thing)
    return json.loads(file.read_text()) if file.exists() else {}


def write(kind: str, thing: str, found: dict[str, Any]) -> None:
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items()]
    _file(kind, thing).write_text("{\n" + ",\n".join(lines) + "\n}\n")


@cache
def every(kind: str) -> dict[str, Any]:
    """What all files of a kind hold."""
    found: dict[str, Any] = {}
    for file in sorted(HERE.glob(f"{kind}*.json")):
        found |= json.loads(file.read_text())
    return found
