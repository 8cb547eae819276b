"""Every op definition against TensorFlow's op, with every framework's primitives: values recorded and live."""

import numpy as np
import pytest
from kernel_calls import all_attrs, computing, run

from onevar.conformance.v1_ops import CASES, Case, compare, expected
from onevar.core import registry
from onevar.core.kernel import KERNELS, kernel_of, load
from onevar.core.op_errors import InvalidArgumentError


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_numpy(one):
    k = registry.adapter("numpy").k
    compare(one, run(k, one.type, one.inputs, one.attrs), expected(one))


def _on(name: str, one: Case) -> list:
    adapter = registry.adapter(name)
    found = run(adapter.k, one.type, one.inputs, one.attrs)
    return [x if isinstance(x, np.ndarray) else np.asarray(adapter.to_numpy(x)) for x in found]


def _has_strings(one: Case) -> bool:
    flat = [y for x in one.inputs for y in (x if isinstance(x, list) else [x])]
    return any(x.dtype == object for x in flat)


WITHOUT_STRINGS = [one for one in CASES if not _has_strings(one)]


@pytest.mark.parametrize("one", WITHOUT_STRINGS, ids=lambda one: one.name)
def test_torch(one):
    pytest.importorskip("torch")
    compare(one, _on("torch", one), expected(one))


@pytest.mark.parametrize("one", WITHOUT_STRINGS, ids=lambda one: one.name)
def test_jax(one):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        compare(one, _on("jax", one), expected(one))


def _one_of_each() -> list[Case]:
    first: dict[str, Case] = {}
    for one in WITHOUT_STRINGS:
        entry = kernel_of(one.type)
        if not entry.on_host and len(entry.host_index) < len(one.inputs):
            first.setdefault(one.type, one)
    return list(first.values())


def test_definitions_can_be_traced():
    jax = pytest.importorskip("jax")
    k = registry.adapter("jax").k
    with jax.enable_x64(True):
        for one in _one_of_each():
            entry, attrs = kernel_of(one.type), all_attrs(one.type, one.inputs, one.attrs)
            traced = [i for i in range(len(one.inputs)) if i not in entry.host_index]

            def compute(chosen, one=one, entry=entry, attrs=attrs, traced=traced):
                given = dict(zip(traced, chosen, strict=True))
                inputs = [given.get(i, x) for i, x in enumerate(one.inputs)]
                return entry.fn(k, *inputs, **{name: attrs[name] for name in entry.attrs})

            with computing("jax"):
                made = jax.tree.leaves(jax.eval_shape(compute, [one.inputs[i] for i in traced]))
            assert [x.shape for x in made] == [x.shape for x in expected(one)], one.name


def test_the_goldens_are_what_tensorflow_gives():
    pytest.importorskip("tensorflow")
    from onevar.conformance.golden.record_ops import values

    for one in CASES:
        compare(one, values(one), expected(one))


def test_every_definition_has_a_case():
    load()
    here = {t for t, entry in KERNELS.items() if entry.fn.__module__.rpartition(".")[2] in MODULES}
    assert here - {one.type for one in CASES} == TESTED_ELSEWHERE


MODULES = (
    "activations", "blocks", "choosing", "diagonals", "elementwise", "indexing", "joining", "losses", "making",
    "matrices", "reductions", "segments", "shaping", "slicing", "strings",
)  # fmt: skip
# Old names of the same definitions (which TensorFlow does not run any more), and what has no inputs.
TESTED_ELSEWHERE = {
    "BatchCholesky", "BatchMatrixBandPart", "BatchMatrixDeterminant", "BatchMatrixDiag", "BatchMatrixDiagPart",
    "BatchMatrixInverse", "BatchMatrixSetDiag", "BatchMatrixSolve", "BatchMatrixTriangularSolve", "Const", "DeepCopy",
    "ParallelDynamicStitch", "PlaceholderWithDefault", "ScatterNdNonAliasingAdd", "TopK",
}  # fmt: skip


def test_decompositions_multiply_to_the_matrix():
    k = registry.adapter("numpy").k
    x = next(c for c in CASES if c.type == "Svd").inputs[0]
    s, u, v = run(k, "Svd", [x], {"compute_uv": True})
    np.testing.assert_allclose(u * s @ v.T, x, atol=1e-5)
    q, r = run(k, "Qr", [x], {})
    np.testing.assert_allclose(q @ r, x, atol=1e-5)


def test_const_is_its_value():
    value = np.arange(3)
    assert kernel_of("Const").fn(None, value=value) is value


@pytest.mark.parametrize(
    ("items", "found"), [([1.0, np.nan], "NaN"), ([np.inf, 0.0], "Inf"), ([np.nan, -np.inf], "Inf and NaN")]
)
@pytest.mark.parametrize("name", ["numpy", "torch", "jax"])
def test_check_numerics_says_what_it_found(name, items, found):
    pytest.importorskip(name)
    with pytest.raises(InvalidArgumentError, match=f"^here : Tensor had {found} values"):
        run(registry.adapter(name).k, "CheckNumerics", [np.float32(items)], {"message": "here"})
