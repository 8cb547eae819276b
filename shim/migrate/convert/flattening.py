"""Dense kernels next to a feature map: TensorFlow flattens (height, width, channels), torch (channels, height, width).

The kernel has one shape for both, so nothing but the user, or a description of the model, can say which rows are which.
The same holds for the outputs of a dense layer that are reshaped to a feature map, as in a generator: kernel and bias.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from onevar.migrate.convert import layouts
from onevar.migrate.convert.name_map import NameMap, Problem, Row
from onevar.migrate.convert.spec import ConversionError, matches
from onevar.migrate.convert.words import read

#: A dense layer that puts out fewer places than this is not taken for one that makes a feature map.
_LEAST = 4

Shapes = Mapping[str, Sequence[int] | None]


def settle(name_map: NameMap, flatten: Shapes, unflatten: Shapes) -> None:
    """Give each dense kernel that stands next to a feature map the map's shape, or say that it is needed.

    Args:
        name_map: The map; its rows and problems are changed.
        flatten: The shapes `(height, width, channels)` of maps that are flattened before a dense layer, or None for no
            map; by name or pattern of its kernel, in the source or the target.
        unflatten: The same for dense layers whose outputs become a map.

    Raises:
        ConversionError: A pattern is of no dense kernel.
    """
    if not layouts.crosses(name_map.source_style, name_map.target_style):
        return
    dense = [row for row in name_map.rows if row.rule == "dense"]
    for pattern in [*flatten, *unflatten]:
        if not any(_is(row, pattern) for row in dense):
            raise ConversionError(f"flatten: {pattern!r} is no dense kernel that the conversion transposes.")
    _Settling(name_map, dense).run(flatten, unflatten)


class _Settling:
    def __init__(self, name_map: NameMap, dense: list[Row]):
        self.map = name_map
        self._specs = (name_map.source, name_map.target)
        self.sizes = [_sizes(name_map, row) for row in dense]
        self.channels = _channels(name_map)

    def run(self, flatten: Shapes, unflatten: Shapes) -> None:
        # What a layer that narrows puts out goes into the next dense layer; what one puts out that widens may as well
        # be made a map, as a generator does, and then it says nothing about a layer with as many inputs.
        explained = {columns for rows, columns in self.sizes if columns <= rows}
        for row in [row for row in self.map.rows if row.rule == "dense"]:
            rows, columns = _sizes(self.map, row)
            if "flatten" not in row.options:
                shape = _said(row, flatten)
                if shape is _UNSAID:
                    shape = self._own(row)
                if shape is not _UNSAID:
                    row = self._set(row, "flatten", shape)
                elif rows not in explained and self._map_of(rows):
                    self._demand(row, "flatten", rows, "inputs, which may be a flattened feature map")
            if "unflatten" not in row.options:
                shape = _said(row, unflatten)
                if shape is not _UNSAID:
                    self._set_all(row, shape)
                elif columns > rows and columns >= _LEAST * self._map_of(columns) > 0:
                    self._demand(row, "unflatten", columns, "outputs, which may be reshaped to a feature map")

    def _own(self, row: Row) -> Sequence[int] | None:
        """Return the map that a convolution covers whole, whose kernel is a dense one on the other side.

        It is None, no map, for a convolution of one by one.
        """
        styles = self.map.styles(row)
        for style, name, specs in zip(styles, (row.sources[0], row.targets[0]), self._specs, strict=True):
            spec = specs[name]
            if len(spec.shape) < 4 and not (len(spec.shape) == 3 and (spec.layer or "").startswith("Conv")):
                continue
            common = layouts.LAYOUTS["conv"].common(spec.shape) if style == "torch" else spec.shape
            return None if common is None or max(common[:-2]) == 1 else common[:-1]
        return _UNSAID

    def _set(self, row: Row, key: str, shape: Sequence[int] | None) -> Row:
        if shape is None:
            return row
        new = replace(row, options={**row.options, key: tuple(shape)})
        self.map.rows[self.map.rows.index(row)] = new
        return new

    def _set_all(self, row: Row, shape: Sequence[int] | None) -> None:
        """Set the option for a kernel and for the bias of its layer."""
        unit, outputs = read(row.sources[0]).unit, _sizes(self.map, row)[1]
        self._set(row, "unflatten", shape)
        for other in list(self.map.rows):
            if other.rule != "same" or len(other.sources) != 1 or read(other.sources[0]).unit != unit:
                continue
            if self.map.source[other.sources[0]].shape == (outputs,):
                self._set(other, "unflatten", shape)

    def _map_of(self, size: int) -> int:
        """Return the largest number of channels that a feature map of so many values may have; 0 if it is none."""
        return max((count for count in self.channels if size % count == 0 and size > count), default=0)

    def _demand(self, row: Row, key: str, size: int, what: str) -> None:
        name, count = row.sources[0], self._map_of(size)
        side = round((size // count) ** 0.5)
        example = f"{side},{side},{count}" if side * side * count == size else f"H,W,{count}"
        text = (
            f"{name} has {size} {what} of {size // count} places and {count} channels. TensorFlow lays it out as "
            f"(height, width, channels), torch as (channels, height, width). Say which it is: "
            f"{key}={{{name!r}: ({example})}} (--{key} {name}={example}), or None (--{key} {name}=no) if it is no map."
        )
        self.map.problems.append(Problem("flatten", name, text))


_UNSAID: Sequence[int] = ()


def _said(row: Row, shapes: Shapes) -> Sequence[int] | None:
    return next((shape for pattern, shape in shapes.items() if _is(row, pattern)), _UNSAID)


def _is(row: Row, pattern: str) -> bool:
    return any(matches(name, [pattern]) for name in row.sources + row.targets)


def _channels(name_map: NameMap) -> list[int]:
    """Return how many channels the convolutions take and put out."""
    found: list[int] = []
    for row in name_map.rows:
        if row.rule in ("conv", "depthwise"):
            to_torch = name_map.target_style == "torch"
            shape = (name_map.source[row.sources[0]] if to_torch else name_map.target[row.targets[0]]).shape
            common = layouts.LAYOUTS[row.rule].of_common(shape) or ()
            found += common[-1:] if row.rule == "depthwise" else common[-2:]
    return sorted({length for length in found if length > 1})


def _sizes(name_map: NameMap, row: Row) -> tuple[int, int]:
    """Return a dense kernel's numbers of inputs and outputs."""
    shape, style = name_map.source[row.sources[0]].shape, name_map.source_style
    other = name_map.target[row.targets[0]].shape
    if len(shape) != 2 and len(other) == 2:  # a matrix with its dimensions split: heads, or a convolution over all
        shape, style = other, name_map.target_style
    return (shape[1], shape[0]) if style == "torch" else (shape[0], shape[1])
