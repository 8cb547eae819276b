"""What this machine has, and what crosses between frameworks on it: tried, not assumed.

`onevar doctor` prints it. Each installed framework is imported, and for each pair, dtype and device
a small tensor is made, shared, and its address compared on both sides.
"""

import json as json_format
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

import numpy as np

from onevar import dlpack, exchange
from onevar.adapters.contract import Adapter
from onevar.core import registry
from onevar.dtypes import DTYPES, numpy_dtype
from onevar.errors import CopyRequired

#: Version of the data that `doctor` returns and `--json` prints.
EDITION = 1

#: What an installed framework that does not work raises when it is imported or asked for its devices.
_BROKEN = (AttributeError, ImportError, OSError, RuntimeError, TypeError, ValueError)
_NEEDS_RICH = (
    'onevar doctor needs rich, which is not installed: pip install "onevar[conformance]". '
    "`onevar doctor --json` does without."
)


def doctor() -> dict[str, Any]:
    """Return what is here, and what crosses without a copy.

    Importing all installed frameworks takes seconds, and some of them claim memory of the devices.

    Returns:
        Data that JSON can hold. `frameworks` has one entry for each registered adapter:
        `name`, `module`, `status` (`"found"`, `"missing"`, `"broken"`), `version`, `devices`,
        `lacks`, and `cure` where it is not found. `exchange` has one entry for each ordered pair
        and device: `source`, `target`, `device`, `cells`, which maps each dtype to `outcome`
        (`"zero-copy"`, `"refused"`, `"absent"` where the source has no such tensors, or
        `"wrong"`), `reason` and `cure`.
    """
    frameworks = [_framework(name) for name in registry.known()]
    adapters = [registry.adapter(entry["name"]) for entry in frameworks if entry["status"] == "found"]
    return {
        "edition": EDITION,
        "onevar": metadata.version("onevar"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "default_backend": registry.default_backend(),
        "frameworks": frameworks,
        "dtypes": list(DTYPES),
        "exchange": [
            _pair(source, target, device)
            for source in adapters
            for target in adapters
            if source is not target
            for device in _common_devices(source, target)
        ],
    }


def main(json: bool = False) -> int:
    """Print what `doctor` finds, as a table or as JSON.

    Returns:
        The exit status: 1 if a framework is installed but does not work, or memory crossed wrongly;
        2 if rich is needed and missing.
    """
    if not json:
        try:
            import rich  # noqa: F401 - asked before frameworks are imported for nothing
        except ImportError:
            sys.stderr.write(_NEEDS_RICH + "\n")
            return 2
    data = doctor()
    if json:
        sys.stdout.write(json_format.dumps(data, indent=1) + "\n")
    else:
        render(data)
    return int(is_ill(data))


def is_ill(data: Mapping[str, Any]) -> bool:
    """Whether the data of `doctor` has a framework that does not work, or memory that crossed wrongly."""
    return any(f["status"] == "broken" for f in data["frameworks"]) or any(
        cell["outcome"] == "wrong" for pair in data["exchange"] for cell in pair["cells"].values()
    )


# -- finding out ------------------------------------------------------------------------------------


def _framework(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "status": "missing", "version": "", "devices": [], "lacks": {}, "cure": ""}
    try:
        found = registry.adapter(name)
        entry.update(
            status="found",
            version=getattr(sys.modules.get(found.module), "__version__", ""),
            devices=list(found.devices()),
            lacks=dict(found.lacks),
        )
    except _BROKEN as error:
        # FrameworkMissing is an ImportError that says what to install.
        entry["status"] = "broken" if name in registry.installed() else "missing"
        entry["cure"] = f"{type(error).__name__}: {error}" if entry["status"] == "broken" else _advice(str(error))
    return entry


def _advice(message: str) -> str:
    return message.partition(". Installed here")[0]


def _common_devices(source: Adapter, target: Adapter) -> list[str]:
    """Return one device of each kind that both have; the host always, because memory there may be lent."""
    there = set(target.devices())
    first: dict[str, str] = {}
    for device in source.devices():
        if device in there:
            first.setdefault(device.partition(":")[0], device)
    return list(first.values())


def _pair(source: Adapter, target: Adapter, device: str) -> dict[str, Any]:
    cells = {dtype: _cell(source, target, device, dtype) for dtype in DTYPES}
    return {"source": source.name, "target": target.name, "device": device, "cells": cells}


def _cell(source: Adapter, target: Adapter, device: str, dtype: str) -> dict[str, str]:
    values = dlpack.aligned_copy((np.arange(16) % 2).astype(numpy_dtype(dtype)))
    try:
        x = source.convert(values, dtype, device)
    except _BROKEN:
        return {"outcome": "absent", "reason": f"{source.name} has no such tensors as it is configured now", "cure": ""}
    try:
        y = exchange.share(x, target.name)
    except CopyRequired as error:
        return {"outcome": "refused", "reason": error.reason, "cure": error.cure}
    return {"outcome": "zero-copy", "reason": "", "cure": ""} if _same(source, x, target, y) else _wrong(source, target)


def _same(source: Adapter, x: Any, target: Adapter, y: Any) -> bool:
    return (
        source.spec(x) == target.spec(y)
        and _address(source, x) == _address(target, y)
        and bool((source.to_numpy(x) == target.to_numpy(y)).all())
    )


def _wrong(source: Adapter, target: Adapter) -> dict[str, str]:
    reason = f"what {target.name} got is not what {source.name} shared: another address, dtype or other values"
    return {"outcome": "wrong", "reason": reason, "cure": "Report it, with the output of `onevar doctor --json`"}


def _address(adapter: Adapter, x: Any) -> int:
    if adapter.spec(x).device.startswith("cpu"):
        return dlpack.address(adapter.lend(x))
    return dlpack.data(adapter.export(x).__dlpack__())


# -- showing it -------------------------------------------------------------------------------------

_MARKS = {"found": "[green]✓[/]", "missing": "[dim]-[/]", "broken": "[bold red]✗[/]"}
_COLORS = {"wrong": "bold red", "refused": "yellow", "absent": "dim"}


def render(data: Mapping[str, Any], console: Any = None) -> None:
    """Print the data of `doctor` as tables, as wide as the terminal.

    Args:
        data: What `doctor` returned.
        console: A `rich.console.Console`; None writes to standard output.

    Raises:
        ImportError: rich is not installed; the message says what to install.
    """
    try:
        from rich.console import Console
    except ImportError as error:
        raise ImportError(_NEEDS_RICH) from error
    console = console or Console(highlight=False)
    console.print(f"[bold]onevar {data['onevar']}[/]  Python {data['python']}  {data['platform']}")
    console.print(f"default backend: {data['default_backend']}\n\n[bold]Frameworks[/]")
    console.print(_frameworks(data["frameworks"]))
    lacks = [(entry["name"], f"{name}: {why}") for entry in data["frameworks"] for name, why in entry["lacks"].items()]
    if lacks:
        console.print("[bold]What they lack[/]")
        console.print(_lines((name, "", text) for name, text in lacks))
    for device in dict.fromkeys(pair["device"] for pair in data["exchange"]):
        pairs = [pair for pair in data["exchange"] if pair["device"] == device]
        console.print(
            f"[bold]Exchange on {device}[/]: how many of {len(data['dtypes'])} dtypes cross over one memory, tried"
        )
        console.print(_matrix(pairs))
        console.print(_lines(_remarks(pairs)))


def _table() -> Any:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE, pad_edge=False)


