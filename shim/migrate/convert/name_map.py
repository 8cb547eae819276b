"""A name map: which tensors of the source become which of the target, by which rule; as rows, as arrays, as a file."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from onevar.migrate.convert import layouts, recurrent
from onevar.migrate.convert.spec import ConversionError, Spec

#: Rules that need no source, and the number that they fill the target with.
FILLS = {"zeros": 0, "ones": 1}
#: The rule of a counter of steps whose number is in the row.
STEPS = "steps"
_HEADER = "# source\ttarget\trule\twhy"
_JOIN = " + "
#: Problems that an error lists.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Row:
    """Tensors of the source that become tensors of the target.

    Attributes:
        sources: Their names; none for `zeros` and `ones`.
        targets: Theirs.
        rule: A name of `layouts.LAYOUTS`, of `recurrent.GATES`, or of `FILLS`; or `STEPS`.
        why: How they were found to belong together.
        source_parts: What each source is to a recurrent cell.
        target_parts: What each target is to it.
        options: Of the rule: `flatten`, `unflatten`, `forget_bias`, `factor`, `steps`.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    rule: str
    why: str = ""
    source_parts: tuple[str, ...] = ()
    target_parts: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{_JOIN.join(self.sources) or '-'} -> {_JOIN.join(self.targets)} ({self.rule})"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that has to be said before the conversion can be done.

    Attributes:
        kind: `"unmatched"`, `"missing"`, `"ambiguous"`, `"shape"`, `"layout"`, `"flatten"` or `"cell"`.
        name: Of the tensor that it is about.
        text: What is the matter, and what to do.
    """

    kind: str
    name: str
    text: str


class MappingError(ConversionError):
    """Tensors that are not matched, or not without guessing.

    Attributes:
        problems: Each of them.
    """

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        shown = "\n".join(f"  {problem.text}" for problem in self.problems[:_SHOWN])
        if len(self.problems) > _SHOWN:
            shown += f"\n  ... and {len(self.problems) - _SHOWN} more"
        super().__init__(f"{len(self.problems)} tensors are not accounted for; nothing was written:\n{shown}")

    def __reduce__(self) -> tuple:
        return type(self), (self.problems,)


@dataclass(slots=True)
class NameMap:
    """What becomes what.

    Attributes:
        rows: The conversions.
        source: The source's tensors.
        target: The target's tensors.
        source_style: One of `STYLES`.
        target_style: One of `STYLES`.
        left_out: Tensors of the source that the target has no place for, and why.
        kept: Tensors of the target that keep what they have, and why.
        problems: What is not accounted for; empty in a map that can be used.
        notes: What the user should know, a sentence each.
    """

    rows: list[Row]
    source: Mapping[str, Spec]
    target: Mapping[str, Spec]
    source_style: str = "tf1"
    target_style: str = "keras"
    left_out: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def styles(self, row: Row) -> tuple[str, str]:
        """Return the conventions that a row's tensors are in, the source's and the target's."""
        mine = self.source[row.sources[0]].style if row.sources else None
        return mine or self.source_style, self.target[row.targets[0]].style or self.target_style

    def check(self) -> "NameMap":
        """Return the map itself.

        Raises:
            MappingError: Something is not accounted for.
        """
        if self.problems:
            raise MappingError(self.problems)
        return self

    def apply(self, values: Mapping[str, Any] | Callable[[str], Any]) -> dict[str, np.ndarray]:
        """Return the target's tensors, by name; what `kept` lists is not among them.

        Args:
            values: The source's arrays by name, or a function that returns one.

        Raises:
            ConversionError: A rule does not do for what it was written at, in a map edited by hand, say.
        """
        out: dict[str, np.ndarray] = {}
        for row in self.rows:
            out |= self.convert(row, values)
        return out

    def convert(self, row: Row, values: Mapping[str, Any] | Callable[[str], Any]) -> dict[str, np.ndarray]:
        """Return the targets of one row.

        Args:
            row: Of the map.
            values: The source's arrays by name, or a function that returns one.

        Raises:
            ConversionError: The rule does not do for these tensors.
        """
        read = values if callable(values) else values.__getitem__
        try:
            made = self._made(row, [np.asarray(read(name)) for name in row.sources])
            return {name: _cast(array, self.target[name]) for name, array in made.items()}
        except ConversionError as error:
            raise ConversionError(f"{row}: {error}.") from error

    def _made(self, row: Row, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        shapes = [self.target[name].shape for name in row.targets]
        source_style, target_style = self.styles(row)
        if row.rule in FILLS:
            return {
                name: np.full(shape, FILLS[row.rule], dtype_of(self.target[name].dtype))
                for name, shape in zip(row.targets, shapes, strict=True)
            }
        if row.rule == STEPS:
            return {row.targets[0]: np.asarray(row.options["steps"])}
        if "factor" in row.options:
            arrays = [array * np.asarray(row.options["factor"], array.dtype) for array in arrays]
        if row.rule in layouts.LAYOUTS:
            feature_maps = [tuple(row.options.get(key, ())) for key in ("flatten", "unflatten")]
            made = layouts.apply(row.rule, arrays[0], shapes[0], source_style, target_style, *feature_maps)
            return {row.targets[0]: made}
        if source_style == target_style:
            return self._same_cell(row, arrays)
        forget = row.options.get("forget_bias")
        cell = recurrent.read(row.rule, source_style, dict(zip(row.source_parts, arrays, strict=True)), forget)
        written = recurrent.write(cell, target_style, row.target_parts, forget)
        ordered = [written[part] for part in row.target_parts]
        return {
            name: layouts.fitted(array, shape) for name, array, shape in zip(row.targets, ordered, shapes, strict=True)
        }

    def _same_cell(self, row: Row, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Return the tensors of a cell that is written the same way on both sides."""
        if set(row.source_parts) != set(row.target_parts):
            raise ConversionError(f"a cell of {', '.join(row.source_parts)} is none of {', '.join(row.target_parts)}")
        found = dict(zip(row.source_parts, arrays, strict=True))
        pairs = zip(row.targets, row.target_parts, strict=True)
        return {name: layouts.fitted(found[part], self.target[name].shape) for name, part in pairs}

    def to_text(self) -> str:
        """Return the map as a file: a row a line, with tabs between source, target, rule and why.

        A tensor left out has `-` for a target; one that keeps what it has, `-` for a source.
        """
        lines = [_HEADER, f"# {self.source_style} to {self.target_style}"]
        for row in self.rows:
            sources = _joined(row.sources, row.source_parts)
            lines.append(f"{sources}\t{_joined(row.targets, row.target_parts)}\t{_rule(row)}\t{row.why}")
        lines += [f"{name}\t-\tskip\t{why}" for name, why in self.left_out.items()]
        lines += [f"-\t{name}\tkeep\t{why}" for name, why in self.kept.items()]
        lines += [f"# {problem.text}" for problem in self.problems]
        return "\n".join(lines) + "\n"


def dtype_of(name: str) -> np.dtype:
    """Return NumPy's dtype of a name; those that NumPy lacks are `ml_dtypes`'."""
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name, None) or name)


def _cast(array: np.ndarray, spec: Spec) -> np.ndarray:
    wanted = np.dtype(object) if spec.dtype == "string" else dtype_of(spec.dtype)
    if array.dtype == wanted:
        return array
    if _kind(array.dtype) != _kind(wanted):
        raise ConversionError(f"it is of {array.dtype}, and {wanted} is wanted: these are different kinds of number")
    with np.errstate(over="ignore"):
        out = array.astype(wanted)
    if np.issubdtype(wanted, np.integer) and not np.array_equal(out, array):
        raise ConversionError(f"its values do not fit into {wanted}")
    if _kind(wanted) == "f" and np.any(np.isinf(out) & ~np.isinf(array)):
        raise ConversionError(f"it has values that {wanted} cannot hold")
    return out


def _kind(dtype: np.dtype) -> str:
    """Return the kind of number; NumPy takes those of ml_dtypes for bytes."""
    if dtype.kind == "V" or "float" in dtype.name:
        return "f"
    return "i" if dtype.kind in "iu" else dtype.kind


def _joined(names: tuple[str, ...], parts: tuple[str, ...]) -> str:
    if not names:
        return "-"
    shown = [f"{part}={name}" for part, name in zip(parts, names, strict=True)] if parts else names
    return _JOIN.join(shown)


def _rule(row: Row) -> str:
    def text(value: Any) -> str:
        return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)

    return " ".join([row.rule, *(f"{key}={text(value)}" for key, value in row.options.items())])


# From a file.


@dataclass(slots=True)
class Given:
    """What a file says of a map.

    Attributes:
        rows: The conversions.
        skip: Names of the source to leave out.
        keep: Names of the target that keep what they have.
    """

    rows: list[Row] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)


def read_map(path: str | os.PathLike[str]) -> Given:
    """Return what a file in the form of `NameMap.to_text` says. The columns `rule` and `why` may be left out.

    Args:
        path: Of the file.

    Raises:
        ConversionError: A line is not of that form.
        OSError: The file cannot be read.
    """
    given = Given()
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip() and not line.startswith("#"):
                _take(given, line.rstrip("\n"), f"{os.fspath(path)}:{number}")
    return given


def given_map(names: Mapping[str, str]) -> Given:
    """Return what a mapping from source names to target names says; None for a target leaves the source out."""
    given = Given()
    for source, target in names.items():
        if target is None:
            given.skip.append(source)
        else:
            given.rows.append(Row((source,), (target,), "", "map"))
    return given


def expanded(row: Row, names: Iterable[str]) -> list[Row]:
    """Return the rows that a row with stars stands for: what each star of the source is, the target's stars are.

    Args:
        row: Of the user's: `block_*/dense/kernel` to `layers.*.fc.weight`.
        names: The source's tensors.

    Raises:
        ConversionError: It is of no tensor, or the sides have different numbers of stars.
    """
    if len(row.sources) != 1 or "*" not in row.sources[0]:
        return [row]
    source, target = row.sources[0], row.targets[0]
    if len(row.targets) != 1 or source.count("*") != target.count("*"):
        raise ConversionError(f"{row}: both sides need as many stars.")
    pattern = re.compile("([^/.]*)".join(re.escape(part) for part in source.split("*")))
    out = []
    for name in names:
        found = pattern.fullmatch(name)
        if found is not None:
            pieces = target.split("*")
            new = pieces[0] + "".join(f"{star}{piece}" for star, piece in zip(found.groups(), pieces[1:], strict=True))
            out.append(replace(row, sources=(name,), targets=(new,)))
    if not out:
        raise ConversionError(f"{row}: no tensor of the source is called like that.")
    return out


def _take(given: Given, line: str, where: str) -> None:
    columns = [column.strip() for column in line.split("\t")]
    if len(columns) < 2:
        raise ConversionError(f"{where}: a line of a map is SOURCE<tab>TARGET<tab>RULE, and this one is {line!r}.")
    source, target, *rest = columns
    rule, options = _parsed(rest[0] if rest else "", where)
    if source == "-" and target == "-":
        raise ConversionError(f"{where}: neither a source nor a target.")
    if target == "-":
        given.skip.append(source)
    elif source == "-" and rule not in FILLS:
        given.keep.append(target)
    else:
        sources, source_parts = _split("" if source == "-" else source)
        targets, target_parts = _split(target)
        given.rows.append(Row(sources, targets, rule, "map", source_parts, target_parts, options))


def _split(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names, parts = [], []
    for piece in text.split(_JOIN) if text else []:
        part, equals, name = piece.partition("=")
        names.append(name if equals else piece)
        parts += [part] if equals else []
    return tuple(names), tuple(parts)


def _parsed(text: str, where: str) -> tuple[str, dict[str, Any]]:
    rule, *options = text.split() if text else [""]
    known = {*layouts.LAYOUTS, *recurrent.GATES, *FILLS, STEPS, "", "skip", "keep"}
    if rule not in known:
        raise ConversionError(f"{where}: there is no rule {rule!r}. The rules: {', '.join(sorted(known - {''}))}.")
    out: dict[str, Any] = {}
    for option in options:
        key, _, value = option.partition("=")
        try:
            if key in ("flatten", "unflatten"):
                out[key] = tuple(int(length) for length in value.split(","))
            elif key in ("forget_bias", "factor"):
                out[key] = float(value)
            elif key == "steps":
                out[key] = int(value)
            else:
                raise ConversionError(
                    f"{where}: rules have no option {key!r}; there are flatten=H,W,C and unflatten=, forget_bias=X."
                )
        except ValueError as error:
            if isinstance(error, ConversionError):
                raise
            raise ConversionError(f"{where}: {option!r} is no value of that option.") from error
    return rule, out
