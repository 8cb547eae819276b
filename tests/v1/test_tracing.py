"""Differentiation, control flow, compilation and callbacks: one behaviour on every framework."""

import gc
import threading
import weakref

import numpy as np
import pytest
from frameworks import DIFFERENTIATING, array, differentiating_adapter, every_adapter, load, modes, values  # noqa: F401

from onevar.adapters.contract import Adapter, TensorSpec
from onevar.errors import Unsupported


def power(adapter, x, n):
    out = x
    for _ in range(n - 1):
        out = adapter.k.multiply(out, x)
    return out


@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
def test_gradients(adapter, mode):
    k, x, y = adapter.k, adapter.convert(array([2.0, 3.0])), adapter.convert(array([5.0, 7.0]))

    def run(x, y):
        outs, aux, pullback = adapter.vjp(
            lambda x, y: ([k.multiply(x, y), k.add(x, x)], {"s": [k.exp(x), None]}), [x, y]
        )
        assert set(aux) == {"s"} and aux["s"][1] is None
        return [*outs, aux["s"][0], *pullback([k.ones_like(x), k.full((2,), 10.0, "float64")])]

    product, double, exponential, dx, dy = values(adapter, modes(adapter)[mode](run, x, y))
    assert (product, double) == ([10.0, 21.0], [4.0, 6.0])
    assert exponential == pytest.approx(np.exp([2.0, 3.0]))
    assert (dx, dy) == ([25.0, 27.0], [2.0, 3.0])


def test_what_does_not_count_and_what_is_not_reached_is_none(adapter):
    k = adapter.k
    x, unused, whole = adapter.convert(array(3.0)), adapter.convert(array(1.0)), adapter.convert(np.array([2, 4]))

    def fn(x, unused, whole):
        return [k.square(x), k.multiply(unused, 2.0), k.add(whole, 1), k.sum(k.astype(whole, "float64"))], None

    ys, aux, pullback = adapter.vjp(fn, [x, unused, whole])
    assert aux is None
    assert values(adapter, ys) == [9.0, 2.0, [3, 5], 6.0]
    assert values(adapter, pullback([k.ones_like(x), None, None, k.ones_like(x)])) == [6.0, None, None]
    nothing = adapter.vjp(fn, [x, unused, whole])[2]
    assert nothing([None, None, None, None]) == [None, None, None]


def test_one_tensor_twice_and_captured(adapter):
    k, x = adapter.k, adapter.convert(array(3.0))
    _, _, pullback = adapter.vjp(lambda a, b: ([k.multiply(k.multiply(a, a), k.multiply(b, x))], None), [x, x])
    assert values(adapter, pullback([k.ones_like(x)])) == [54.0, 27.0], "the captured one is a constant"


def test_stop_gradient(any_adapter):
    k, x = any_adapter.k, any_adapter.convert(array(3.0))
    assert any_adapter.to_numpy(any_adapter.stop_gradient(x)) == 3.0
    if any_adapter.name == "numpy":
        with pytest.raises(Unsupported, match="NumPy has no automatic differentiation"):
            any_adapter.vjp(lambda x: ([x], None), [x])
        return
    _, _, pullback = any_adapter.vjp(lambda x: ([k.multiply(x, any_adapter.stop_gradient(x))], None), [x])
    assert values(any_adapter, pullback([k.ones_like(x)])) == [3.0]
    _, _, pullback = any_adapter.vjp(lambda x: ([k.stop_gradient(x)], None), [x])
    assert values(any_adapter, pullback([k.ones_like(x)])) in ([None], [0.0])


@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
def test_second_and_third_order(adapter, mode):
    k = adapter.k

    def derivative(fn):
        def differentiated(x):
            (y,), _, pullback = adapter.vjp(lambda x: ([fn(x)], None), [x])
            return pullback([k.ones_like(y)])[0]

        return differentiated

    def run(x):
        cube = lambda x: power(adapter, x, 3)  # noqa: E731
        first = derivative(cube)
        return [first(x), derivative(first)(x), derivative(derivative(first))(x)]

    assert values(adapter, modes(adapter)[mode](run, adapter.convert(array(2.0)))) == [12.0, 12.0, 6.0]


