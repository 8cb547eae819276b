"""Single ops: their calls (`golden/*_cases.py`), what TensorFlow gives (`golden/*.npz`), and how to compare."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from onevar.conformance.cases import NEEDS
from onevar.conformance.golden.op_cases import CASES, Case
from onevar.core import registry
from onevar.core.attr_values import kernel_value
from onevar.core.build import op
from onevar.core.checks import CURRENT
from onevar.core.dtype import as_dtype
from onevar.core.kernel import kernel_of
from onevar.core.op_defs import op_def
from onevar.dtypes import NAMES

__all__ = ["CASES", "Case", "all_attrs", "build", "compare", "compute", "dtype_name", "expected", "needs"]

_GOLDEN = Path(__file__).with_name("golden")
#: Relative, for numbers around 1: functions that differ in the last bits between libraries.
LOOSE = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 2e-5, "float64": 1e-9, "complex64": 2e-5, "complex128": 1e-9}
#: Decompositions are unique up to signs.
UP_TO_SIGN = {"Qr", "Svd", "SelfAdjointEigV2"}
#: Their last outputs are for their gradients.
NORMALIZATIONS = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}


@cache
def golden() -> dict[str, np.ndarray]:
    """Return what is recorded, by case and number of the output."""
    found: dict[str, np.ndarray] = {}
    for thing in dict.fromkeys(one.thing for one in CASES):
        file = _GOLDEN / f"{thing}.npz"
        if file.exists():
            with np.load(file) as arrays:
                found.update((key, arrays[key]) for key in arrays.files)
    return found


def expected(one: Case) -> list[np.ndarray]:
    """Return the outputs that TensorFlow gives for a case."""
    found: list[np.ndarray] = []
    while f"{one.name}/{len(found)}" in golden():
        found.append(golden()[f"{one.name}/{len(found)}"])
    return found


def compare(one: Case, got: list, wanted: list[np.ndarray]) -> None:
    """Fail unless the outputs are TensorFlow's: shape, dtype, values."""
    assert len(got) == len(wanted), f"{one.name}: {len(got)} outputs, TensorFlow {len(wanted)}"
    if not one.attrs.get("compute_uv", True) or not one.attrs.get("compute_v", True):
        # TensorFlow leaves what was not asked for as the memory was.
        got, wanted = got[:1], wanted[:1]
    if one.type in NORMALIZATIONS and not one.attrs.get("is_training", True):
        # ... and what only a gradient in training needs.
        got, wanted = got[:3], wanted[:3]
    for ours, theirs in zip(got, wanted, strict=True):
        _compare_one(one, np.asarray(ours), theirs)


def _compare_one(one: Case, ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape, f"{one.name}: shape {ours.shape}, TensorFlow {theirs.shape}"
    if theirs.dtype.kind == "S":
        assert ours.astype(bytes).tolist() == theirs.tolist(), f"{one.name}: {ours}, TensorFlow {theirs}"
        return
    name = ours.dtype.name
    if name == "bfloat16":  # recorded as float32, which NumPy's files hold
        ours = ours.astype(np.float32)
    assert ours.dtype == theirs.dtype, f"{one.name}: {ours.dtype}, TensorFlow {theirs.dtype}"
    if one.type in UP_TO_SIGN:
        ours, theirs = abs(ours), abs(theirs)
    if name in LOOSE:
        scale = max(1.0, float(np.abs(theirs[np.isfinite(theirs)]).max(initial=0)) if theirs.size else 1.0)
        near = np.isclose(ours, theirs, rtol=LOOSE[name], atol=LOOSE[name] * min(scale, 100), equal_nan=True)
    else:
        near = ours == theirs
    assert near.all(), f"{one.name}: {ours.tolist()}, TensorFlow {theirs.tolist()}"


def dtype_name(array: np.ndarray) -> str:
    """Return the name of an array's dtype; arrays of objects are of strings."""
    return "string" if array.dtype == object else NAMES.get(array.dtype) or array.dtype.name


def all_attrs(type: str, inputs: list, attrs: dict) -> dict[str, Any]:
    """Return the attributes with defaults and what follows from the inputs."""
    definition = op_def(type)
    found = {name: attr.default for name, attr in definition.attrs.items() if attr.has_default}
    for arg, x in zip(definition.inputs, inputs, strict=True):
        first = x[0] if isinstance(x, list) and x else x
        if arg.type_attr and not isinstance(first, list):
            found[arg.type_attr] = dtype_name(first)
        if arg.number_attr:
            found[arg.number_attr] = len(x)
        if arg.type_list_attr:
            found[arg.type_list_attr] = [dtype_name(item) for item in x]
    found.update(attrs)
    return {key: value.decode() if isinstance(value, bytes) else value for key, value in found.items()}


def needs(one: Case) -> dict[str, None]:
    """Return the capabilities that a case's dtypes need."""
    arrays = [*_flat(one.inputs), *expected(one)]
    names = [NAMES.get(a.dtype) or a.dtype.name for a in arrays] + [str(v) for v in one.attrs.values()]
    return {need: None for name in names for need in NEEDS.get(name, ())}


def _flat(items: Any) -> list[Any]:
    return [y for x in items for y in (_flat(x) if isinstance(x, list | tuple) else [x])]


def compute(adapter: Any, one: Case) -> list[np.ndarray]:
    """Compute a case with an adapter's primitives, or its own function for the op, at once; return arrays."""
    entry = kernel_of(one.type)
    assert entry is not None, f"no definition of {one.type}"
    known = all_attrs(one.type, one.inputs, one.attrs)
    if any(x.dtype == object for x in _flat(one.inputs)):
        adapter = registry.adapter("numpy")  # strings are on the host, whatever is done with them
    values = []
    for index, x in enumerate(one.inputs):
        on_host = entry.on_host or index in entry.host_index
        made = [item if on_host or item.dtype == object else adapter.k.asarray(item) for item in _flat([x])]
        values.append(made if isinstance(x, list) else made[0])
    own = None if entry.on_host else adapter.op(one.type)
    given = {name: kernel_value(known[name]) for name in (known if own is not None else entry.attrs)}
    CURRENT.adapter.append(adapter)
    CURRENT.collected.append(None)
    try:
        result = own(*values, **given) if own is not None else entry.fn(adapter.k, *values, **given)
    finally:
        CURRENT.adapter.pop()
        CURRENT.collected.pop()
    flat = _flat(result if isinstance(result, list | tuple) else [result])
    return [x if isinstance(x, np.ndarray) else np.asarray(adapter.to_numpy(x)) for x in flat]


def build(v1: Any, one: Case) -> tuple[list[Any], dict[Any, np.ndarray]]:
    """Build a case in the default graph with placeholders for its inputs; return the outputs and the feeds."""
    definition = op_def(one.type)
    feeds: dict[Any, np.ndarray] = {}

    def fed(x: np.ndarray) -> Any:
        tensor = v1.placeholder(as_dtype(dtype_name(x)), x.shape)
        feeds[tensor] = x
        return tensor

    inputs: dict[str, Any] = {
        arg.name: [fed(item) for item in x] if isinstance(x, list) else fed(x)
        for arg, x in zip(definition.inputs, one.inputs, strict=True)
    }
    attrs: dict[str, Any] = {
        name: as_dtype(value) if definition.attrs[name].kind == "type" else value for name, value in one.attrs.items()
    }
    result = op(one.type, **inputs, **attrs)
    return _flat(result if isinstance(result, list | tuple) else [result]), feeds
