"""Calls of op types on strings that hold records: `Example`s, lines of CSV, serialized tensors."""

import numpy as np

from onevar.conformance.golden.op_arrays import I64, case, s, v

# {a: floats 1, 2; b: int 3; c: bytes x, yy}, and {b: int -7}: as protocol buffers write them.
_FIRST = (
    b"\n1\n\x11\n\x01a\x12\x0c\x12\n\n\x08\x00\x00\x80?\x00\x00\x00@\n\n\n\x01b\x12\x05\x1a\x03\n\x01\x03"
    b"\n\x10\n\x01c\x12\x0b\n\t\n\x01x\n\x04yyyy"
)
_SECOND = b"\n\x15\n\x13\n\x01b\x12\x0e\x1a\x0c\n\n\xf9\xff\xff\xff\xff\xff\xff\xff\xff\x01"
_NONE = np.zeros(0, object)
_SHAPES = {"dense_shapes": [[2], []]}

case(
    "ParseExampleV2", s(_FIRST, _SECOND), _NONE, s(b"c", b"z"), s(b"a", b"b"), _NONE,
    [v(8, 9, dtype=np.float32), np.zeros(0, I64)],
    num_sparse=2, sparse_types=["string", "int64"], ragged_value_types=[], ragged_split_types=[], **_SHAPES,
)  # fmt: skip
case(
    "ParseExampleV2", _FIRST, _NONE, s(b"c"), s(b"a", b"b"), _NONE, [np.zeros(0, np.float32), np.zeros(0, I64)],
    num_sparse=1, sparse_types=["string"], ragged_value_types=[], ragged_split_types=[], **_SHAPES,
)  # fmt: skip
case(
    "ParseExampleV2", s(_FIRST, _SECOND), _NONE, _NONE, s(b"a"), s(b"c"), [np.array(-1, np.float32)],
    num_sparse=0, sparse_types=[], ragged_value_types=["string"], ragged_split_types=["int32"],
    dense_shapes=[[None, 1]],
)  # fmt: skip
case("DecodeCSV", s(b"1,2.5,a", b'3,,"b,""c"""'), [v(0), v(7, dtype=np.float32), s(b"")])
case("DecodeCSV", s(b"1|NA|x", b"-2|4|y"), [v(0), v(9, dtype=I64)], field_delim="|", na_value="NA", select_cols=[0, 1])
case("DecodePaddedRaw", s(b"abc", b"defgh", b""), 4, out_type="int16")
case("SerializeTensor", v([1, 2], [3, 4], dtype=np.float32))
case("SerializeTensor", s(b"a", b"", b"ccc"))
case(
    "ParseTensor",
    b"\x08\x01\x12\x08\x12\x02\x08\x02\x12\x02\x08\x03*\x08\x00\x00\x80?\x00\x00\x00@",
    out_type="float32",
)
case("DecodeCompressed", s(b"x\x9cKLJ\x06\x00\x02M\x01'"), compression_type="ZLIB")
