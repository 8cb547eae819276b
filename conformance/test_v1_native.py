"""V1: the state of a session in its framework's own hands, and runs of one thing in several ways."""

import numpy as np
import pytest

from onevar.conformance.cases import case
from onevar.conformance.marks import requirement
from onevar.conformance.v1_table import started

KINDS = pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])


@requirement("V1-46")
@KINDS
def test_v1_natives_are_the_frameworks(v1, adapter, device, make, resource):
    v = v1.Variable([[1.0, 2.0]], use_resource=resource)
    step = v.assign_add([[1.0, 1.0]])
    with v1.Session() as session:
        with pytest.raises(v1.errors.FailedPreconditionError):
            session.native(v)
        session.run(v.initializer)
        native = session.native(v)
        assert type(native) is type(make([1.0]).native)
        spec = adapter.spec(native)
        assert (spec.shape, spec.dtype, spec.device) == ((1, 2), "float32", device)
        for k in range(3):
            session.run(step)
            assert adapter.to_numpy(session.native(v)).tolist() == [[2.0 + k, 3.0 + k]]
        assert session.backend == adapter.name


@requirement("V1-46")
@KINDS
def test_v1_natives_keep_their_identity(v1, adapter, resource):
    if "native_state" in adapter.lacks:
        pytest.skip(f"native_state: {adapter.lacks['native_state']}")
    v = v1.Variable([1.0, 2.0], use_resource=resource)
    step = v.assign(v * 2.0 + 1.0)
    with started(v1) as session:
        native = session.native(v)
        for _ in range(4):
            session.run([step, v])
        assert session.native(v) is native
        assert session.run(v).tolist() == [31.0, 47.0]


@requirement("V1-46")
def test_v1_native_writes_are_seen(v1, adapter):
    if "native_state" in adapter.lacks:
        pytest.skip(f"native_state: {adapter.lacks['native_state']}")
    v = v1.Variable([1.0, 2.0])
    double, step = v * 2.0, v.assign_add([1.0, 1.0])
    with started(v1) as session:
        for k in range(4):
            value = np.array([k, 10.0 * k], np.float32)
            adapter.write(session.native(v), adapter.convert(value, None, session.cell(v).device), fresh=False)
            assert session.run(double).tolist() == [2.0 * k, 20.0 * k]
            assert session.run(step).tolist() == [k + 1.0, 10.0 * k + 1.0]


@requirement("V1-47")
@KINDS
def test_v1_exports_are_snapshots(v1, adapter, resource):
    v = v1.Variable(np.arange(32, dtype=np.float32), use_resource=resource)
    step = v.assign_add(np.ones(32, np.float32))
    rows = v1.scatter_update(v, [0, 1], [-5.0, -6.0])
    with started(v1) as session:
        kept = []
        for k in range(4):
            cell = session.cell(v)
            kept.append((k, adapter.read(cell.native), np.from_dlpack(v.keras) if k % 2 else np.asarray(v.keras)))
            session.run(step)
        session.run(rows)
        for k, tensor, array in kept:
            wanted = np.arange(32) + k
            np.testing.assert_array_equal(adapter.to_numpy(tensor), wanted)
            np.testing.assert_array_equal(array, wanted)
        assert session.run(v)[:3].tolist() == [-5.0, -6.0, 6.0]


@requirement("V1-48")
@KINDS
def test_v1_faces_share_the_state(v1, adapter, resource):
    v = v1.Variable([1.0, 2.0], name="v", use_resource=resource)
    step = v.assign_add([1.0, 1.0])
    with started(v1) as session:
        face = v.keras
        assert face.backend == adapter.name and face.shape == (2,) and face.dtype == "float32"
        for k in range(3):
            session.run(step)
            assert face.numpy().tolist() == [2.0 + 2 * k, 3.0 + 2 * k]
            face.assign_add(1.0)
            assert session.run(v).tolist() == [3.0 + 2 * k, 4.0 + 2 * k]
        assert v.native is session.native(v) or "native_state" in adapter.lacks


