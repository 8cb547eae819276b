"""Record what TensorFlow's random ops, the functions over them and the initializers give: `random.npz`, `random.json`.

    python tests/v1/golden/record_random.py

Needs TensorFlow. Everything runs on one thread on a CPU: `Multinomial` depends on the number of threads.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow

sys.path.insert(0, str(Path(__file__).parents[1]))
import random_cases as cases

tf = tensorflow.compat.v1
raw = tensorflow.raw_ops
HERE = Path(__file__).parent


def session(graph):
    return tf.Session(graph=graph, config=tf.ConfigProto(intra_op_parallelism_threads=1, device_count={"GPU": 0}))


def plain(array):
    """NumPy files hold no bfloat16."""
    return array.view(np.uint16) if array.dtype == tensorflow.bfloat16.as_numpy_dtype else array


def runs(build):
    """The tensors that `build` returns, flat, run after run."""
    with tf.Graph().as_default() as graph:
        tensors = build()
        with session(graph) as sess:
            parts = [plain(v).reshape(-1) for _ in range(cases.RUNS) for v in sess.run(tensors)]
    return np.concatenate(parts)


def fills(out):
    for seed, seed2 in cases.SEEDS:
        common = {"seed": seed, "seed2": seed2}
        for op in cases.FILLS:
            for dtype in cases.FLOATS:
                out[f"{op}/{dtype}/{seed}/{seed2}"] = runs(
                    lambda op=op, dtype=dtype, common=common: [
                        getattr(raw, op)(shape=np.array(s, np.int32), dtype=dtype, **common) for s in cases.SHAPES
                    ]
                )
        for dtype, ranges in cases.RANGES.items():
            out[f"RandomUniformInt/{dtype}/{seed}/{seed2}"] = runs(
                lambda dtype=dtype, ranges=ranges, common=common: [
                    raw.RandomUniformInt(
                        shape=np.array(s, np.int32),
                        minval=np.array(lo, dtype),
                        maxval=np.array(hi, dtype),
                        **common,
                    )
                    for s in cases.SHAPES
                    for lo, hi in ranges
                ]
            )
        for op, dtypes in cases.STATELESS.items():
            for dtype in dtypes:
                out[f"{op}/{dtype}/{seed}/{seed2}"] = runs(
                    lambda op=op, dtype=dtype, pair=(seed, seed2): [
                        getattr(raw, op)(shape=np.array(s, np.int32), seed=np.array(pair, np.int64), dtype=dtype)
                        for s in cases.SHAPES
                    ]
                )


def samplers(out):
    for seed, seed2 in cases.SEEDS:
        s = {"seed": seed, "seed2": seed2}
        for dtype in ("float16", "float32", "float64"):
            alpha, rates = np.array(cases.ALPHA, dtype), np.array(cases.RATES, dtype)
            out[f"RandomGamma/{dtype}/{seed}/{seed2}"] = runs(
                lambda a=alpha, s=s: [raw.RandomGamma(shape=[n], alpha=a, **s) for n in (1, 6)]
            )
            out[f"RandomPoissonV2/{dtype}/{seed}/{seed2}"] = runs(
                lambda r=rates, s=s: [raw.RandomPoissonV2(shape=[n], rate=r, dtype=np.float64, **s) for n in (1, 6)]
            )
        for dtype in ("float32", "float64"):
            out[f"Multinomial/{dtype}/{seed}/{seed2}"] = runs(
                lambda d=dtype, s=s: [
                    raw.Multinomial(logits=np.array(cases.LOGITS, d), num_samples=n, **s) for n in (1, 3, 8)
                ]
            )
        out[f"RandomShuffle/int64/{seed}/{seed2}"] = runs(
            lambda s=s: [
                raw.RandomShuffle(value=np.arange(n).reshape(-1, w), **s) for n, w in ((2, 1), (60, 3), (97, 1))
            ]
        )


def digests():
    found = {}
    for op in cases.FILLS:
        for n in cases.LARGE:
            with tf.Graph().as_default() as graph:
                numbers = getattr(raw, op)(shape=[n], dtype="float32", seed=11, seed2=12)
                with session(graph) as sess:
                    sess.run(numbers.op)
                    found[f"{op}/{n}"] = hashlib.sha256(sess.run(numbers).tobytes()).hexdigest()
    return found


def expressions(out):
    """For each expression and graph-level seed the operations and, in `out`, the values of two runs."""
    built = {}
    listed = [(e, seed) for e in (*cases.SEEDED, *cases.initializer_cases()) for seed in (None, 42)]
    listed += [(e, seed) for e in cases.UNSEEDED for seed in (0, 42)] + [(e, None) for e in cases.PURE]
    for expression, seed in listed:
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(seed)
            tensor = eval(expression, {"tf": tf, "np": np})
            ops = [(op.type, op.name, [i.name for i in op.inputs], attributes(op)) for op in graph.get_operations()]
            built[f"{expression} @ {seed}"] = {"ops": ops, "result": tensor.name}
            if all(found != {"seed": 0, "seed2": 0} for *_, found in ops):
                with session(graph) as sess:
                    out[f"{expression} @ {seed}"] = np.stack([plain(sess.run(tensor)) for _ in range(2)])
    return built


def attributes(op):
    return {name: op.get_attr(name) for name in ("seed", "seed2") if name in op.node_def.attr}


def main():
    tf.disable_v2_behavior()
    arrays = {}
    fills(arrays)
    samplers(arrays)
    record = {"tensorflow": tensorflow.__version__, "sha256": digests(), "graphs": expressions(arrays)}
    np.savez_compressed(HERE / "random.npz", **{name.replace("/", "|"): a for name, a in arrays.items()})
    (HERE / "random.json").write_text(json.dumps(record, indent=0) + "\n")


if __name__ == "__main__":
    main()
