"""Starts a program of Keras 3 under the recorder: `python -m onevar.migrate.verify.keras_start OPTIONS_IN_JSON`."""

import json
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from onevar.migrate.verify import linking, matching, tape_hooks
from onevar.migrate.verify.tape import Playback, Tape


def main(options: dict[str, Any]) -> None:
    """Record a program, or drive a model.

    Args:
        options: `folder`, `playback`, `steps`, `layers`, `program` (a script, a `.keras` file, `module:factory`),
            `arguments`, `built`, `is_module`, `map`.
    """
    keras = import_module("keras")
    layers, recording = (import_module(f"onevar.keras.{name}") for name in ("recording_layers", "recording"))
    tape, playback = Tape(options["folder"]), Playback(options["playback"])
    tape.contents.update(program=options["program"], kind="keras", map=options["map"])
    tape.contents["runtime"] = f"Keras {keras.__version__} on {keras.backend.backend()}"
    match = partial(linking.links, given=options["map"], style="keras")
    tape.contents["style"] = "keras"
    feeding = matching.feeder(layers.leaves, layers.array_of, partial(_like, keras))
    elsewhere = tape_hooks.Elsewhere(options["folder"])
    recorder = recording.Recorder(tape, playback, options["steps"], options["layers"], match, feeding, elsewhere)
    recorder.install()
    tape_hooks.seed_all()
    try:
        _start(options, recorder)
    except recording.Done:
        tape.contents["problem"] = None
    except SystemExit as error:
        if error.code not in (None, 0):
            tape.contents["problem"] = f"The program left with status {error.code}."
    except BaseException as error:
        if not tape.contents["events"]:
            tape.close()
            raise
        tape.contents["problem"] = f"{type(error).__name__}: {error}"
    tape.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _like(keras: Any, array: Any, leaf: Any) -> Any:
    """Return an array as what stands in its place: a tensor of the framework, or an array."""
    return array if type(leaf).__module__ == "numpy" else keras.ops.convert_to_tensor(array)


def _start(options: dict[str, Any], recorder: Any) -> None:
    import runpy

    sys.argv[:] = [options["program"], *options["arguments"]]
    if options["built"]:
        sys.path.insert(0, os.getcwd())
        import_module("onevar.keras.recording_drive").drive(options["program"], recorder)
        return
    if options["is_module"]:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(options["program"], run_name="__main__", alter_sys=True)
        return
    sys.path[:1] = [str(Path(options["program"]).resolve().parent)]
    runpy.run_path(options["program"], run_name="__main__")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
