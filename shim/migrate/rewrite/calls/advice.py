"""What to say about names that stay on `onevar.v1`: why, and what Keras has instead."""

from functools import cache
from pathlib import Path


@cache
def _rows() -> tuple[tuple[str, str], ...]:
    lines = (Path(__file__).parent / "advice.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.partition("\t") for line in lines if line and not line.startswith("#")]
    return tuple((start, sentence) for start, _, sentence in rows)


def advice(symbol: str) -> str:
    """Return a sentence on a name that has no rule; empty if there is nothing special to say.

    Args:
        symbol: The name below `tf.`: `"train.Saver"`.
    """
    fitting = [row for row in _rows() if symbol.startswith(row[0])]
    return max(fitting, key=lambda row: len(row[0]), default=("", ""))[1]
