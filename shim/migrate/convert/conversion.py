"""`convert` and `load_into`: from one file or model to another, or not at all."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from onevar.migrate.convert import formats, writers
from onevar.migrate.convert.described import feature_maps, renumbered
from onevar.migrate.convert.finishing import finish
from onevar.migrate.convert.matching import BY_ORDER
from onevar.migrate.convert.models import Model
from onevar.migrate.convert.name_map import Given, NameMap, Problem, dtype_of, given_map, read_map
from onevar.migrate.convert.names import infer
from onevar.migrate.convert.naming import named
from onevar.migrate.convert.slots import add_slots
from onevar.migrate.convert.source import Source
from onevar.migrate.convert.spec import STYLES, ConversionError, Spec, style_of
from onevar.migrate.convert.words import parts_of
from onevar.migrate.convert.writing import replacing

Shapes = Mapping[str, Sequence[int] | None]
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Options:
    """How to convert; the arguments of `convert` of these names.

    Attributes:
        names: The map, or what is known of it.
        skip: Tensors of the source to leave out.
        keep: Tensors of the target that keep what they have.
        rules: Rules of tensors.
        by_order: Whether order decides where nothing else does.
        averages: Whether moving averages are taken instead of weights.
        forget_bias: What TensorFlow 1's LSTM cells add to their forget gate.
        flatten: Feature maps that are flattened before dense layers.
        unflatten: Feature maps that dense layers' outputs become.
        dtype: Of floating-point tensors in the target.
        source_style: Convention of the source.
        target_style: Convention of the target.
    """

    names: Any = None
    skip: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    by_order: bool = False
    averages: bool = False
    forget_bias: float | None = None
    flatten: Shapes = field(default_factory=dict)
    unflatten: Shapes = field(default_factory=dict)
    dtype: str | None = None
    source_style: str | None = None
    target_style: str | None = None


@dataclass(slots=True)
class Report:
    """What a conversion did.

    Attributes:
        source: Where the tensors came from.
        target: Where they are now.
        kind: The target's format.
        name_map: What became what, and what was left out or kept.
        notes: What the user should know, a sentence each.
        written: Whether the target was written; not with `dry_run`.
    """

    source: str
    target: str
    kind: str
    name_map: NameMap
    notes: list[str] = field(default_factory=list)
    written: bool = False

    @property
    def tensors(self) -> int:
        """How many tensors of the target come from the source."""
        return sum(len(row.targets) for row in self.name_map.rows if row.sources)


def convert(
    source: Any,
    target: str | os.PathLike[str],
    *,
    like: Any = None,
    names: Any = None,
    skip: Iterable[str] = (),
    keep: Iterable[str] = (),
    rules: Mapping[str, str] | None = None,
    by_order: bool = False,
    averages: bool = False,
    forget_bias: float | None = None,
    flatten: Shapes | None = None,
    unflatten: Shapes | None = None,
    dtype: str | None = None,
    force: bool = False,
    dry_run: bool = False,
    source_format: str | None = None,
    target_format: str | None = None,
    source_style: str | None = None,
    target_style: str | None = None,
    key: str | None = None,
    map_out: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Convert a checkpoint or a file of weights into another format and layout.

    Args:
        source: A path (a checkpoint's prefix or folder, `.npz`, `.safetensors`, `.pt`, `.weights.h5`, `.keras`, `.h5`,
            a frozen `.pb`), a mapping from names to arrays, a Keras model, a torch module, or `"module:factory"`.
        target: The path to write; its ending says the format, and without a known one it is a checkpoint's prefix.
        like: What says the target's names and shapes: a file, a model, or `"module:factory"`. Without it they get the
            names that the target's framework would give.
        names: A map: the path of a file, a `Given`, or a mapping from the source's names to the target's.
        skip: Names or patterns of the source that need no place in the target.
        keep: Names or patterns of the target that keep what `like` has.
        rules: Rules, names of `layouts.LAYOUTS`, of tensors by name or pattern, where a shape has two meanings.
        by_order: Whether tensors that nothing else tells apart belong together in the order in which they are given.
        averages: Whether a weight's exponential moving average is taken instead of it.
        forget_bias: What TensorFlow 1's LSTM cells add to their forget gate: 1.0 unless the program says otherwise.
        flatten: For dense kernels behind a flattened feature map, the map's `(height, width, channels)`; None for one
            that is not. By name or pattern.
        unflatten: The same for dense layers whose outputs are reshaped to a feature map.
        dtype: Of floating-point tensors in the target; None keeps theirs, or takes `like`'s.
        force: Whether a target that is there is replaced.
        dry_run: Whether nothing is written.
        source_format: The source's format, of `formats.FORMATS`, if its name does not say it.
        target_format: The target's.
        source_style: The convention of the source's layers, `"tf1"`, `"keras"` or `"torch"`, if it is not seen.
        target_style: The target's.
        key: Of a torch file that holds several sets of tensors: which.
        map_out: Where to write the map, problems and all, before anything else.
        progress: Called with the number of tensors written, and of all.

    Returns:
        What was done.

    Raises:
        MappingError: Tensors are not accounted for; nothing was written.
        ConversionError: Something else cannot be done; nothing was written.
        FileExistsError: The target is there, and not `force`.
        OSError: A file could not be read or written; what was there before is as it was.
        OpError: The same, of a checkpoint's files.
    """
    options = Options(
        names, tuple(skip), tuple(keep), rules or {}, by_order, averages, forget_bias, flatten or {}, unflatten or {},
        dtype, source_style, target_style,
    )  # fmt: skip
    kind = target_format or formats.format_of(target)
    if target_format is None and kind == "checkpoint":
        formats.check_ending(target)
    _check_dtype(dtype)
    writers.check_target(Path(target), kind, like, force)
    with formats.open_source(source, source_format, key) as opened:
        model = None if like is None else formats.open_source(like)
        try:
            name_map = _map(opened, model, kind, options)
            if map_out is not None:
                with replacing(map_out) as temporary:
                    temporary.write_text(name_map.to_text(), encoding="utf-8")
            report = Report(opened.path, os.fspath(target), kind, name_map.check())
            report.notes = [*opened.notes, *name_map.notes]
            if not dry_run:
                made = _Made(name_map, opened, progress)
                writers.write(Path(target), kind, name_map, made.read, model)
                report.written = True
            return report
        finally:
            if model is not None and model is not like:
                model.close()


