"""What rules need besides tensors: a forget gate's constant, feature maps' shapes, which way square kernels lie."""

from dataclasses import replace

from onevar.migrate.convert import flattening, layouts
from onevar.migrate.convert.name_map import NameMap, Problem, Row
from onevar.migrate.convert.spec import matches
from onevar.migrate.convert.words import parts_of


def finish(
    name_map: NameMap,
    forget_bias: float | None,
    flatten: flattening.Shapes,
    unflatten: flattening.Shapes,
    told: tuple[str, ...],
) -> None:
    """Complete a map's rows, or say what is needed to do that.

    Args:
        name_map: The map; its rows and problems are changed.
        forget_bias: What TensorFlow 1's LSTM cells add to their forget gate.
        flatten: Shapes of feature maps that are flattened before a dense layer.
        unflatten: Shapes of feature maps that dense layers' outputs become.
        told: Names and patterns of tensors whose rule the user has said.

    Raises:
        ConversionError: A pattern of `flatten` is of no dense kernel.
    """
    name_map.rows = [_with_forget_bias(name_map, row, forget_bias) for row in name_map.rows]
    flattening.settle(name_map, flatten, unflatten)
    order = {name: place for place, name in enumerate(name_map.source)}
    name_map.rows.sort(key=lambda row: order.get(row.sources[0], len(order)) if row.sources else len(order))
    _say_squares(name_map, told)


def _with_forget_bias(name_map: NameMap, row: Row, forget_bias: float | None) -> Row:
    styles = name_map.styles(row)
    if row.rule != "lstm" or "tf1" not in styles or styles[0] == styles[1]:
        return row
    if "forget_bias" in row.options:
        return row
    name = (row.sources if styles[0] == "tf1" else row.targets)[0]
    if _CUDNN in name:
        forget_bias = 0.0  # it is that by the cell's definition
    if forget_bias is None:
        name_map.problems.append(Problem("cell", name, _FORGET.format(name=name)))
        return row
    return replace(row, options={**row.options, "forget_bias": float(forget_bias)})


def _say_squares(name_map: NameMap, told: tuple[str, ...]) -> None:
    """Square kernels do not show whether they are transposed; ask where the others show that they are not."""
    if not layouts.crosses(name_map.source_style, name_map.target_style):
        return
    plain = {_last(name_map, row): row for row in name_map.rows if _is_plain_kernel(name_map, row)}
    for row in name_map.rows if plain else ():
        if not row.sources or _last(name_map, row) not in plain:
            continue
        shape = name_map.source[row.sources[0]].shape
        said = row.why == "map" or any(matches(name, told) for name in row.sources + row.targets)
        if row.rule == "dense" and not said and len(set(shape) - {1}) == 1:
            text = _SQUARE.format(row=row, name=row.sources[0], other=plain[_last(name_map, row)].targets[0])
            name_map.problems.append(Problem("layout", row.sources[0], text))


def _last(name_map: NameMap, row: Row) -> str:
    """Return what a kernel is called in TensorFlow: those of one program that are called alike are used alike."""
    return parts_of((row.sources if name_map.target_style == "torch" else row.targets)[0])[-1] if row.sources else ""


def _is_plain_kernel(name_map: NameMap, row: Row) -> bool:
    """Whether a matrix of a torch layer with a bias came across as it is, which no Linear does."""
    if row.rule != "same" or len(row.sources) != 1:
        return False
    to_torch = name_map.target_style == "torch"
    name = row.targets[0] if to_torch else row.sources[0]
    specs = name_map.target if to_torch else name_map.source
    beside = name.removesuffix("weight") + "bias"
    return name.endswith(".weight") and len(specs[name].shape) == 2 and beside in specs


_CUDNN = "cudnn_compatible_lstm_cell"
_FORGET = (
    "{name} is an LSTM cell of TensorFlow 1, which adds a constant to its forget gate that no checkpoint holds. Say "
    "which: forget_bias=1.0 (--forget-bias 1.0) is TensorFlow's default, and many programs pass 0.0."
)
_SQUARE = (
    "{row}: the kernel is square, so its shape does not say whether it is transposed, and {other} is not. Say which: "
    "rules={{{name!r}: 'same'}} (--rule {name}=same), or dense, which transposes it."
)
