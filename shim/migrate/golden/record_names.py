"""Record every public name of TensorFlow 1, so that a name that is not ours can be told from one that never was.

Run it with each TensorFlow, one after the other: 1.15, for `tf.contrib` and what else was given up, and the newest,
for `tf.compat.v1`. What is found is added to `names.tsv` beside this file::

    python3.7 record_names.py
    TF_USE_LEGACY_KERAS=1 python record_names.py

A line is a namespace, below `tf.`, and the names in it; those that are namespaces themselves end in a dot.
"""

import importlib
import os
import sys
import types
from contextlib import suppress
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
TARGET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "names.tsv")
ABSENT = object()
#: Namespaces of their own, or TensorFlow's inside.
SKIPPED = {"compat", "python", "core", "compiler", "tools", "examples", "lite_constants", "google", "absl"}
#: How modules of the public interface are called.
PUBLIC = (
    "tensorflow._api",
    "tensorflow_core._api",
    "tensorflow_estimator",
    "tf_keras.api",
    "keras._tf_keras",
    "keras.api",
)


def is_namespace(value: Any, path: str) -> bool:
    """Whether a module is a namespace of the public interface, or one of contrib's packages."""
    if not isinstance(value, types.ModuleType):
        return False
    name = value.__name__
    inside = ".contrib." in name and name.split(".contrib.")[-1].count(".") == 0
    return name.startswith(PUBLIC) or (path.startswith("contrib.") and inside)


def is_future(value: Any) -> bool:
    """Whether it comes of `from __future__ import`."""
    return type(value).__name__ == "_Feature"


def walk(module: Any, path: str, found: "dict[str, set[str]]") -> None:
    """Put the names of a namespace into `found`, and those of the ones below."""
    names = found.setdefault(path, set())
    for name in dir(module):
        if name.startswith("_") or name in SKIPPED:
            continue
        below = path + "." + name if path else name
        value = ABSENT
        with suppress(Exception):  # what cannot be imported is no name that a program could have used
            value = getattr(module, name)
        if value is ABSENT:
            continue
        if is_namespace(value, below):
            names.add(name + ".")
            walk(value, below, found)
        elif not (isinstance(value, types.ModuleType) and below.startswith("contrib.")) and not is_future(value):
            names.add(name)


def main() -> None:
    """Add the names of the TensorFlow that is installed to the table."""
    real = importlib.import_module("tensorflow")
    module = getattr(real.compat, "v1", real) if real.__version__[0] != "1" else real
    found: dict[str, set[str]] = {}
    if os.path.exists(TARGET):
        with open(TARGET) as file:
            for line in list(file)[1:]:
                path, _, names = line.rstrip("\n").partition("\t")
                found[path] = set(names.split())
    walk(module, "", found)
    if real.__version__[0] == "1":
        walk(importlib.import_module("tensorflow.contrib"), "contrib", found)
        found[""].add("contrib.")
    with open(TARGET, "w") as file:
        file.write("# TensorFlow 1.15 and 2.21: public namespace of TensorFlow 1, and the names in it\n")
        for path in sorted(found):
            file.write(path + "\t" + " ".join(sorted(found[path])) + "\n")
    sys.stdout.write(f"{real.__version__} {sum(map(len, found.values()))}\n")


if __name__ == "__main__":
    main()
