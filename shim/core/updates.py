"""Updates of variables in place, by rules that a framework has for all variables of a step at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from onevar.adapters.contract import Adapter
from onevar.cell import Cell, write_together
from onevar.core.state import StateRef


def in_place(kind: str, groups: Sequence[Sequence[StateRef]], grads: Sequence[Any], hyper: Mapping[str, Any]) -> bool:
    """Update variables and their slots by one of `Adapter.updates`.

    Args:
        kind: What the op types have in common: `Adam`.
        groups: For each variable itself and its slots, of one dtype, on one device; none is there twice.
        grads: For each variable the gradient, of its shape.
        hyper: Hyperparameters by the op's names: Python numbers where they are known, or scalar tensors.

    Returns:
        Whether it was done; nothing has been changed otherwise.
    """
    adapter: Adapter = groups[0][0].slot.adapter
    rule = adapter.updates.get(kind)
    if rule is None or not all(map(adapter.owns, grads)):
        return False
    cells: list[Cell] = []
    for group in groups:
        for ref in group:
            cell = ref.cell_in_place()
            if cell is None:
                return False
            cells.append(cell)
    given = [adapter.stop_gradient(grad) for grad in grads]
    width = len(groups[0])

    def run(natives: Sequence[Any]) -> bool:
        return rule([natives[at::width] for at in range(width)], given, hyper)

    return write_together(cells, run)
