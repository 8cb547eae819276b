"""All programs of the v1 table, and what TensorFlow gives for each, as recorded in `golden/`.

A module `v1_<thing>.py` that enters programs is found by itself, and recorded in `golden/v1_<thing>.json`; those of the
four oldest modules are in `golden/v1_programs.json`.
"""

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from onevar.conformance.v1_table import TABLE, Program, variants

__all__ = ["CHAPTERS", "TABLE", "file_of", "golden", "of", "recorded"]

_HERE = Path(__file__).parent
# Modules of this name that have no programs.
_OTHERS = ("v1_ops", "v1_programs", "v1_session", "v1_table")
_FIRST = ("v1_graphs", "v1_states", "v1_flows", "v1_numbers")
_LATER = sorted(file.stem for file in _HERE.glob("v1_*.py") if file.stem not in (*_OTHERS, *_FIRST))
#: The modules that enter programs into the table.
CHAPTERS = tuple(import_module(f"onevar.conformance.{name}") for name in (*_FIRST, *_LATER))


def file_of(one: Program) -> str:
    """Return the stem of the file that a program is recorded in."""
    module = str(one.run.__module__).rpartition(".")[2]
    return "v1_programs" if module in _FIRST else module


@cache
def recorded(file: str) -> dict[str, Any]:
    """Return what is in a file of `golden/`, by the name of the program and its variant; nothing if it is not there."""
    path = _HERE / "golden" / f"{file}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


@cache
def golden() -> dict[str, Any]:
    """Return all that is recorded, by the name of the program and its variant."""
    files = dict.fromkeys(file_of(one) for one in TABLE.values())
    return {name: found for file in files for name, found in recorded(file).items()}


def of(requirement: str) -> list[tuple[str, Program, tuple]]:
    """Return the programs that prove a requirement: name, program, arguments after `tf`."""
    return [(name, one, args) for one in TABLE.values() if requirement in one.ids for name, args in variants(one)]
