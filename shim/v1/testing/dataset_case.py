"""`tensorflow.python.data.kernel_tests.test_base`: a test case with assertions about datasets."""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from onevar.core import op_errors
from onevar.core.dtype import int64
from onevar.v1 import export
from onevar.v1.testing.case import TestCase
from onevar.v1.testing.combining import combine

_DELAYS = (10, 100, 1000, 20000)


def _api(name: str) -> Any:
    return export.exported(name)


def default_test_combinations() -> list:
    """Return the combinations of versions and modes that tests are for."""
    return combine(tf_api_version=[1, 2], mode=["eager", "graph"])


def eager_only_combinations() -> list:
    """Return those in eager mode."""
    return combine(tf_api_version=[1, 2], mode="eager")


def graph_only_combinations() -> list:
    """Return those in graph mode."""
    return combine(tf_api_version=[1, 2], mode="graph")


def v1_only_combinations() -> list:
    """Return those of version 1."""
    return combine(tf_api_version=1, mode=["eager", "graph"])


def v2_only_combinations() -> list:
    """Return those of version 2."""
    return combine(tf_api_version=2, mode=["eager", "graph"])


def v2_eager_only_combinations() -> list:
    """Return those of version 2 in eager mode."""
    return combine(tf_api_version=2, mode="eager")


