"""The digits of the tutorials, from files of the format."""

import gzip

import numpy as np
import pytest

from onevar.v1 import mnist_data


def _write(path, magic, array):
    head = magic.to_bytes(4, "big") + b"".join(size.to_bytes(4, "big") for size in array.shape)
    with gzip.open(path, "wb") as file:
        file.write(head + array.tobytes())


@pytest.fixture
def folder(tmp_path):
    for part, count in (("train", 10), ("t10k", 4)):
        images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None], (count, 28, 28))
        _write(tmp_path / f"{part}-images-idx3-ubyte.gz", 2051, images)
        _write(tmp_path / f"{part}-labels-idx1-ubyte.gz", 2049, np.arange(count, dtype=np.uint8) % 10)
    return str(tmp_path)


def test_batches_go_through_every_epoch(folder):
    data = mnist_data.read_data_sets(folder, validation_size=3, seed=1)
    assert [part.num_examples for part in data] == [7, 3, 4]
    seen = []
    for _ in range(7):
        images, labels = data.train.next_batch(4)
        assert images.shape == (4, 784) and images.dtype == np.float32
        np.testing.assert_allclose(images[:, 0] * 255, labels, rtol=1e-6)
        seen += list(labels)
    for epoch in range(4):
        assert sorted(seen[epoch * 7 : epoch * 7 + 7]) == list(range(3, 10))
    assert data.train.epochs_completed == 3 and seen[:7] != seen[7:14]
    assert list(data.test.next_batch(4, shuffle=False)[1]) == [0, 1, 2, 3]


def test_options(folder):
    data = mnist_data.read_data_sets(folder, one_hot=True, dtype="uint8", reshape=False, validation_size=0)
    assert data.train.images.shape == (10, 28, 28, 1) and data.train.images.dtype == np.uint8
    assert data.train.labels.tolist() == np.eye(10).tolist()
    fake = mnist_data.read_data_sets(folder, fake_data=True, one_hot=True).train
    assert fake.num_examples == 10000 and fake.next_batch(2, fake_data=True)[1] == [[1] + [0] * 9] * 2
    with pytest.raises(ValueError, match="Validation size should be between 0 and 10"):
        mnist_data.read_data_sets(folder, validation_size=11)
    with pytest.raises(TypeError, match="Invalid image dtype"):
        mnist_data.read_data_sets(folder, dtype="int32", validation_size=0)


def test_another_file_is_refused(folder, tmp_path):
    _write(tmp_path / "train-images-idx3-ubyte.gz", 7, np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(ValueError, match="Invalid magic number 7"):
        mnist_data.read_data_sets(folder)