@requirement("V1-51")
@KINDS
def test_v1_plans_agree(v1, resource):
    """One step, under fetches of its own and among others, for long enough to be compiled each way."""
    v = v1.Variable(np.linspace(-1.0, 1.0, 6, dtype=np.float32).reshape(2, 3), use_resource=resource)
    x = v1.placeholder(v1.float32, [None, 2])
    y = v1.tanh(v1.matmul(x, v)) * 0.5
    loss = v1.reduce_mean(y * y)
    step = v.assign_sub(v * 0.1 + loss)
    data = np.array([[1.0, 2.0], [-0.5, 0.25]], np.float32)
    plans = ([step], [step, loss], [loss, y, step.op], {"s": step, "x": x})
    finals = []
    for plan in plans:
        with started(v1) as session:
            for k in range(4):
                session.run(plan, {x: data[: 1 + k % 2]})
            finals.append(session.run(v))
    with started(v1) as session:
        for k in range(4):
            session.run(plans[k], {x: data[: 1 + k % 2]})
        finals.append(session.run(v))
    for other in finals[1:]:
        np.testing.assert_allclose(other, finals[0], rtol=1e-5, atol=1e-6)


STATE = [
    *((dtype, [1, 0, 3]) for dtype in ("float32", "int32", "uint8", "int8", "bool")),
    case("float16", [1, 0, 3], dtype="float16"),
    case("bfloat16", [1, 0, 3], dtype="bfloat16"),
    case("complex64", [1, 0, 3], dtype="complex64"),
]


def _saver_state(v1, dtype, values):
    from onevar.conformance.v1_table import array

    v = v1.get_variable("scope/v", initializer=v1.constant(array(values, dtype)))
    s = v1.get_variable("s", initializer=v1.constant(["a", "bc"]))
    w = v1.get_variable("w", initializer=v1.constant([[1.5, -2.0]]), use_resource=True)
    return v, s, w


@requirement("V1-49")
@pytest.mark.parametrize(("dtype", "values"), STATE)
def test_v1_saver_round_trip(v1, tmp_path, dtype, values):
    v, s, w = _saver_state(v1, dtype, values)
    saver = v1.train.Saver()
    changes = [v.assign(v1.zeros_like(v)), s.assign(["", "x"]), w.assign(w * 2.0)]
    with started(v1) as session:
        before = session.run([v, s, w])
        path = saver.save(session, str(tmp_path / "model"), global_step=7)
        session.run(changes)
        saver.restore(session, path)
        after = session.run([v, s, w])
        assert path.endswith("model-7") and v1.train.latest_checkpoint(str(tmp_path)) == path
    with v1.Session() as other:
        saver.restore(other, path)
        again = [other.run([v, s, w]) for _ in range(3)]
    for found in (after, *again):
        for mine, wanted in zip(found, before, strict=True):
            assert mine.dtype == wanted.dtype
            np.testing.assert_array_equal(mine, wanted)


@requirement("V1-49")
def test_v1_saver_of_some_variables(v1, tmp_path):
    a, b = v1.Variable([1.0], name="a"), v1.Variable([2.0], name="b")
    saver = v1.train.Saver({"other": a}, max_to_keep=2)
    with started(v1) as session:
        paths = []
        for k in range(4):
            session.run([a.assign([float(k)]), b.assign([float(k)])])
            paths.append(saver.save(session, str(tmp_path / "m"), global_step=k))
        saver.restore(session, paths[2])
        assert session.run([a, b]) == [[2.0], [3.0]]
        assert [v1.train.checkpoint_exists(p) for p in paths] == [False, False, True, True]
        assert saver.last_checkpoints == paths[2:]


@requirement("V1-50")
def test_v1_failed_restores_change_nothing(v1, tmp_path):
    a, b = v1.Variable([1.0, 2.0], name="a"), v1.Variable([3.0], name="b")
    part = v1.train.Saver([a])
    whole = v1.train.Saver()
    renamed = v1.train.Saver({"a": b})
    with started(v1) as session:
        path = part.save(session, str(tmp_path / "part"))
        session.run(a.assign([7.0, 8.0]))
        for saver, where in ((whole, path), (renamed, path), (whole, str(tmp_path / "nothing"))):
            with pytest.raises((v1.errors.OpError, ValueError)):
                saver.restore(session, where)
            assert [x.tolist() for x in session.run([a, b])] == [[7.0, 8.0], [3.0]]


@requirement("V1-50")
def test_v1_failed_saves_leave_checkpoints_whole(v1, tmp_path):
    a = v1.Variable([1.0, 2.0], name="a")
    unset = v1.Variable([3.0], name="unset", collections=["later"])
    saver, both = v1.train.Saver([a]), v1.train.Saver([a, unset])
    with started(v1) as session:
        path = saver.save(session, str(tmp_path / "model"))
        session.run(a.assign([9.0, 9.0]))
        with pytest.raises(v1.errors.FailedPreconditionError):
            both.save(session, str(tmp_path / "model"))
        saver.restore(session, path)
        assert session.run(a).tolist() == [1.0, 2.0]
