"""Tensors that a torch module or file has under two names: a decoder's matrix that is the embedding."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from onevar.migrate.convert.name_map import Row
from onevar.migrate.convert.spec import ConversionError, Spec


class Ties:
    """The names of one side that stand for one tensor.

    Args:
        specs: All tensors of the side.
    """

    def __init__(self, specs: Mapping[str, Spec]):
        self.first = {name: spec.tied for name, spec in specs.items() if spec.tied is not None and spec.tied in specs}
        self._groups: dict[str, list[str]] = {}
        for name, first in self.first.items():
            self._groups.setdefault(first, [first]).append(name)

    def group(self, name: str) -> list[str]:
        """Return all names of a tensor, in order.

        Args:
            name: One of them.
        """
        return self._groups.get(self.first.get(name, name), [name])

    def spare(self, taken: Iterable[str] = ()) -> set[str]:
        """Return the names that need no partner of their own, because another one of the tensor's has it.

        Args:
            taken: Names that have a partner already.
        """
        known = set(taken)
        out: set[str] = set()
        for names in self._groups.values():
            chosen = next((name for name in names if name in known), names[0])
            out |= {name for name in names if name != chosen}
        return out

    def rows(self, rows: Iterable[Row], done: Iterable[str]) -> list[Row]:
        """Return rows for the other names of targets.

        Args:
            rows: Those of the map.
            done: Targets that are accounted for.

        Raises:
            ConversionError: Two sources would go into one tensor.
        """
        known = [row for row in rows if len(row.targets) == 1]
        sources = {row.targets[0]: row.sources for row in known}
        out = []
        for row in known:
            for name in self.group(row.targets[0]):
                if name != row.targets[0] and name in sources and sources[name] != row.sources:
                    raise ConversionError(
                        f"{row.targets[0]} and {name} are one tensor, and {row.sources[0]} and {sources[name][0]} are "
                        "two: untie them in the target, or leave one out of the map."
                    )
                if name not in sources and name not in done:
                    out.append(replace(row, targets=(name,), why="tied"))
                    sources[name] = row.sources
        return out
