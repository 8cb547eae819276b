"""What the recorded checkpoints hold, for the script that recorded them and for the tests."""

import ml_dtypes
import numpy as np

NUMERIC = (
    "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "bool", "complex64", "complex128", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz",
    "float8_e4m3b11fnuz", "float8_e5m2fnuz", "int4", "uint4", "int2", "uint2",
)  # fmt: skip
QUANTIZED = ("qint8", "quint8", "qint16", "quint16", "qint32")


def held(name):
    if name in QUANTIZED:
        return np.dtype([(name, name[1:])])
    return np.dtype(getattr(ml_dtypes, name, None) or name)


def tensors():
    """Name to array, of each dtype and of the shapes that are easily got wrong."""
    found = {f"dtypes/{name}": np.array([0, 1, 1, 0, 1, 0]).astype(held(name)).reshape(2, 3) for name in NUMERIC}
    found |= {f"dtypes/{name}": np.array([1, 2, 3], name[1:]).view(held(name)) for name in QUANTIZED}
    found |= {
        "shapes/scalar": np.array(-2.5, np.float32),
        "shapes/empty": np.zeros((0, 3), np.float64),
        "shapes/none": np.zeros((2, 0), np.int32),
        "shapes/five": np.arange(32, dtype=np.int16).reshape(2, 2, 2, 2, 2),
        "strings/scalar": np.array(b"a string with \0 and \xff", object),
        "strings/many": np.array([b"", b"x", b"y" * 127, b"z" * 128, b"w" * 300, "Grüße".encode()], object).reshape(
            2, 3
        ),
        "strings/empty": np.array([], object),
        "näme/ünïcode": np.float32([1.5, 2.5]),
        "global_step": np.array(1234567890123, np.int64),
    }
    return found


def pieces():
    """Name to (whole tensor, `shape_and_slice` of each piece)."""
    matrix = np.arange(20, dtype=np.float32).reshape(4, 5)
    return {
        "parts/rows": (matrix, ["4 5 0,1:-", "4 5 1,3:-"]),
        "parts/columns": (matrix, ["4 5 -:0,2", "4 5 -:2,3"]),
        "parts/boxes": (matrix, ["4 5 0,2:0,2", "4 5 0,2:2,3", "4 5 2,2:0,2", "4 5 2,2:2,3"]),
        "parts/long": (np.arange(70100, dtype=np.uint8), ["70100 0,100", "70100 100,70000"]),
        "parts/text": (np.array([b"a", b"bb", b"ccc"], object), ["3 0,2", "3 2,1"]),
    }


def index(spec):
    """The index that a `shape_and_slice` string stands for."""
    extents = spec.split(" ")[-1].split(":")
    pairs = (None if e == "-" else tuple(map(int, e.split(","))) for e in extents)
    return tuple(slice(None) if p is None else slice(p[0], p[0] + p[1]) for p in pairs)


def operands():
    """Names, `shape_and_slice` strings and arrays as `SaveV2` takes them."""
    rows = [(name, "", value) for name, value in tensors().items()]
    rows += [(name, spec, whole[index(spec)]) for name, (whole, specs) in pieces().items() for spec in specs]
    return tuple(zip(*rows, strict=True))


def same(a, b):
    """Whether two arrays are equal in dtype, shape and every bit."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype == object:
        return a.tolist() == b.tolist()
    return a.tobytes() == b.tobytes()
