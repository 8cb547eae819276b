"""TensorFlow's checkpoints, read and written without TensorFlow.

    write("ckpt/model-1", {"w": w, "b": b})
    with Reader("ckpt/model-1") as checkpoint:
        checkpoint.shape_map, checkpoint.read("w")

The format is the "tensor bundle" or V2: `PREFIX.index`, a sorted table that says what is where, and
`PREFIX.data-00000-of-00001`, the tensors' bytes. `checkpoint_state` has the file that names the latest one.
"""

from onevar.core.bundle.merge import merge
from onevar.core.bundle.reader import Reader
from onevar.core.bundle.slices import Slices, grouped
from onevar.core.bundle.writer import write

__all__ = ["Reader", "Slices", "grouped", "merge", "write"]
