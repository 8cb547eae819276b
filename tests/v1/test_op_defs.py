"""The op signatures are TensorFlow's, all of them."""

import subprocess
import sys

import numpy as np
import pytest

from onevar.core.op_defs import Arg, Attr, UnknownOp, op_def, op_types


def test_an_op():
    d = op_def("MatMul")
    assert [a.name for a in d.inputs] == ["a", "b"] and d.outputs == (Arg("product", type_attr="T"),)
    assert list(d.attrs)[:2] == ["transpose_a", "transpose_b"]
    assert d.attrs["transpose_a"] == Attr("transpose_a", "bool", False, True)
    assert "float32" in d.attrs["T"].allowed and not d.is_stateful
    assert op_def("MatMul") is d


def test_lists_and_references():
    assert op_def("ConcatV2").inputs[0] == Arg("values", type_attr="T", number_attr="N")
    assert op_def("ConcatV2").attrs["N"].minimum == 2
    assert op_def("IdentityN").inputs[0] == Arg("input", type_list_attr="T")
    assert op_def("Assign").inputs[0] == Arg("ref", type_attr="T", is_ref=True)
    assert op_def("Assign").allows_uninitialized_input


def test_values():
    assert op_def("FusedBatchNormV3").attrs["data_format"].default == b"NHWC"
    assert op_def("FusedBatchNormV3").attrs["epsilon"].default == float(np.float32(1e-4))
    assert op_def("Placeholder").attrs["shape"].has_default and op_def("Placeholder").attrs["shape"].default is None
    np.testing.assert_array_equal(op_def("ImageSummary").attrs["bad_color"].default, np.uint8([255, 0, 0, 255]))


def test_an_unknown_op_names_the_nearest():
    with pytest.raises(UnknownOp, match="MatMul"):
        op_def("Matmul")
    assert issubclass(UnknownOp, LookupError)


def test_the_table_is_read_at_the_first_question():
    program = "import onevar.core.op_defs as o; assert not o._lines.cache_info().currsize and not o._PARSED"
    subprocess.run([sys.executable, "-c", program], check=True)


def _value(value, tf):
    kind = value.WhichOneof("value")
    if kind == "list":
        for name in ("s", "i", "f", "b", "type", "shape", "tensor"):
            items = getattr(value.list, name)
            if items:
                return [_item(name, item, tf) for item in items]
        return []
    return _item(kind, getattr(value, kind), tf)


def _item(kind, item, tf):
    if kind == "type":
        return tf.as_dtype(item).name
    if kind == "shape":
        return None if item.unknown_rank else tuple(None if d.size < 0 else d.size for d in item.dim)
    return tf.make_ndarray(item).tolist() if kind == "tensor" else item


def _plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _same_args(ours, theirs, tf):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        dtype = tf.as_dtype(b.type).name if b.type else None
        assert a == Arg(b.name, dtype, b.type_attr or None, b.number_attr or None, b.type_list_attr or None, b.is_ref)


def _same_attrs(ours, theirs, tf):
    assert list(ours) == [a.name for a in theirs]
    for b in theirs:
        a = ours[b.name]
        assert a.kind == b.type
        assert a.minimum == (b.minimum if b.has_minimum else None)
        assert a.has_default == b.HasField("default_value")
        assert not a.has_default or _plain(a.default) == _value(b.default_value, tf)
        assert a.allowed == (tuple(_value(b.allowed_values, tf)) if b.HasField("allowed_values") else None)


def test_every_op_is_as_in_the_live_registry():
    tf = pytest.importorskip("tensorflow")
    from golden.record_op_defs import FLAGS, registry

    theirs = registry()
    assert list(op_types()) == [o.name for o in theirs]
    for o in theirs:
        d = op_def(o.name)
        _same_args(d.inputs, o.input_arg, tf)
        _same_args(d.outputs, o.output_arg, tf)
        _same_attrs(d.attrs, o.attr, tf)
        assert {f for f in FLAGS if getattr(d, f)} == {f for f in FLAGS if getattr(o, f)}
        assert d.deprecated == (o.deprecation.version if o.HasField("deprecation") else None)
