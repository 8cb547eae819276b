"""Records losses and metrics with real TensorFlow: `python tests/v1/golden/record_losses.py`."""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import loss_programs  # noqa: E402 - the tests' modules, found by the line above
import metric_programs  # noqa: E402
import stepping  # noqa: E402


def record(name, programs, refusals):
    built, arrays = {}, {}
    for key, program in programs.items():
        built[key], values = stepping.run(tf, program, loss_programs.feeds, loss_programs.STEPS)
        for step, found in enumerate(values):
            for index, value in enumerate(found):
                text = value.dtype == object
                arrays[f"{key}/{step}/{index}"] = value.astype("S") if text else value
    errors = {key: stepping.refused(tf, program) for key, program in refusals.items()}
    lines = [f" {json.dumps(key)}: {json.dumps(built[key])}" for key in built]
    text = '{"errors": ' + json.dumps(errors, indent=1) + ',\n"programs": {\n' + ",\n".join(lines) + "\n}}\n"
    (HERE / f"{name}.json").write_text(text)
    np.savez_compressed(HERE / f"{name}.npz", **arrays)


def main():
    tf.disable_v2_behavior()
    record("losses", loss_programs.PROGRAMS, loss_programs.REFUSED)
    metrics = {name: lambda tf, name=name: metric_programs.built(tf, name) for name in metric_programs.PROGRAMS}
    record("metrics", metrics, metric_programs.REFUSED)


if __name__ == "__main__":
    main()
