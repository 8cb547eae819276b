"""Records what TensorFlow prints: `python record.py [--python1 PYTHON] [--keep FOLDER] [PROGRAM ...]`.

Programs that need `tf.contrib` are recorded with the Python that `--python1` names, which has TensorFlow 1.15.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import running
from table import BY_NAME, PROGRAMS, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="one that has TensorFlow 2")
    parser.add_argument("--python1", help="one that has TensorFlow 1.15, for programs that need tf.contrib")
    parser.add_argument("--keep", metavar="FOLDER", help="run there, and leave everything")
    parser.add_argument("--backend", help="run by onevar, and do not record")
    parser.add_argument("--compare", action="store_true", help="do not record, say what is different")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", default=[one.name for one in PROGRAMS])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        data = running.prepare(folder / "data")
        for name in options.programs:
            program = BY_NAME[name]
            python = options.python1 if program.contrib and not options.backend else options.python
            if python is None:
                print(name, "needs TensorFlow 1.15", flush=True)
                continue
            start = running.command(program, options.backend, python)
            try:
                printed = running.run_all(program, folder / (options.backend or "tensorflow") / name, data, start)
            except RuntimeError as error:
                print(name, "FAILED", str(error)[-1500:], flush=True)
                continue
            if options.compare or options.backend:
                wrong = differences(program, printed, program.recorded.read_text())
                print(name, "DIFFERENT" if wrong else "same", *wrong[:6], sep="\n    " if wrong else " ", flush=True)
            else:
                program.recorded.write_text(printed)
                print(name, "recorded", flush=True)


if __name__ == "__main__":
    main()