def test_an_inner_gradient_stays_connected_to_outer_captured_values(adapter):
    k, x, w = adapter.k, adapter.convert(array(2.0)), adapter.convert(array(5.0))

    def outer(x, w):
        (y,), _, pullback = adapter.vjp(lambda v: ([k.multiply(k.multiply(v, v), w)], None), [x])
        (slope,) = pullback([k.ones_like(y)])  # 2 x w
        return [k.multiply(slope, slope)], [slope, y]  # 4 x^2 w^2

    (loss,), (slope, y), pullback = adapter.vjp(outer, [x, w])
    assert values(adapter, [loss, slope, y]) == [400.0, 20.0, 20.0]
    assert values(adapter, pullback([k.ones_like(loss)])) == [8 * 2 * 25, 8 * 4 * 5]


@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
def test_marks(adapter, mode):
    k = adapter.k

    def fn(mark, x):
        hidden = mark(0, k.square(x))
        constant = mark(2, k.full((), 3.0, "float64"))
        counted = mark(3, k.full((), 3, "int32"))
        return [k.multiply(hidden, constant)], [hidden, counted]

    def run(x):
        (y,), (hidden, counted), pullback = adapter.vjp(fn, [x], marks=4)
        gradients = pullback([k.ones_like(y)])
        assert [g is None for g in gradients] == [False, False, True, False, True]
        return [y, hidden, counted, *(g for g in gradients if g is not None)]

    y, hidden, counted, dx, d_hidden, d_constant = values(
        adapter, modes(adapter)[mode](run, adapter.convert(array(2.0)))
    )
    assert (y, hidden, counted) == (12.0, 4.0, 3)
    assert (dx, d_hidden, d_constant) == (12.0, 3.0, 4.0)


def test_marks_nest(adapter):
    k = adapter.k

    def inner(mark, x):
        return [power(adapter, mark(0, k.square(x)), 3)], None  # h = x^2, y = h^3

    def outer(x):
        (y,), _, pullback = adapter.vjp(inner, [x], marks=1)
        _, d_hidden = pullback([k.ones_like(y)])  # 3 h^2 = 3 x^4
        return [d_hidden], None

    (d_hidden,), _, pullback = adapter.vjp(outer, [adapter.convert(array(2.0))])
    assert values(adapter, [d_hidden, *pullback([k.ones_like(d_hidden)])]) == [48.0, 96.0]


def test_complex_gradients_are_conjugated_as_in_tensorflow(adapter):
    k, z = adapter.k, adapter.convert(np.array(1 + 2j))
    (y,), _, pullback = adapter.vjp(lambda z: ([k.multiply(z, z)], None), [z])
    assert values(adapter, pullback([k.ones_like(y)])) == [2 - 4j]
    (y,), _, pullback = adapter.vjp(lambda z: ([k.real(k.multiply(z, k.conj(z)))], None), [z])
    assert values(adapter, pullback([k.ones_like(y)])) == [2 + 4j]


def test_products_of_repeated_rows_are_differentiable(adapter):
    k, x = adapter.k, adapter.convert(array([[1.0, 2.0], [3.0, 4.0]]))
    u, where = adapter.convert(array([[2.0, 3.0], [5.0, 7.0], [4.0, 1.0]])), adapter.convert(np.array([1, 0, 1]))
    (y,), _, pullback = adapter.vjp(lambda x, u: ([k.scatter(x, where, u, "multiply")], None), [x, u])
    dx, du = values(adapter, pullback([k.ones_like(y)]))
    assert values(adapter, [y]) == [[[5.0, 14.0], [24.0, 12.0]]]
    assert dx == [[5.0, 7.0], [8.0, 3.0]] and du == [[12.0, 4.0], [1.0, 2.0], [6.0, 12.0]]


