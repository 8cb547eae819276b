"""Records the checkpoints beside this file with real TensorFlow: `python tests/v1/golden/record_bundle.py`."""

import sys
from pathlib import Path

import tensorflow as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import bundle_contents  # noqa: E402 - the tests' module, found by the line above


def constant(array):
    dtype = tf.string if array.dtype == object else tf.as_dtype(array.dtype)
    return tf.constant(array, dtype=dtype)


def save(prefix, names, specs, arrays):
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=specs, tensors=[constant(a) for a in arrays]
    )


def main():
    names, specs, arrays = bundle_contents.operands()
    save(HERE / "bundle", names, specs, arrays)
    # The same in two data files, with both halves of each partitioned variable apart.
    for i in range(2):
        save(HERE / f"part{i}", names[i::2], specs[i::2], arrays[i::2])
    parts = [str(HERE / f"part{i}") for i in range(2)]
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=str(HERE / "bundle_sharded"), delete_old_dirs=False
    )
    for left in HERE.glob("part*"):
        left.unlink()


if __name__ == "__main__":
    main()
