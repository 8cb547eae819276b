"""Process-wide settings that no framework has a say in."""

_floatx = "float32"


def floatx() -> str:
    """Return the default float dtype, a name: `"float32"` until it is set."""
    return _floatx


def set_floatx(dtype: str) -> None:
    """Set the default float dtype.

    Raises:
        ValueError: `dtype` is not one of `"bfloat16"`, `"float16"`, `"float32"`, `"float64"`.
    """
    global _floatx
    accepted = ("bfloat16", "float16", "float32", "float64")
    if dtype not in accepted:
        raise ValueError(f"set_floatx(dtype): expected one of {accepted}. Received: dtype={dtype!r}")
    _floatx = str(dtype)
