"""The chapters' functions and operators on variables: read where TensorFlow reads them, under the same names."""

import numpy as np
import pytest

VALUE = np.arange(6, dtype=np.float32).reshape(3, 2)

PROGRAMS = {
    "operators": lambda tf, w: [w + 1, 1 - w, w * w, w / 2, -w, abs(w), w**2, w > 1, w @ tf.transpose(w)],
    "indexing": lambda tf, w: [w[0], w[:, 1], w[..., None], w[1:]],
    "shapes": lambda tf, w: [
        tf.zeros_like(w),
        tf.ones_like(w),
        tf.shape(w),
        tf.size(w),
        tf.rank(w),
        tf.reshape(w, [-1]),
    ],
    "sums": lambda tf, w: [tf.reduce_mean(w), tf.reduce_sum(w, 1), tf.matmul(w, w, transpose_b=True), tf.norm(w)],
    "casts": lambda tf, w: [tf.cast(w, tf.int32), tf.cast(w, tf.float32) * 2, tf.identity(w), tf.Print(w, [w])],
    "parts": lambda tf, w: [
        tf.gather(w, [1]),
        tf.split(w, 2, 1),
        tf.unstack(w),
        tf.boolean_mask(w, [True, False, True]),
    ],
    "joined": lambda tf, w: [tf.concat([w, w], 0), tf.stack([w, w]), tf.add_n([w, w]), tf.pad(w, [[1, 1], [0, 0]])],
    "elementwise": lambda tf, w: [tf.exp(w), tf.add(w, w), tf.clip_by_value(w, 0.0, 1.0), tf.where(w > 1, w, w)],
    "arithmetic": lambda tf, w: [
        tf.multiply(w, 2.0),
        tf.subtract(w, w),
        tf.squared_difference(w, 1.0),
        tf.maximum(w, 1.0),
    ],
    "others": lambda tf, w: [
        tf.constant([1.0, 2.0]) + w,
        tf.scalar_mul(2.0, w),
        tf.count_nonzero(w),
        tf.sign(w),
        tf.round(w),
    ],
    "products": lambda tf, w: [tf.tensordot(w, w, [[0], [0]]), tf.einsum("ij,kj->ik", w, w), tf.global_norm([w])],
    "squeezed": lambda tf, w: [
        tf.expand_dims(w, 0),
        tf.squeeze(tf.expand_dims(w, 0)),
        tf.tile(w, [1, 2]),
        tf.argmax(w, 1),
    ],
}


@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_graph_and_values(both, name, resource):
    def program(tf):
        return PROGRAMS[name](tf, tf.get_variable("w", initializer=tf.constant(VALUE), use_resource=resource))

    both.same_graph(program)
    results = []
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            fetches = program(tf)
            session.run(tf.global_variables_initializer())
            results.append(session.run(fetches))
    for mine, real in zip(*results, strict=True):
        np.testing.assert_allclose(mine, real, rtol=1e-5)
