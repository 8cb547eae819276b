"""V1-28: every op definition computes what TensorFlow's op computes: at once, and in the plans of a session."""

import numpy as np
import pytest

from onevar.adapters.contract import PRIMITIVES
from onevar.conformance.marks import requirement
from onevar.conformance.v1_ops import CASES, build, compare, compute, expected, needs
from onevar.errors import Unsupported

#: How many cases share a plan: a compiler is asked once for all of them.
TOGETHER = 60
#: What every adapter has as a method.
BASIC = ("asarray", "astype", "getitem", "stop_gradient", "shape", "dtype")


#: Cases of one recording, so many at a time.
PARTS = [
    pytest.param(cases[start : start + TOGETHER], id=f"{thing}-{start}")
    for thing in dict.fromkeys(one.thing for one in CASES)
    for cases in [[one for one in CASES if one.thing == thing]]
    for start in range(0, len(cases), TOGETHER)
]


def _lacking(adapter, one):
    with adapter.computing():
        lacks = dict(adapter.lacks)
    return next((f"{need}: {lacks[need]}" for need in needs(one) if need in lacks), None)


def _computes(adapter, one):
    with adapter.computing():
        try:
            return compute(adapter, one), None
        except Unsupported as error:
            return None, str(error)


@requirement("V1-28")
@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_v1_ops(adapter, one):
    lacking = _lacking(adapter, one)
    if lacking:
        pytest.skip(lacking)
    if adapter.compiles:
        pytest.skip("computed in compiled plans of many ops: each alone would be compiled first")
    found, missing = _computes(adapter, one)
    if missing:
        pytest.skip(missing)
    compare(one, found, expected(one))


@requirement("V1-28")
@pytest.mark.parametrize("part", PARTS)
def test_v1_ops_in_plans(v1, adapter, part):
    whole = adapter.compiles and not set(PRIMITIVES) - {*adapter.primitives, *adapter.kernels, *BASIC}
    cases = [one for one in part if not _lacking(adapter, one) and (whole or _computes(adapter, one)[0] is not None)]
    fetches, feeds = {}, {}
    for one in cases:
        outputs, fed = build(v1, one)
        fetches[one.name] = outputs
        feeds.update(fed)
    with v1.Session() as session:
        for _ in range(3):
            found = session.run(fetches, feeds)
            for one in cases:
                compare(one, [np.asarray(x) for x in found[one.name]], expected(one))