def test_outermost_results_are_free_of_the_tape():
    torch = pytest.importorskip("torch")
    adapter, kept = load("torch"), []

    def fn(x):
        hidden = torch.exp(x)
        kept.append(weakref.ref(hidden))
        return [hidden * 2], {"hidden": (hidden, [hidden + 1])}

    x = torch.ones(3)
    ys, aux, pullback = adapter.vjp(fn, [x])
    assert not ys[0].requires_grad and not aux["hidden"][0].requires_grad and not aux["hidden"][1][0].requires_grad
    (gradient,) = pullback([torch.ones(3)])
    assert not gradient.requires_grad and not x.requires_grad
    gc.collect()
    assert kept[0]() is None, "the pullback keeps what was computed"


def test_a_tape_of_the_programs_own_stays_whole():
    torch = pytest.importorskip("torch")
    adapter, w = load("torch"), torch.tensor(2.0, requires_grad=True)
    (y,), _, pullback = adapter.vjp(lambda w: ([w**3], None), [w])
    (gradient,) = pullback([torch.ones(())])
    (y + gradient).backward()
    assert float(w.grad) == 12 + 12
    compiled = adapter.compile(lambda state, args: ([args[0] * 2], []))
    assert not compiled([], [w])[0][0].requires_grad


def test_gradients_are_dense_and_of_rows_taken(adapter):
    k, table = adapter.k, adapter.convert(np.arange(6.0).reshape(3, 2))
    rows = adapter.convert(np.array([2, 0, 2]))
    (y,), _, pullback = adapter.vjp(lambda t: ([k.sum(k.take(t, rows, 0))], None), [table])
    assert values(adapter, pullback([k.ones_like(y)])) == [[[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]]


def test_gradients_are_finite_where_the_formula_overflows(adapter):
    k = adapter.k
    x = adapter.convert(array([-1000.0, 0.0, 1000.0]))
    expected = {
        "sigmoid": [0.0, 0.25, 0.0],
        "softplus": [0.0, 0.5, 1.0],
        "relu": [0.0, 0.0, 1.0],
    }
    for name, wanted in expected.items():
        _, _, pullback = adapter.vjp(lambda x, name=name: ([getattr(k, name)(x)], None), [x])
        assert values(adapter, pullback([k.ones_like(x)]))[0] == pytest.approx(wanted), name
    for name in ("softmax", "log_softmax", "logsumexp"):
        (y,), _, pullback = adapter.vjp(lambda x, name=name: ([getattr(k, name)(x, 0)], None), [x])
        assert np.isfinite(values(adapter, pullback([k.ones_like(y)]))[0]).all(), name


def test_corners_have_tensorflows_derivative(adapter):
    k = adapter.k
    x, y = adapter.convert(array([-1.0, 0.0, 2.0])), adapter.convert(array([-1.0, 0.0, 1.0]))

    def gradients(fn, *xs):
        (out,), _, pullback = adapter.vjp(lambda *xs: ([fn(*xs)], None), xs)
        return values(adapter, pullback([k.ones_like(out)]))

    assert gradients(k.abs, x) == [[-1.0, 0.0, 1.0]]
    assert gradients(k.relu, x) == [[0.0, 0.0, 1.0]]
    assert gradients(k.maximum, x, y) == [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    assert gradients(k.minimum, x, y) == [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert gradients(lambda x: k.maximum(x, 0.0), x) == [[0.0, 1.0, 1.0]]
    assert gradients(lambda x: k.maximum(x, k.multiply(x, 0.5)), x) == [[0.5, 1.0, 1.0]]
    assert gradients(lambda x: k.clip(x, 0.0, 2.0), x) == [[0.0, 1.0, 1.0]]
    assert gradients(lambda x: k.max(x), adapter.convert(array([1.0, 1.0]))) == [[0.5, 0.5]]
    nan = adapter.convert(array([np.nan, 1.0]))
    out = adapter.vjp(lambda x: ([k.maximum(x, 0.0), k.minimum(k.full((2,), 0.0, "float64"), x)], None), [nan])[0]
    assert np.isnan([v[0] for v in values(adapter, out)]).all()


@pytest.mark.parametrize("mode", ["set", "add", "subtract", "multiply", "divide", "max", "min"])
def test_scatter_is_differentiable(adapter, mode):
    k, x, u = adapter.k, adapter.convert(array([1.0, 2.0, 3.0])), adapter.convert(array([5.0, 4.0]))
    where = adapter.convert(np.array([2, 0]))
    (y,), _, pullback = adapter.vjp(lambda x, u: ([k.scatter(x, where, u, mode)], None), [x, u])
    dx, du = values(adapter, pullback([k.ones_like(y)]))
    expected = {
        "set": ([0, 1, 0], [1, 1]), "add": ([1, 1, 1], [1, 1]), "subtract": ([1, 1, 1], [-1, -1]),
        "multiply": ([4, 1, 5], [3, 1]), "divide": ([1 / 4, 1, 1 / 5], [-3 / 25, -1 / 16]),
        "max": ([0, 1, 0], [1, 1]), "min": ([1, 1, 1], [0, 0]),
    }  # fmt: skip
    assert dx == pytest.approx(expected[mode][0]) and du == pytest.approx(expected[mode][1])


@pytest.mark.parametrize("donate", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_compile(any_adapter, donate, dtype):
    k = any_adapter.k

    def step(state, args):
        (counter, total), (x,) = state, args
        total = k.add(total, x)
        return [k.multiply(total, k.full((), 2, dtype))], [k.add(counter, 1), total]

    compiled = any_adapter.compile(step, donate=donate)
    state = [any_adapter.convert(np.array(0, np.int64)), any_adapter.convert(np.zeros(2, dtype))]
    for _ in range(3):
        x = np.array([1, 2]).astype(dtype)  # a feed, as it comes
        results, state = compiled(state, [x if any_adapter.name == "jax" else any_adapter.convert(x)])
    assert (any_adapter.to_numpy(state[0]), any_adapter.spec(state[0]).dtype) == (3, "int64")
    assert any_adapter.spec(results[0]).dtype == dtype
    assert values(any_adapter, [state[1], *results]) == [[3, 6], [6, 12]]


@pytest.fixture
def narrow_jax():
    """JAX as it is without JAX_ENABLE_X64, whatever this process was started with."""
    jax = pytest.importorskip("jax")
    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", False)
    yield jax
    jax.config.update("jax_enable_x64", before)


def test_compile_is_called_outside_of_computing_and_leaves_the_process_alone(narrow_jax):
    jax, adapter = narrow_jax, load("jax")
    with adapter.computing():
        state, copy = [adapter.convert(array([1.0]))], adapter.convert(array([1.0]))
    assert not jax.config.read("jax_enable_x64")
    compiled = adapter.compile(lambda state, args: ([], [adapter.k.add(state[0], args[0])]))
    seen = []

    def elsewhere():
        seen.append(compiled([copy], [np.array([2.0**-40])])[1][0])

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    _, (out,) = compiled(state, [np.array([2.0**-40])])
    assert out.dtype == np.float64 and float(out[0]) == 1 + 2.0**-40 == float(seen[0][0])
    assert jax.numpy.zeros(1).dtype == np.float32
    assert not jax.config.read("jax_enable_x64")
    with pytest.raises(IndexError):
        compiled(state, [])
    assert jax.numpy.zeros(1).dtype == np.float32, "an error leaves 64-bit types on"


@pytest.mark.parametrize("stateful", [True, False])
@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
def test_callback(any_adapter, mode, stateful):
    calls = []

    def host(x, n):
        calls.append((type(x), x.dtype.name, n.dtype.name))
        return np.sin(x), n * 2**40

    def run(x, n):
        specs = [TensorSpec((3,), "float64", "cpu:0"), ((), "int64")]
        return any_adapter.callback(host, specs, [x, n], stateful=stateful)

    x, n = array([1.0, 2.0, 3.0]), np.array(3, np.int64)
    out = modes(any_adapter)[mode](run, any_adapter.convert(x), any_adapter.convert(n))
    sine, many = values(any_adapter, out)
    assert sine == np.sin(x).tolist() and many == 3 * 2**40
    assert calls and set(calls) == {(np.ndarray, "float64", "int64")}


def test_a_compiled_callback_without_results_is_called_every_time(any_adapter):
    seen = []

    def step(state, args):
        any_adapter.callback(lambda x: seen.append(float(x)) or [], [], args)
        return [], []

    compiled = any_adapter.compile(step)
    for value in (1.0, 2.0, 3.0):
        assert compiled([], [any_adapter.convert(array(value))]) == ([], [])
    if any_adapter.name == "jax":
        pytest.importorskip("jax").effects_barrier()
    assert seen == [1.0, 2.0, 3.0]


def test_a_callback_must_keep_its_word(any_adapter):
    x = any_adapter.convert(array([1.0, 2.0]))
    with pytest.raises(ValueError, match="1 results expected"):
        any_adapter.callback(lambda x: [x, x], [((2,), "float64")], [x])
    with pytest.raises(ValueError, match=r"shape \(3,\) expected"):
        any_adapter.callback(lambda x: [x], [((3,), "float64")], [x])


def test_is_concrete(any_adapter):
    seen = []

    def look(state, args):
        seen.append(any_adapter.is_concrete(args[0]))
        return [any_adapter.k.add(args[0], args[0])], []

    x = any_adapter.convert(array([1.0]))
    assert any_adapter.is_concrete(x)
    any_adapter.compile(look, donate=False)([], [x])
    assert seen == [any_adapter.name in ("numpy", "torch")]
    if any_adapter.name in DIFFERENTIATING:
        any_adapter.vjp(lambda x: (seen.append(any_adapter.is_concrete(x)), ([x], None))[1], [x])
        assert seen[-1], "a tape does not hide the contents"


def test_jit_level():
    tf = pytest.importorskip("tensorflow")
    compiled = load("tensorflow").compile(lambda state, args: ([args[0] * 2.0], []), jit_level="on")
    assert compiled([], [tf.constant(2.0)])[0][0].numpy() == 4.0


def test_the_op_table_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    op = load("tensorflow").op
    assert op("MatMul") is op("MatMul")
    a = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    product = op("MatMul")(a, a, transpose_a=False, transpose_b=True, T="float32", grad_a=False, grad_b=False)
    assert product.numpy().tolist() == [[5.0, 11.0], [11.0, 25.0]]
    assert op("Cast")(a, SrcT="float32", DstT="int32", Truncate=False).dtype == tf.int32
    values_, positions = op("TopKV2")(
        a, np.array(1, np.int32), sorted=True, T="float32", index_type="int32", Tk="int32"
    )
    assert values_.numpy().tolist() == [[2.0], [4.0]] and positions.numpy().tolist() == [[1], [1]]
    assert type(op("TopKV2")(a, 1, sorted=True)) is tuple
    assert [part.shape for part in op("Split")(0, a, num_split=2, T="float32")] == [(1, 2), (1, 2)]
    assert op("ConcatV2")([a, a], np.array(0, np.int32), N=2, T="float32", Tidx="int32").shape == (4, 2)
    assert op("EnsureShape")(a, shape=(None, 2), T="float32").shape == (2, 2)
    stateful = [
        "RandomUniform",
        "Assign",
        "ApplyAdam",
        "VariableV2",
        "ReadVariableOp",
        "Switch",
        "PyFunc",
        "If",
        "Placeholder",
    ]
    assert [op(name) for name in (*stateful, "NoSuchOp")] == [None] * 10
    traced = tf.function(lambda x: op("Relu")(op("Neg")(x, T="float32"), T="float32"), autograph=False)
    assert traced(a).numpy().tolist() == [[0.0, 0.0], [0.0, 0.0]]
    _, _, pullback = load("tensorflow").vjp(lambda x: ([op("Square")(x, T="float32")], None), [a])
    assert pullback([tf.ones_like(a)])[0].numpy().tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_a_base_adapter_runs_everything_at_once():
    adapter = load("numpy")
    assert type(adapter).cond is Adapter.cond and type(adapter).while_loop is Adapter.while_loop
    step = lambda state, args: (args, state)  # noqa: E731
    assert adapter.compile(step) is step
