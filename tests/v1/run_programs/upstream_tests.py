"""What upstream tests are built on: test_util's decorators and assertions, gradient checks, combinations."""

import unittest

import numpy as np
import tensorflow.compat.v1 as tf
from absl.testing import parameterized
from tensorflow.python.framework import combinations, test_util
from tensorflow.python.ops import gradient_checker
from tensorflow.python.platform import googletest, test

tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)


class Decorated(test.TestCase, parameterized.TestCase):
    @test_util.run_deprecated_v1
    def test_gradient(self):
        with self.cached_session():
            x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
            y = tf.matmul(x, x)
            start = np.ones([2, 2], np.float32)
            error = gradient_checker.compute_gradient_error(x, [2, 2], y, [2, 2], x_init_value=start)
            theoretical, numeric = gradient_checker.compute_gradient(x, [2, 2], y, [2, 2], x_init_value=start)
        self.assertLess(error, 1e-2)
        self.assertAllEqual(theoretical, [[2, 1, 1, 0], [1, 2, 0, 1], [1, 0, 2, 1], [0, 1, 1, 2]])
        self.assertEqual(numeric.shape, (4, 4))

    @test_util.run_in_graph_and_eager_modes
    def test_both_modes(self):
        self.assertAllEqual(self.evaluate(tf.constant([1, 2])), [1, 2])

    @test_util.run_v1_only("its reason")
    def test_version_1(self):
        self.assertFalse(tf.executing_eagerly())

    @test_util.run_v2_only
    def test_version_2(self):
        self.fail("version 2")

    @test_util.run_gpu_only
    def test_gpu(self):
        self.fail("gpu")

    @test_util.disable_xla("its reason")
    @test_util.run_deprecated_v1
    def test_without_xla(self):
        with self.session(use_gpu=True) as session:
            self.assertAllClose(session.run(tf.ones([2])), [1.0, 1.0])

    @combinations.generate(combinations.combine(tf_api_version=[1, 2], mode="graph", size=[1, 2]))
    def test_combined(self, size):
        self.assertIn(size, (1, 2))

    @parameterized.named_parameters(("one", 1), ("two", 2))
    @test_util.run_deprecated_v1
    def test_named(self, number):
        self.assertGreater(number, 0)

    def test_errors(self):
        with self.cached_session() as session:
            x = tf.placeholder(tf.float32, name="x")
            with self.assertRaisesOpError("must feed a value for placeholder tensor 'x'"):
                session.run(x)
            with self.assertRaisesWithPredicateMatch(tf.errors.InvalidArgumentError, lambda e: e.op.name == "x"):
                session.run(x)
            with self.assertRaises(AssertionError), self.assertRaisesOpError("something else"):
                session.run(x)

    def test_graphs(self):
        with tf.Graph().as_default() as graph:
            a = tf.constant(1, name="a")
            tf.add(a, a, name="b")
        self.assertEqual(sorted(test_util.assert_ops_in_graph({"a": "Const", "b": "AddV2"}, graph)), ["a", "b"])
        with self.assertRaisesRegex(ValueError, "Not all expected ops are present"):
            test_util.assert_ops_in_graph({"c": "Const"}, graph)
        test_util.assert_equal_graph_def(graph.as_graph_def(), graph.as_graph_def())

    def test_sessions(self):
        with self.cached_session() as one, self.cached_session() as other:
            self.assertIs(one, other)
        words = "The graph used to get the cached session is different"
        with self.assertRaisesRegex(ValueError, words), self.cached_session(graph=tf.Graph()):
            pass
        with self.session(graph=tf.Graph(), use_gpu=False):
            self.assertEqual(tf.constant(1).device, "/device:CPU:0")

    def test_threads(self):
        thread = self.checkedThread(target=self.assertEqual, args=(1, 2))
        thread.start()
        with self.assertRaises(AssertionError):
            thread.join()

    def test_structures(self):
        self.assertAllClose({"a": [1.0, 2.0], "b": (3.0,)}, {"a": [1.0, 2.0], "b": (3.0,)})
        self.assertAllClose([np.ones(2), np.ones(3)], (np.ones(2), np.ones(3)))
        with self.assertRaisesRegex(AssertionError, "not close rhs"):
            self.assertAllClose([1.0, 2.0], [1.0, 3.0])
        self.assertDeviceEqual("/cpu:2", "/device:CPU:2")


class Folder(googletest.TestCase):
    def test_folder(self):
        self.assertTrue(googletest.GetTempDir())


class Listed(unittest.TextTestResult):
    def startTest(self, test):
        super().startTest(test)
        self.before = self.counts()

    def counts(self):
        return [len(self.failures) + len(self.errors), len(self.skipped)]

    def stopTest(self, test):
        failed, skipped = (after - before for before, after in zip(self.before, self.counts(), strict=True))
        said = "failed" if failed else "skipped" if skipped else "ok"
        if not test.id().endswith("test_session"):
            print(test.id().partition(".")[2], said)


suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in (Decorated, Folder))
result = unittest.TextTestRunner(resultclass=Listed, verbosity=0).run(suite)
print(result.wasSuccessful())
