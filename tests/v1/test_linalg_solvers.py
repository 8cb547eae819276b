"""What is made of decompositions, against TensorFlow."""

import numpy as np
import pytest

A = np.array([[0.5, 1.0, 0.5], [4.0, 3.0, 0.2], [0.3, 0.1, 2.0]], np.float32)
TALL = np.arange(12, dtype=np.float64).reshape(2, 3, 2) + np.eye(3, 2)
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])

PROGRAMS = {
    "lu": lambda tf: [*tf.linalg.lu(A), *tf.linalg.lu(np.stack([A, A.T]), output_idx_type=tf.int64)],
    "lu_solve": lambda tf: [
        tf.linalg.lu_solve(*tf.linalg.lu(A), rhs=A.T),
        tf.linalg.lu_reconstruct(*tf.linalg.lu(A)),
        tf.linalg.lu_matrix_inverse(*tf.linalg.lu(A)),
    ],
    "pinv": lambda tf: [
        tf.linalg.pinv(TALL),
        tf.linalg.pinv(SINGULAR),
        tf.linalg.pinv(SINGULAR, rcond=0.9, name="p"),
        tf.linalg.pinv(tf.placeholder_with_default(A, [None, None])),
    ],
    "matrix_rank": lambda tf: [
        tf.linalg.matrix_rank(A),
        tf.linalg.matrix_rank(TALL),
        tf.linalg.matrix_rank(SINGULAR),
        tf.linalg.matrix_rank(SINGULAR, tol=10.0),
    ],
    "normalize": lambda tf: [*tf.linalg.normalize(A), *tf.linalg.normalize(A, ord=1, axis=0)],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_tensorflow(both, name):
    both.same(PROGRAMS[name], rtol=1e-4, atol=1e-5)


def test_refusals(both):
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default():
            with pytest.raises(TypeError, match="Input `a` must have `float`-like `dtype`"):
                tf.linalg.pinv([[1, 2]])
            with pytest.raises(ValueError, match="must have at least 2 dimensions"):
                tf.linalg.matrix_rank([1.0])
            with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
                session.run(tf.linalg.lu(np.zeros((2, 2))))
