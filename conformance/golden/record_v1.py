"""Record what the programs of the v1 table see in TensorFlow: a file for each module of programs.

    python conformance/golden/record_v1.py                   # the files in which something is missing, or too much
    python conformance/golden/record_v1.py v1_nn v1_layers   # these
    python conformance/golden/record_v1.py FILE.json         # everything, into one file

`v1_<thing>.py` is recorded in `v1_<thing>.json`; the four oldest modules in `v1_programs.json`.
Needs TensorFlow, which it puts into version 1's behaviour for the whole process; runs on a CPU.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow

from onevar.conformance.v1_programs import TABLE, file_of, recorded
from onevar.conformance.v1_table import seen, variants

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.FATAL)
HERE = Path(__file__).parent


def names() -> dict[str, set[str]]:
    """Return the names that each file has to hold."""
    found: dict[str, set[str]] = {}
    for one in TABLE.values():
        found.setdefault(file_of(one), set()).update(name for name, _ in variants(one))
    return found


def record(chosen: list[str] | None) -> list[str]:
    """Run the programs of these files, or all, and return lines of JSON."""
    lines = [f'"tensorflow": {json.dumps(tensorflow.__version__)}']
    for one in TABLE.values():
        if chosen is None or file_of(one) in chosen:
            lines += [f"{json.dumps(name)}: {json.dumps(seen(tf, one, given))}" for name, given in variants(one)]
    return lines


def write(target: Path, lines: list[str]) -> None:
    """Write an object of JSON."""
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Write what was asked for."""
    if arguments and arguments[0].endswith(".json"):
        write(Path(arguments[0]), record(None))
        return
    needed = [file for file, wanted in names().items() if recorded(file).keys() - {"tensorflow"} != wanted]
    for file in arguments or needed:
        write(HERE / f"{file}.json", record([file]))
        print(file)


if __name__ == "__main__":
    main(sys.argv[1:])
