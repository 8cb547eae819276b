"""Which names TensorFlow 1 has, or had: `golden/names.tsv`, as `golden/record_names.py` found them."""

from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "golden" / "names.tsv"


@cache
def known() -> frozenset[str]:
    """Return every public name below `tf.`, namespaces included, of TensorFlow 1.15 and of `tf.compat.v1` in 2.21."""
    found: set[str] = set()
    for line in _TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        namespace, _, names = line.partition("\t")
        start = f"{namespace}." if namespace else ""
        found.update(f"{start}{name.removesuffix('.')}" for name in names.split())
    return frozenset(found)


@cache
def _namespaces() -> frozenset[str]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()[1:]
    return frozenset(line.partition("\t")[0] for line in lines)


def is_tensorflows(name: str) -> bool:
    """Whether TensorFlow has, or had, what `tf.<name>` says: a public name, or an attribute of a public class.

    Args:
        name: The name below `tf.`, `"train.AdamOptimizer.minimize"`.
    """
    if name in known():
        return True
    while name := name.rpartition(".")[0]:
        if name in known():
            return name not in _namespaces()
    return False
