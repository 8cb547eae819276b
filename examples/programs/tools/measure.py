"""Seconds per step of each program, TensorFlow's beside ours: `python measure.py [--python1 PYTHON] [PROGRAM ...]`.

Each program runs with few steps and with many; the difference is what the steps take, so that start and compilation do not
count. Prints a table in Markdown, as it is in the README. A program that needs `tf.contrib` is measured with the Python that
`--python1` names, which has TensorFlow 1.15.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import running
from table import BY_NAME, PROGRAMS, Program, differences

BACKENDS = ("torch", "jax", "tensorflow")


def seconds_per_step(program: Program, start: list[str], folder: Path, data: Path) -> float:
    """Return what a step takes: the difference between two runs."""
    option, few, many, steps = program.steps
    times = []
    for count in (few, many):
        where = folder / f"{program.name}-{count}"
        where.mkdir(parents=True)
        (where / "data").symlink_to(data.resolve())
        for before in program.phases[:-1] if option.startswith("--do train") else ():
            running.run_phase(start, before, where)
        times.append(running.run_phase(start, f"{option} {count}", where)[2])
    return (times[1] - times[0]) / steps


def cell(program: Program, backend: str, options: argparse.Namespace, data: Path) -> str:
    """What the table says of a program on a backend: how long a step takes, or what is wrong."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            if backend == "TensorFlow":
                python = options.python1 if program.contrib else sys.executable
                if python is None or program.steps is None:
                    return ""
                return f"{1e3 * seconds_per_step(program, running.command(program, None, python), folder, data):.1f}"
            start = running.command(program, backend)
            printed = running.run_all(program, folder / "all", data, start)
            if differences(program, printed, program.recorded.read_text(encoding="utf-8")):
                return "different"
            return f"{1e3 * seconds_per_step(program, start, folder, data):.1f}" if program.steps else "runs"
        except RuntimeError:
            return "fails"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python1", help="one that has TensorFlow 1.15")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", default=[one.name for one in PROGRAMS])
    options = parser.parse_args()
    columns = ("TensorFlow", *BACKENDS)
    print("| program | what it uses | " + " | ".join(f"{name}, ms a step" for name in columns) + " |")
    print("|---|---|" + "--:|" * len(columns))
    with tempfile.TemporaryDirectory() as temporary:
        data = running.prepare(Path(temporary) / "data")
        for name in options.programs:
            program = BY_NAME[name]
            cells = [cell(program, backend, options, data) for backend in columns]
            print(f"| `{name}.py` | {program.exercises} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
