"""English text that scikit-learn ships: the descriptions of its data sets."""

import re

from sklearn import datasets

NAMES = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")


def text():
    return "\n".join(getattr(datasets, "load_" + name)().DESCR for name in NAMES)


def words():
    return re.findall(r"[a-z]+", text().lower())


def lines(shortest=20, longest=60):
    found = (line.strip().lower()[:longest] for line in text().splitlines())
    return [line for line in found if len(line) >= shortest and not set(line) <= set("=-: ")]
