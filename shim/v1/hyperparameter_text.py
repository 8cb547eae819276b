"""Settings on the command line: `"name=value,name=[value,value],name[index]=value"`."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from onevar.v1.export import export

_SETTING = re.compile(
    r"(?P<name>[a-zA-Z][\w.]*)(\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
    r"((?P<value>[^,\[]*)|\[(?P<values>[^\]]*)\])($|,\s*)"
)
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


@export("contrib.training.parse_values")
def parse_values(values: str, type_map: Mapping[str, Callable[[str], Any]], ignore_unknown: bool = False) -> dict:
    """Return what a line says.

    Args:
        values: The line.
        type_map: The types by name.
        ignore_unknown: Whether names without a type are passed over.

    Returns:
        By name: a value; a list; a dictionary by index, where single elements are given.

    Raises:
        ValueError: The line cannot be read, names what has no type, or the same thing twice.
    """
    found: dict[str, Any] = {}
    position = 0
    while position < len(values):
        match = _SETTING.match(values, position)
        if match is None:
            raise ValueError(f"Malformed hyperparameter value: {values[position:]}")
        position = match.end()
        name = match["name"]
        if name not in type_map:
            if ignore_unknown:
                continue
            raise ValueError(f"Unknown hyperparameter type for {name}")
        _add(found, _Reader(name, type_map[name], values), match)
    return found


class _Reader:
    """Reads the values of one setting."""

    def __init__(self, name: str, kind: Any, line: str):
        self.name, self._kind, self._line = name, kind, line

    def __call__(self, text: str, whole: str) -> Any:
        """Return the value that a text means; `whole` is what the error shows."""
        try:
            if self._kind is bool:
                return _BOOLEANS[text] if text in _BOOLEANS else bool(int(text))
            return self._kind(text)
        except ValueError:
            raise ValueError(
                f"Could not parse hparam '{self.name}' of type '{self._kind.__name__}' with value '{whole}' in "
                f"{self._line}"
            ) from None

    def twice(self, name: str) -> NoReturn:
        """Raise that something is given twice."""
        raise ValueError(f"Multiple assignments to variable '{name}' in {self._line}")


def _add(found: dict[str, Any], read: _Reader, match: re.Match[str]) -> None:
    name, index, text, texts = read.name, match["index"], match["value"], match["values"]
    if text is None:
        if index is not None:
            raise ValueError("Assignment of a list to a list index.")
        if name in found:
            read.twice(name)
        found[name] = [read(one, texts) for one in re.split("[ ,]", texts) if one]
        return
    value = read(text, text)
    if index is None:
        if name in found:
            read.twice(name)
        found[name] = value
        return
    elements = found.setdefault(name, {})
    if not isinstance(elements, dict):
        read.twice(name)
    if int(index) in elements:
        read.twice(f"{name}[{int(index)}]")
    elements[int(index)] = value
