"""Memory for NumPy-held state: 64-byte aligned, so that every framework can borrow it."""

from onevar.dlpack import ALIGNMENT, aligned_copy, aligned_empty

__all__ = ["ALIGNMENT", "aligned_copy", "aligned_empty"]
