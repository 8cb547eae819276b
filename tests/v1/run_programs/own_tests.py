"""`tf.test.TestCase`: which of its assertions hold, and what its sessions are."""

import unittest

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()


class Holds(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.a = np.array([[1.0, 2.0], [3.0, np.nan]])

    def test_close(self):
        self.assertAllClose(self.a, self.a + 1e-9)
        self.assertAllClose({"x": [1.0, 2.0], "y": (self.a, [3.0])}, {"x": [1.0, 2.0], "y": (self.a, [3.0])})
        self.assertAllClose(1.0, 1.01, rtol=0.1)
        self.assertAllCloseAccordingToType(np.float16(1), np.float16(1.0005))
        self.assertNotAllClose([1.0], [2.0])
        self.assertNear(1.0, 1.1, 0.2)
        self.assertArrayNear([1.0, 2.0], [1.1, 2.1], 0.2)
        self.assertNDArrayNear(np.ones(2), np.ones(2) + 0.01, 0.1)

    def test_equal(self):
        self.assertAllEqual(self.a, self.a)
        self.assertAllEqual([1, 2], (1, 2))
        self.assertAllEqual([b"a", b"b"], ["a", "b"])
        self.assertNotAllEqual([1], [2])

    def test_ranges(self):
        self.assertAllGreater([2, 3], 1)
        self.assertAllGreaterEqual([1, 3], 1)
        self.assertAllLess([2, 3], 4)
        self.assertAllLessEqual([2, 4], 4)
        self.assertAllInRange([1, 2], 1, 2)
        self.assertAllInSet([1, 2], [1, 2, 3])
        self.assertDTypeEqual(np.float32(1), np.float32)
        self.assertShapeEqual(np.ones((2, 3)), tf.zeros([2, 3]))

    def test_tensors(self):
        with self.session() as session:
            self.assertIs(tf.get_default_session(), session)
            self.assertAllEqual(tf.constant([1, 2]), [1, 2])
            self.assertAllClose(tf.constant([1.0]) * 2.0, tf.constant([2.0]))
            self.assertEqual(self.evaluate(tf.constant(3)), 3)
        self.assertAllEqual(self.evaluate([tf.constant(1), {"k": tf.constant(2)}])[1]["k"], 2)

    def test_cached(self):
        with self.cached_session() as one, one.as_default():
            v = tf.Variable(1.0)
            one.run(tf.global_variables_initializer())
        with self.cached_session() as two, self.test_session() as three:
            self.assertIs(one, two)
            self.assertIs(one, three)
            self.assertEqual(two.run(v), 1.0)

    def test_seeded(self):
        self.assertEqual(tf.get_default_graph().seed, 87654321)
        self.assertEqual(np.random.randint(1000000), np.random.RandomState(87654321).randint(1000000))

    def test_op_errors(self):
        with self.assertRaisesOpError("no good"):
            raise tf.errors.InvalidArgumentError(None, None, "is no good")
        with self.assertRaisesWithPredicateMatch(ValueError, lambda e: "x" in str(e)):
            raise ValueError("x")

    def test_folder(self):
        self.assertTrue(tf.gfile.IsDirectory(self.get_temp_dir()))
        self.assertEqual(self.get_temp_dir(), self.get_temp_dir())

    def test_thread(self):
        thread = self.checkedThread(lambda x: self.assertEqual(x, 1), args=(1,))
        thread.start()
        thread.join()


class Fails(tf.test.TestCase):
    def test_close(self):
        self.assertAllClose([1.0], [2.0])

    def test_close_shape(self):
        self.assertAllClose([1.0], [[1.0]])

    def test_close_structure(self):
        self.assertAllClose({"a": 1.0}, {"b": 1.0})

    def test_close_dict(self):
        self.assertAllClose({"a": 1.0}, 1.0)

    def test_close_nan(self):
        self.assertAllClose([np.nan], [1.0])

    def test_equal(self):
        self.assertAllEqual([1], [2])

    def test_equal_shape(self):
        self.assertAllEqual([1], 1)

    def test_greater(self):
        self.assertAllGreater([1], 1)

    def test_set(self):
        self.assertAllInSet([4], [1])

    def test_shape(self):
        self.assertShapeEqual(np.ones(2), tf.zeros([3]))

    def test_not_close(self):
        self.assertNotAllClose([1.0], [1.0])

    def test_op_error(self):
        with self.assertRaisesOpError("good"):
            raise tf.errors.InvalidArgumentError(None, None, "bad")

    def test_op_error_none(self):
        with self.assertRaisesOpError("good"):
            pass

    def test_thread(self):
        thread = self.checkedThread(lambda: self.assertEqual(2, 1))
        thread.start()
        thread.join()


class Works(tf.test.Benchmark):
    def benchmark_one(self):
        with tf.Session() as session:
            print(sorted(self.run_op_benchmark(session, tf.constant(1), min_iters=2)))


if __name__ == "__main__":
    for case in (Holds, Fails):
        for test in unittest.defaultTestLoader.loadTestsFromTestCase(case):
            result = test.run()
            verdicts = ["error"] * len(result.errors) + ["failure"] * len(result.failures)
            print(test.id(), verdicts, [e[1].splitlines()[-1] for e in result.errors])
    print(tf.test.mock.__name__, tf.test.is_gpu_available(), repr(tf.test.gpu_device_name()))
    stub = tf.test.StubOutForTesting()
    stub.Set(np, "pi", 3)
    print(np.pi)
    stub.CleanUp()
    print(np.pi)
