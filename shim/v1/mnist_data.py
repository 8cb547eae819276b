"""`tensorflow.examples.tutorials.mnist.input_data`: the handwritten digits that TensorFlow 1's tutorials start from."""

import collections
import gzip
import os
import shutil
import urllib.request
from typing import Any

import numpy as np

from onevar.core.dtype import as_dtype
from onevar.v1.export import export, export_value
from onevar.v1.random_seed import get_seed

_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_IMAGES, _LABELS = 2051, 2049  # what files of images and of labels start with
_PIXELS = 784

Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])


class DataSet:
    """Images and labels, handed out in batches.

    Args:
        images: An array `(count, rows, columns, 1)` of bytes.
        labels: An array `(count,)` of digits, or `(count, 10)`, one-hot.
        fake_data: Whether to hand out images of ones instead.
        one_hot: Whether fake labels are one-hot.
        dtype: `uint8`, or `float32`, where images are scaled to lie between 0 and 1.
        reshape: Whether to flatten the images.
        seed: For the order of the batches.

    Raises:
        TypeError: The dtype is neither.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = "float32",
        reshape: bool = True,
        seed: int | None = None,
    ):
        graph_seed, op_seed = get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        kind = as_dtype(dtype).base_dtype.name
        if kind not in ("uint8", "float32"):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        self.one_hot = one_hot
        if fake_data:
            self._count = 10000
        else:
            if len(images) != len(labels):
                raise ValueError(f"{len(images)} images and {len(labels)} labels")
            self._count = len(images)
            images = images.reshape(len(images), -1) if reshape else images
            images = images.astype(np.float32) * np.float32(1 / 255) if kind == "float32" else images
        self._images, self._labels = images, labels
        self._position, self._epochs = 0, 0

    @property
    def images(self) -> Any:
        """All images, in the order in which this epoch hands them out."""
        return self._images

    @property
    def labels(self) -> Any:
        """All labels, in the order in which this epoch hands them out."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many there are."""
        return self._count

    @property
    def epochs_completed(self) -> int:
        """How often all have been handed out."""
        return self._epochs

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        """Return the next images and labels; a batch at the end of an epoch goes on with the next one.

        Args:
            batch_size: How many.
            fake_data: Whether to return images of ones instead.
            shuffle: Whether each epoch has an order of its own.
        """
        if fake_data:
            label = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * _PIXELS] * batch_size, [label] * batch_size  # type: ignore[return-value]
        if shuffle and self._position == self._epochs == 0:
            self._shuffle()
        parts = [self._take(min(batch_size, self._count - self._position))]
        missing = batch_size - len(parts[0][0])
        if missing:
            self._epochs, self._position = self._epochs + 1, 0
            if shuffle:
                self._shuffle()
            parts.append(self._take(missing))
        images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
        return images, labels

    def _shuffle(self) -> None:
        order = np.arange(self._count)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]

    def _take(self, count: int) -> tuple[Any, Any]:
        part = slice(self._position, self._position + count)
        self._position += count
        return self._images[part], self._labels[part]


def _read(path: str, magic: int) -> np.ndarray:
    """Return the array in an IDX file of bytes."""
    with gzip.open(path) as file:
        data = file.read()
    found = int.from_bytes(data[:4], "big")
    if found != magic:
        raise ValueError(f"Invalid magic number {found} in MNIST file: {path}")
    dims = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dims)


def _fetch(name: str, folder: str, url: str) -> str:
    """Return the path of a file, downloaded if it is not there."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        with urllib.request.urlopen(url + name) as source, open(f"{path}.part", "wb") as target:
            shutil.copyfileobj(source, target)
        os.replace(f"{path}.part", path)
    return path


@export("examples.tutorials.mnist.input_data.read_data_sets", "contrib.learn.datasets.mnist.read_data_sets")
def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = "float32",
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = _URL,
) -> Datasets:
    """Return the digits: `train`, `validation` and `test`.

    Args:
        train_dir: The folder of the four files; what is missing is downloaded to it.
        fake_data: Whether to make the data up.
        one_hot: Whether labels are one-hot.
        dtype: `uint8` or `float32`.
        reshape: Whether to flatten the images.
        validation_size: How many of the images to train with are for validation.
        seed: For the order of the batches.
        source_url: Where to download from.

    Raises:
        ValueError: There are not so many images, or a file is none of MNIST's.
    """
    if fake_data:
        fakes = [DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype, seed=seed) for _ in range(3)]
        return Datasets(*fakes)
    url = source_url or _URL
    arrays = {}
    for part in ("train", "t10k"):
        arrays[part] = _read(_fetch(f"{part}-images-idx3-ubyte.gz", train_dir, url), _IMAGES)[..., None]
        digits = _read(_fetch(f"{part}-labels-idx1-ubyte.gz", train_dir, url), _LABELS)
        arrays[f"{part} labels"] = np.eye(10)[digits] if one_hot else digits
    images, labels, size = arrays["train"], arrays["train labels"], validation_size
    if not 0 <= size <= len(images):
        raise ValueError(f"Validation size should be between 0 and {len(images)}. Received: {size}.")
    options = {"dtype": dtype, "reshape": reshape, "seed": seed}
    return Datasets(
        train=DataSet(images[size:], labels[size:], **options),
        validation=DataSet(images[:size], labels[:size], **options),
        test=DataSet(arrays["t10k"], arrays["t10k labels"], **options),
    )


export_value("contrib.learn.datasets.mnist.DataSet", DataSet)
