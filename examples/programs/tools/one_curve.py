"""One training run on three frameworks, one loss curve: `python one_curve.py PICTURE.png`.

`vae.py` trains on TensorFlow's backend, goes on from its checkpoint on JAX, ends on torch; TensorFlow itself restores what
came out, and evaluates it on its next batch. Beside it TensorFlow itself goes the whole way, stopped and continued at the same steps. The losses are read
from the event files.
"""

import argparse
import re
import tempfile
from pathlib import Path

import running
from table import BY_NAME

LEGS = (("tensorflow", "#e8950c"), ("jax", "#7b3fa0"), ("torch", "#e4572e"))
PROGRAM = BY_NAME["vae"]


def losses(folder: Path) -> dict[int, float]:
    """The loss at every step, from the events in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), {"scalars": 0})
    found.Reload()
    return {event.step: -event.value for event in found.Scalars("elbo")}


def go(folder: Path, data: Path, backends: list[str | None], epochs: int) -> tuple[list[int], dict[int, float]]:
    """Run the legs one after the other in one folder; return the steps at which they ended, and the losses."""
    folder.mkdir(parents=True)
    (folder / "data").symlink_to(data.resolve())
    ends = [0]
    for backend in backends:
        out, _, _ = running.run_phase(running.command(PROGRAM, backend), f"--epochs {epochs}", folder)
        ends.append(max(map(int, re.findall(r"step (\d+) elbo", out))))
        print(backend or "TensorFlow itself", out.strip().splitlines()[-3], sep=": ", flush=True)
    return ends, losses(folder / "vae_logs")


def evaluate(folder: Path) -> float:
    """What TensorFlow itself finds for the next batch, having restored what a folder has: the bound of the evidence."""
    out, _, _ = running.run_phase(running.command(PROGRAM, None), "--epochs 1", folder)
    return float(re.search(r"first (-[\d.]+)", out)[1])


def draw(picture: str, ends: list[int], mixed: dict[int, float], itself: dict[int, float]) -> None:
    """Write the picture: both curves, and how far they are apart."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    steps = [step for step in sorted(mixed) if step <= ends[-1] and step in itself]
    figure, (above, below) = plt.subplots(2, 1, figsize=(9, 5), sharex=True, height_ratios=(3, 1), layout="constrained")
    above.plot(steps, [itself[s] for s in steps], color="#c9ced6", linewidth=7, label="TensorFlow itself, all the way")
    for (backend, colour), start, end in zip(LEGS, ends, ends[1:], strict=False):
        leg = [s for s in steps if start < s <= end]
        above.plot(leg, [mixed[s] for s in leg], color=colour, linewidth=1.6, label=f"onevar run --backend {backend}")
        apart = [max(abs(mixed[s] - itself[s]) / abs(itself[s]), 1e-9) for s in leg]
        below.plot(leg, apart, ".", color=colour, markersize=3)
    above.set(ylabel="loss", title="One program, three frameworks, one checkpoint handed on")
    above.legend(frameon=False)
    below.set(yscale="log", xlabel="step", ylabel="relative difference")
    figure.savefig(picture, dpi=110)


def main() -> None:
    """Run, compare and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture")
    parser.add_argument("--epochs", type=int, default=3, help="of each leg")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data = running.prepare(folder / "data")
        ends, mixed = go(folder / "mixed", data, [backend for backend, _ in LEGS], options.epochs)
        _, itself = go(folder / "itself", data, [None] * len(LEGS), options.epochs)
        draw(options.picture, ends, mixed, itself)
        common = [step for step in mixed if step in itself]
        print("largest relative difference %.1e" % max(abs(mixed[s] - itself[s]) / abs(itself[s]) for s in common))
        print("TensorFlow itself goes on from both: %.2f, %.2f" % (evaluate(folder / "mixed"), evaluate(folder / "itself")))


if __name__ == "__main__":
    main()