def _check_dtype(name: str | None) -> None:
    try:
        known = name is None or "float" in dtype_of(name).name
    except TypeError:
        known = False
    if not known:
        raise ConversionError(
            f"dtype={name!r} (--dtype {name}) is none of floating-point numbers: float16, bfloat16, .."
        )


def load_into(model: Any, source: Any, **options: Any) -> Report:
    """Load a checkpoint into a model in memory, a Keras 3 model on any backend or a torch module.

    Every variable gets its value, or none does: what does not match is an error.

    Args:
        model: The model, built.
        source: What `convert` takes for one.
        **options: Those of `convert` that are not about files: `names`, `skip`, `keep`, `rules`, `by_order`,
            `averages`, `forget_bias`, `flatten`, `unflatten`, `source_style`, and `source_format`, `key`.

    Returns:
        What was done.

    Raises:
        MappingError: Tensors are not accounted for; the model is as it was.
        ConversionError: Something else cannot be done; the model is as it was.
        OSError: The source cannot be read.
        OpError: The same, of a checkpoint's files.
    """
    kind, key = options.pop("source_format", None), options.pop("key", None)
    known = {each.name for each in fields(Options)} - {"dtype"}
    if unknown := options.keys() - known:
        raise TypeError(f"load_into has no {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    for name in ("skip", "keep"):
        options[name] = tuple(options.get(name, ()))
    target = formats.open_source(model)
    if not isinstance(target, Model):
        raise ConversionError(f"{type(model).__name__} is no model of Keras 3 and no torch module.")
    with formats.open_source(source, kind, key) as opened:
        name_map = _map(opened, target, "", Options(**options)).check()
        target.assign(name_map.apply(opened.read))
        return Report(opened.path, target.path, target.kind, name_map, [*opened.notes, *name_map.notes], True)


def map_of(source: Source, like: Source | None, kind: str, options: Options) -> NameMap:
    """Return the map of a conversion, its problems in it.

    Args:
        source: The source.
        like: What says the target's names and shapes.
        kind: The target's format.
        options: How to convert.
    """
    return _map(source, like, kind, options)


def _map(source: Source, like: Source | None, kind: str, options: Options) -> NameMap:
    source_style = options.source_style or source.style or style_of(source.specs)
    given = _given(options.names)
    options = _with_forget_bias(options, source, like)
    target_style = options.target_style or (like.style if like is not None else None)
    if like is None:
        name_map = _named(source, source_style, target_style or formats.STYLE_OF.get(kind, source_style), kind, options)
        if given.rows or given.keep:
            name_map = _renamed(name_map, source, given, options)
    else:
        target_style = target_style or style_of(like.specs)
        name_map = _inferred(source, source_style, like, target_style, given, options)
        _check_order(name_map, source, like)
        add_slots(name_map, source, like)
    _say_dtypes(name_map)
    _say_layers(name_map)
    return name_map


def _with_forget_bias(options: Options, source: Source, like: Source | None) -> Options:
    """Take the forget gates' constant from the graph beside a checkpoint, if all cells there have one and the same."""
    found = source.forget_biases | (frozenset() if like is None else like.forget_biases)
    if options.forget_bias is not None or len(found) != 1:
        return options
    return replace(options, forget_bias=next(iter(found)))


def _inferred(
    source: Source, source_style: str, like: Source, target_style: str, given: Given, options: Options
) -> NameMap:
    """Return the map to a described target, with layers of Keras in the order in which they are computed."""
    maps = [feature_maps(side, style) for side, style in ((source, source_style), (like, target_style))]
    target = {name: _with_dtype(spec, options.dtype) for name, spec in like.specs.items()}

    def made(mine: Mapping[str, Spec], yours: Mapping[str, Spec]) -> NameMap:
        return infer(
            mine, yours, source_style=source_style, target_style=target_style, given=given,
            skip=options.skip, keep=options.keep, rules=options.rules, by_order=options.by_order,
            averages=options.averages, forget_bias=options.forget_bias,
            flatten={**maps[0].flatten, **maps[1].flatten, **options.flatten},
            unflatten={**maps[0].unflatten, **maps[1].unflatten, **options.unflatten}, strict=False,
        )  # fmt: skip

    by_name = made(source.specs, target)
    if source_style == target_style:
        return by_name
    sides = [renumbered(side, style) for side, style in ((source, source_style), (like, target_style))]
    if not any(sides):
        return by_name
    computed = made(_read_as(source.specs, sides[0]), _read_as(target, sides[1]))
    if "torch" in (source_style, target_style) or (by_name.problems and not computed.problems):
        return computed
    return by_name if computed.problems else _agreed(by_name, computed)


def _read_as(specs: Mapping[str, Spec], names: Mapping[str, str]) -> dict[str, Spec]:
    return {name: replace(spec, read_as=names.get(name, spec.read_as)) for name, spec in specs.items()}


def _agreed(by_name: NameMap, computed: NameMap) -> NameMap:
    """Return the map by the order of computation, or that by name with problems, where layers have equal names."""
    other = {row.targets: row for row in computed.rows}
    clash = [
        (row, other[row.targets])
        for row in by_name.rows
        if row.why != "map" and row.targets in other and other[row.targets].sources != row.sources
    ]
    if not any(parts_of(row.sources[0])[:-1] == parts_of(row.targets[0])[:-1] for row, _ in clash if row.sources):
        return computed
    for row, found in clash:
        name, target = (row.sources or ("-",))[0], row.targets[0]
        text = (
            f"{target} is {name} by its name, and {(found.sources or ('-',))[0]} by the order in which layers are "
            "computed: Dense(..)(Dense(..)(x)) makes the outer layer first, so that Keras numbers it first. Say which "
            f"in a map: {name}<tab>{target}."
        )
        by_name.problems.append(Problem("ambiguous", name, text))
    return by_name


def _check_order(name_map: NameMap, source: Source, like: Source) -> None:
    """Refuse to go by the order of a file that does not keep it."""
    used = any(row.why == BY_ORDER for row in name_map.rows)
    for side in (source, like) if used else ():
        if not side.ordered:
            cure = "keep its .meta file beside it" if side.kind == "checkpoint" else "give the model that it is of"
            raise ConversionError(
                f"by_order=True (--by-order): {side.path} lists its tensors by name, not in the order in which they "
                f"were made; {cure}, or name the tensors in a map."
            )


def _named(source: Source, source_style: str, target_style: str, kind: str, options: Options) -> NameMap:
    for style in (source_style, target_style):
        if style not in STYLES:
            raise ConversionError(f"There is no style {style!r}; there are {', '.join(STYLES)}.")
    name_map = named(
        source.specs, source_style, target_style, rules=options.rules, flat=kind == "weights.h5",
        averages=options.averages, skip=options.skip, ordered=source.ordered,
    )  # fmt: skip
    described = feature_maps(source, source_style)
    flatten, unflatten = {**described.flatten, **options.flatten}, {**described.unflatten, **options.unflatten}
    finish(name_map, options.forget_bias, flatten, unflatten, tuple(options.rules))
    for name, spec in list(name_map.target.items()):
        name_map.target[name] = _with_dtype(spec, options.dtype)  # type: ignore[index]
    return name_map


def _renamed(name_map: NameMap, source: Source, given: Given, options: Options) -> NameMap:
    """Return the map without a target's description in which some tensors have the names that the user gave."""
    new = {row.sources[0]: row for row in given.rows if len(row.sources) == len(row.targets) == 1}
    if len(new) < len(given.rows) or given.keep:
        raise ConversionError("A map without like= (--like) gives one new name to one tensor, and keeps nothing.")
    target = dict(name_map.target)
    for place, row in enumerate(name_map.rows):
        said = new.pop(row.sources[0], None) if len(row.sources) == 1 else None
        if said is not None and said.targets != row.targets:
            target[said.targets[0]] = target.pop(row.targets[0])
            name_map.rows[place] = type(row)(row.sources, said.targets, said.rule or row.rule, "map")
    if new:
        raise ConversionError(f"The map names {', '.join(new)}, which the source has not or which belong to a cell.")
    name_map.target = target
    return name_map


def _given(names: Any) -> Given:
    if names is None:
        return Given()
    if isinstance(names, Given):
        return names
    if isinstance(names, NameMap):
        return Given(list(names.rows), list(names.left_out), list(names.kept))
    return given_map(names) if isinstance(names, Mapping) else read_map(names)


def _with_dtype(spec: Spec, dtype: str | None) -> Spec:
    if dtype is None or "float" not in spec.dtype:
        return spec
    return replace(spec, dtype=dtype)


def _say_dtypes(name_map: NameMap) -> None:
    """Note where numbers become narrower."""
    found: dict[tuple[str, str], int] = {}
    for row in name_map.rows:
        for source in row.sources[:1]:
            pair = name_map.source[source].dtype, name_map.target[row.targets[0]].dtype
            if pair[0] != pair[1]:
                found[pair] = found.get(pair, 0) + 1
    for (old, new), count in found.items():
        name_map.notes.append(f"{count} tensors of {old} became {new}.")


_NORMS = (
    "Batch norm's epsilon and momentum are no tensors; make them the same: TensorFlow 1's tf.layers has epsilon 1e-3 "
    "and momentum .99, contrib and slim epsilon 1e-3 and decay .999; Keras 1e-3 and .99; torch eps=1e-5 and "
    "momentum=.1, which is 1 - TensorFlow's."
)


def _say_layers(name_map: NameMap) -> None:
    """Note what weights do not carry: the settings of batch norm."""
    last = {parts_of(name)[-1] for row in name_map.rows for name in row.targets}
    if last & {"moving_variance", "running_var"} and name_map.source_style != name_map.target_style:
        name_map.notes.append(_NORMS)


class _Made:
    """The target's tensors, made when they are asked for, a row at a time."""

    def __init__(self, name_map: NameMap, source: Source, progress: Progress | None):
        self._map = name_map
        self._source = source
        self._rows = {name: row for row in name_map.rows for name in row.targets}
        self._ready: dict[str, np.ndarray] = {}
        self._progress = progress
        self._done = 0

    def read(self, name: str) -> np.ndarray:
        if name not in self._ready:
            self._ready |= self._map.convert(self._rows[name], self._source.read)
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, len(self._rows))
        return self._ready.pop(name)
