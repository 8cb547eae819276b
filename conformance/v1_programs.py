"""All programs of the v1 table, and what TensorFlow gives for each, as recorded in `golden/v1_programs.json`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from onevar.conformance import v1_flows, v1_graphs, v1_numbers, v1_states
from onevar.conformance.v1_table import TABLE, Program, variants

__all__ = ["CHAPTERS", "FILE", "TABLE", "golden", "of"]

#: The modules that enter programs into the table.
CHAPTERS = (v1_graphs, v1_states, v1_flows, v1_numbers)
FILE = Path(__file__).with_name("golden") / "v1_programs.json"


@cache
def golden() -> dict[str, Any]:
    """Return what is recorded, by the name of the program and its variant."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def of(requirement: str) -> list[tuple[str, Program, tuple]]:
    """Return the programs that prove a requirement: name, program, arguments after `tf`."""
    return [(name, one, args) for one in TABLE.values() if requirement in one.ids for name, args in variants(one)]
