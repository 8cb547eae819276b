"""Temporary: the "random" task replaces this file as a whole."""
from onevar.core.build import op
class Zeros:
    def __init__(self, dtype="float32"): self.dtype=dtype
    def __call__(self, shape, dtype=None, partition_info=None):
        from onevar.v1.array_ops import zeros
        return zeros(shape, dtype or self.dtype)
zeros_initializer=glorot_uniform_initializer=Zeros
Initializer=Zeros
