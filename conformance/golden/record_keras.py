"""Record what live Keras does: dtypes of every operator, on each of its backends, and its face.

Keras fixes its backend at import, so each is asked in a process of its own::

    python conformance/golden/record_keras.py                    # rewrite keras_promotion.json
    python conformance/golden/record_keras.py --one torch        # one backend, to standard output

The tests of onevar read the file; `tests/test_keras_live.py` runs the second form where Keras is
installed and compares.
"""

import argparse
import inspect
import json
import operator
import os
import subprocess
import sys
from pathlib import Path

GOLDEN = Path(__file__).with_name("keras_promotion.json")
SCHEMA = "onevar.golden.keras/1"
DTYPES = [
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128"),
]
BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "matmul": operator.matmul,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
}
UNARY = {"neg": operator.neg, "pos": operator.pos, "abs": abs, "invert": operator.invert, "round": round}
SCALARS = {"bool": True, "int": 2, "float": 1.5, "complex": 1j}
#: backend name in the file -> environment that selects it
BACKENDS = {
    "numpy": {"KERAS_BACKEND": "numpy"},
    "torch": {"KERAS_BACKEND": "torch"},
    "jax": {"KERAS_BACKEND": "jax"},
    "jax-x64": {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1"},
    "tensorflow": {"KERAS_BACKEND": "tensorflow"},
}
ERROR = "!"  # stands for "raises" in the tables


def main() -> None:
    """Record as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--one", choices=BACKENDS, help="record this backend alone, to standard output")
    parser.add_argument("--ops", nargs="*", default=list(BINARY), help="with --one: these binary operators alone")
    parser.add_argument("--out", type=Path, default=GOLDEN, help=f"default: {GOLDEN.name} beside this script")
    args = parser.parse_args()
    if args.one:
        sys.stdout.write(json.dumps(record_here(args.one, args.ops)))
    else:
        args.out.write_text(json.dumps(merge({b: record(b) for b in BACKENDS}), indent=1) + "\n")


def record(backend: str, ops: tuple[str, ...] = tuple(BINARY)) -> dict:
    """Record one backend, or some of its operators, in a fresh process.

    Raises:
        subprocess.CalledProcessError: Keras or the framework is not installed, or cannot start.
    """
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_ENABLE_X64": "0", **BACKENDS[backend]}
    command = [sys.executable, __file__, "--one", backend, "--ops", *ops]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=900)
    return json.loads(done.stdout.splitlines()[-1])


def record_here(backend: str, ops: list[str]) -> dict:
    """Record what Keras does in this process, whose backend is fixed already."""
    import keras

    variables = {d: _variable(keras, d) for d in DTYPES}
    stored = {d: ERROR if v is None else _name(keras, v.value) for d, v in variables.items()}
    binary = {
        op: [" ".join(_outcome(keras, BINARY[op], variables[a], variables[b]) for b in DTYPES) for a in DTYPES]
        for op in ops
    }
    scalar = {
        f"{op} {kind}": " ".join(_outcome(keras, BINARY[op], variables[d], value) for d in DTYPES)
        for op in ops
        if op != "matmul"
        for kind, value in SCALARS.items()
    }
    unary = {op: " ".join(_outcome(keras, f, variables[d]) for d in DTYPES) for op, f in UNARY.items()}
    result_type = [" ".join(_result_type(keras, a, b) for b in DTYPES) for a in DTYPES]
    module = sys.modules[{"jax-x64": "jax"}.get(backend, backend)]
    return {
        "keras": keras.__version__,
        "framework": module.__version__,
        "stored": stored,
        "result_type": result_type,
        "binary": binary,
        "scalar": scalar,
        "unary": unary,
        "signature": str(inspect.signature(keras.Variable.__init__)),
        "members": sorted(n for n in dir(keras.Variable) if _documented(n)),
    }


def _documented(name: str) -> bool:
    if not name.startswith("_"):
        return True
    forward = {f"__{op}__" for op in (*BINARY, *UNARY)}
    reverse = {f"__r{op}__" for op in BINARY}
    return name in forward | reverse | {"__array__", "__bool__", "__float__", "__int__", "__getitem__"}


def _variable(keras, dtype):
    import ml_dtypes
    import numpy as np

    # Some backends cannot make float8 from the initializer's name, so that an array is tried second.
    makers = (
        lambda: keras.Variable("ones", shape=(1,), dtype=dtype, trainable=False),
        lambda: keras.Variable(np.ones(1, getattr(ml_dtypes, dtype, None) or dtype), dtype=dtype, trainable=False),
    )
    return next((v for v in map(_tried, makers) if v is not None), None)


def _tried(make):
    try:
        return make()
    except Exception:  # noqa: BLE001 - whatever Keras raises is the datum
        return None


def _outcome(keras, function, *operands) -> str:
    if any(x is None for x in operands):
        return ERROR
    try:
        return _name(keras, function(*operands))
    except Exception:  # noqa: BLE001 - whatever Keras raises is the datum
        return ERROR


def _name(keras, x) -> str:
    return keras.backend.standardize_dtype(x.dtype)


def _result_type(keras, a: str, b: str) -> str:
    try:
        return keras.backend.result_type(a, b)
    except ValueError:
        return ERROR


def merge(records: dict[str, dict]) -> dict:
    """Store each distinct 17 x 17 table once: most operators share theirs with many others."""
    first = next(iter(records.values()))
    tables: dict[str, list[str]] = {}
    numbers: dict[str, str] = {}

    def number(rows: list[str]) -> str:
        key = "\n".join(rows)
        if key not in numbers:
            numbers[key] = f"t{len(numbers)}"
            tables[numbers[key]] = rows
        return numbers[key]

    backends = {}
    for name, one in records.items():
        backends[name] = {
            "framework": one["framework"],
            "stored": one["stored"],
            "result_type": number(one["result_type"]),
            "binary": {op: number(rows) for op, rows in one["binary"].items()},
            "scalar": one["scalar"],
            "unary": one["unary"],
        }
    return {
        "schema": SCHEMA,
        "recorded_with": "python conformance/golden/record_keras.py",
        "keras": first["keras"],
        "python": sys.version.split()[0],
        "error": ERROR,
        "dtypes": DTYPES,
        "signature": first["signature"],
        "members": first["members"],
        "backends": backends,
        "tables": tables,
    }


if __name__ == "__main__":
    main()