def _lines(rows: Iterable[tuple[str, str, str]]) -> Any:
    """Return a word, its color, and a sentence, as two columns with the sentences aligned."""
    from rich.markup import escape
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for word, color, text in rows:
        grid.add_row(f"[{color}]{escape(word)}[/]" if color else escape(word), escape(text))
    grid.add_row("", "")
    return grid


def _frameworks(frameworks: Iterable[Mapping[str, Any]]) -> Any:
    from rich.markup import escape

    table = _table()
    for title in ("", "backend", "version"):
        table.add_column(title, no_wrap=True)
    table.add_column("devices", overflow="fold")
    for entry in frameworks:
        table.add_row(
            _MARKS[entry["status"]],
            escape(entry["name"]),
            escape(entry["version"]) or entry["status"],
            escape(", ".join(entry["devices"]) or entry["cure"]),
        )
    return table


def _matrix(pairs: list[Mapping[str, Any]]) -> Any:
    names = list(dict.fromkeys(pair["source"] for pair in pairs))
    found = {(pair["source"], pair["target"]): pair["cells"] for pair in pairs}
    table = _table()
    table.add_column("from \\ to", no_wrap=True)
    for target in names:
        table.add_column(target, justify="center", no_wrap=True)
    for source in names:
        table.add_row(source, *(_count(found.get((source, target))) for target in names))
    return table


def _count(cells: Mapping[str, Mapping[str, str]] | None) -> str:
    if cells is None:
        return "[dim]·[/]"
    outcomes = [cell["outcome"] for cell in cells.values()]
    shared, present = outcomes.count("zero-copy"), len(outcomes) - outcomes.count("absent")
    if "wrong" in outcomes:
        return f"[bold red]✗ {outcomes.count('wrong')} wrong[/]"
    return f"[green]✓ {shared}[/]" if shared == present else f"[yellow]{shared} of {present}[/]"


def _remarks(pairs: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield each reason why something does not cross, once, with all that it is true of."""
    dtypes: dict[tuple[str, str, str, str, str], list[str]] = {}
    for pair in pairs:
        for dtype, cell in pair["cells"].items():
            if cell["outcome"] != "zero-copy":
                target = "" if cell["outcome"] == "absent" else pair["target"]
                reason = cell["reason"].replace(dtype, "them")
                dtypes.setdefault((pair["source"], target, cell["outcome"], reason, cell["cure"]), []).append(dtype)
    sources: dict[tuple[str, str, str, str, str], list[str]] = {}
    for (source, *rest), names in dtypes.items():
        target, outcome, reason, cure = rest
        sources.setdefault((target, outcome, reason, cure, ", ".join(dict.fromkeys(names))), []).append(source)
    for (target, outcome, reason, cure, found), origins in sources.items():
        way = ", ".join(dict.fromkeys(origins)) + (f" → {target}" if target else "")
        yield outcome, _COLORS[outcome], f"{way}: {reason}. {cure + '. ' if cure else ''}({found})"
    if not dtypes:
        yield "✓", "green", "Everything crosses without a copy."