class DatasetTestBase(TestCase):
    """A test case with assertions about datasets."""

    def assert_op_cancelled(self, op: Any) -> None:
        """Fail unless the operation is cancelled."""
        with self.assertRaises(op_errors.CancelledError):
            self.evaluate(op)

    def assertValuesEqual(self, expected: Any, actual: Any) -> None:
        """Fail unless two values, sparse or ragged ones included, are equal."""
        if hasattr(expected, "dense_shape"):
            for part in ("indices", "values", "dense_shape"):
                self.assertAllEqual(getattr(expected, part), getattr(actual, part))
        elif hasattr(expected, "row_splits"):
            self.assertAllEqual(expected.to_list(), actual.to_list())
        else:
            self.assertAllEqual(expected, actual)

    def getNext(self, dataset: Any, requires_initialization: bool = False, shared_name: str | None = None) -> Any:
        """Return a function that returns the next element, to be evaluated.

        Args:
            dataset: The dataset.
            requires_initialization: Whether it depends on what a one-shot iterator cannot take.
            shared_name: Of the iterator.
        """
        if requires_initialization:
            iterator = _api("data.make_initializable_iterator")(dataset, shared_name)
            self.evaluate(iterator.initializer)
        else:
            iterator = _api("data.make_one_shot_iterator")(dataset)
        element = iterator.get_next()
        return lambda: element.stack() if isinstance(element, _api("TensorArray")) else element

    def _compareOutputToExpected(
        self, result_values: Sequence[Any], expected_values: Sequence[Any], assert_items_equal: bool
    ) -> None:
        if assert_items_equal:
            self.assertCountEqual(result_values, expected_values)
            return
        for result, expected in zip(result_values, expected_values, strict=False):
            self._same_structure(result, expected)

    def _same_structure(self, result: Any, expected: Any) -> None:
        """Compare elements, nested in tuples and dictionaries; a list is an array, as in datasets."""
        if isinstance(expected, dict):
            self.assertEqual(sorted(expected), sorted(result))
            for key in expected:
                self._same_structure(result[key], expected[key])
        elif isinstance(expected, tuple) and not hasattr(expected, "dense_shape"):
            self.assertIsInstance(result, tuple)
            self.assertEqual(len(expected), len(result))
            for one, other in zip(result, expected, strict=True):
                self._same_structure(one, other)
        else:
            self.assertValuesEqual(expected, result)

    def getDatasetOutput(self, dataset: Any, requires_initialization: bool = False) -> list[Any]:
        """Return all elements.

        Args:
            dataset: The dataset.
            requires_initialization: Whether it depends on what a one-shot iterator cannot take.
        """
        return self.getIteratorOutput(self.getNext(dataset, requires_initialization))

    def getIteratorOutput(self, get_next: Callable[[], Any]) -> list[Any]:
        """Return all elements that `get_next` still has.

        Args:
            get_next: A function that `getNext` returned.
        """
        results: list[Any] = []
        while True:
            try:
                results.append(self.evaluate(get_next()))
            except op_errors.OutOfRangeError:
                return results

    def assertDatasetProduces(
        self, dataset: Any, expected_output: Any = None, expected_shapes: Any = None, expected_error: Any = None,
        requires_initialization: bool = False, num_test_iterations: int = 1, assert_items_equal: bool = False,
        expected_error_iter: int = 1,
    ) -> None:  # fmt: skip
        """Fail unless a dataset produces just these elements, or an error.

        Args:
            dataset: The dataset.
            expected_output: The elements.
            expected_shapes: Their shapes, as the dataset knows them.
            expected_error: The type of the error, and what its message matches.
            requires_initialization: Whether it depends on what a one-shot iterator cannot take.
            num_test_iterations: How often it is gone through.
            assert_items_equal: Whether the order does not matter.
            expected_error_iter: How many elements are asked for until there is the error.
        """
        either = "Exactly one of expected_output or expected error should be provided."
        self.assertTrue(expected_error is not None or expected_output is not None, either)
        if expected_error:
            self.assertIsNone(expected_output, either)
            with self.assertRaisesWithPredicateMatch(expected_error[0], expected_error[1]):
                get_next = self.getNext(dataset, requires_initialization)
                for _ in range(expected_error_iter):
                    self.evaluate(get_next())
            return
        if expected_shapes:
            self.assertEqual(expected_shapes, _api("data.get_output_shapes")(dataset))
        self.assertGreater(num_test_iterations, 0)
        for _ in range(num_test_iterations):
            get_next = self.getNext(dataset, requires_initialization)
            self._compareOutputToExpected(self._first(get_next, len(expected_output)), expected_output,
                                          assert_items_equal)  # fmt: skip
            for _ in range(2):
                with self.assertRaises(op_errors.OutOfRangeError):
                    self.evaluate(get_next())

    def _first(self, get_next: Callable[[], Any], count: int) -> list[Any]:
        result: list[Any] = []
        for _ in range(count):
            try:
                result.append(self.evaluate(get_next()))
            except op_errors.OutOfRangeError as error:
                raise AssertionError(
                    f"Dataset ended early, producing {len(result)} elements out of {count}. Dataset output: {result}"
                ) from error
        return result

    def assertDatasetsEqual(self, dataset1: Any, dataset2: Any) -> None:
        """Fail unless two datasets have the same elements.

        Args:
            dataset1: One.
            dataset2: The other.
        """
        types = [_api("data.get_output_types")(one) for one in (dataset1, dataset2)]
        self.assertEqual(*types)
        next1, next2 = self.getNext(dataset1), self.getNext(dataset2)
        while True:
            try:
                one = self.evaluate(next1())
            except op_errors.OutOfRangeError:
                with self.assertRaises(op_errors.OutOfRangeError):
                    self.evaluate(next2())
                return
            self._same_structure(self.evaluate(next2()), one)

    def assertDatasetsRaiseSameError(
        self, dataset1: Any, dataset2: Any, exception_class: Any, replacements: Any = None
    ) -> None:
        """Fail unless the first element of both is the same error.

        Args:
            dataset1: One.
            dataset2: The other.
            exception_class: The error's type.
            replacements: Texts of the first's message, what is there in the second's, and how often.

        Raises:
            ValueError: The first has no error.
        """
        next1, next2 = self.getNext(dataset1), self.getNext(dataset2)
        try:
            self.evaluate(next1())
        except exception_class as error:
            message = error.message
        else:
            raise ValueError(f"Expected dataset to raise an error of type {exception_class!r}, but it did not.")
        for old, new, count in replacements or []:
            message = message.replace(old, new, count)
        with self.assertRaisesRegex(exception_class, re.escape(message)):
            self.evaluate(next2())

    def structuredDataset(self, dataset_structure: Any, shape: Any = None, dtype: Any = int64) -> Any:
        """Return a dataset with one element of zeros, nested like `dataset_structure`.

        Args:
            dataset_structure: Tuples of tuples of None.
            shape: Of each tensor.
            dtype: Of each tensor.
        """
        dataset = _api("data.Dataset")
        if dataset_structure is None:
            return dataset.from_tensors(_api("zeros")(shape or [], dtype=dtype))
        return dataset.zip(tuple(self.structuredDataset(one, shape, dtype) for one in dataset_structure))

    def structuredElement(self, element_structure: Any, shape: Any = None, dtype: Any = int64) -> Any:
        """Return zeros, nested like `element_structure`.

        Args:
            element_structure: Tuples of tuples of None.
            shape: Of each tensor.
            dtype: Of each tensor.
        """
        if element_structure is None:
            return _api("zeros")(shape or [], dtype=dtype)
        return tuple(self.structuredElement(one, shape, dtype) for one in element_structure)

    def textFileInitializer(self, vals: Sequence[Any]) -> Any:
        """Return what fills a table from a file that has the values, one a line.

        Args:
            vals: The values.
        """
        path = os.path.join(self.get_temp_dir(), "text_file_initializer")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(f"{value}\n" for value in vals))
        index = _api("lookup.TextFileIndex")
        return _api("lookup.TextFileInitializer")(path, int64, index.LINE_NUMBER, int64, index.WHOLE_LINE)

    def keyValueTensorInitializer(self, vals: Sequence[Any]) -> Any:
        """Return what fills a table with the values, the keys being their numbers.

        Args:
            vals: The values.
        """
        constant = _api("constant")
        return _api("lookup.KeyValueTensorInitializer")(constant(list(range(len(vals))), dtype=int64), constant(vals))

    def lookupTableInitializer(self, init_source: str, vals: Sequence[Any]) -> Any:
        """Return what fills a table with the values, the keys being their numbers.

        Args:
            init_source: `"textfile"` or `"keyvaluetensor"`.
            vals: The values.

        Raises:
            ValueError: Another source.
        """
        if init_source == "textfile":
            return self.textFileInitializer(vals)
        if init_source == "keyvaluetensor":
            return self.keyValueTensorInitializer(vals)
        raise ValueError(f"Unrecognized init_source: {init_source}")

    def checkDeterminism(
        self, dataset_fn: Callable[[int], Any], expect_determinism: bool, expected_elements: Sequence[Any]
    ) -> None:
        """Fail unless a dataset's order is the one expected, or, if that is allowed, another one.

        Args:
            dataset_fn: Makes the dataset for a delay of its first element, in milliseconds.
            expect_determinism: Whether there is one order only.
            expected_elements: The elements in order.
        """
        if expect_determinism:
            self.assertAllEqual(expected_elements, self.getDatasetOutput(dataset_fn(100)))
            return
        for delay in _DELAYS:
            actual = self.getDatasetOutput(dataset_fn(delay))
            self.assertCountEqual(expected_elements, actual)
            if list(actual) != list(expected_elements):
                return
        self.fail("Failed to observe nondeterministic ordering")
