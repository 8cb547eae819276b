"""Starts a program of TensorFlow 1 under the recorder: `python tape_start.py OPTIONS_IN_JSON`."""

from __future__ import annotations

import json
import os
import sys
import types
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))


def _without_onevar() -> None:
    """Let this folder's modules be imported by an old Python, which cannot import onevar itself."""
    if sys.version_info >= (3, 11):
        return
    path = HERE
    for name in ("onevar.migrate.verify", "onevar.migrate", "onevar"):
        module = types.ModuleType(name)
        module.__path__ = [path]
        sys.modules[name] = module
        path = os.path.dirname(path)


def main(options: dict[str, Any]) -> None:
    """Record a program.

    Args:
        options: `runtime` (`"onevar"`, `"tensorflow"`), `folder`, `playback`, `steps`, `layers`, `program` (a path, or
            `module:function`), `arguments`.
    """
    from onevar.migrate.verify import tape_hooks, tape_session
    from onevar.migrate.verify.tape import Playback, Tape

    tape = Tape(options["folder"])
    tape.contents["program"] = options["program"]
    tape.contents["kind"] = "v1"
    notes, elsewhere = tape_hooks.Notes(), tape_hooks.Elsewhere(options["folder"])
    install = tape_hooks.install_onevar if options["runtime"] == "onevar" else tape_hooks.install_tensorflow
    tf, session_class = install(notes, elsewhere)
    tape.contents["runtime"] = _runtime(options, tf)
    settings = tape_session.Settings(options["steps"], options["layers"])
    playback = Playback(options.get("playback"))
    recorder = tape_session.Recorder(tape, notes, playback, settings, session_class.run)
    session_class.run = _standing_in(recorder)
    tape_hooks.seed_all()
    try:
        _start(options, tf)
    except SystemExit as error:
        if error.code not in (None, 0):
            tape.contents["problem"] = f"The program left with status {error.code}."
    except BaseException as error:
        if not tape.contents["events"]:
            tape.close()
            raise
        tape.contents["problem"] = f"{type(error).__name__}: {error}"
    tape_session.finish(tape)


def _runtime(options: dict[str, Any], tf: Any) -> str:
    if options["runtime"] != "onevar":
        return f"TensorFlow {tf.__version__}"
    from onevar.core import registry

    return f"onevar on {registry.default_backend()}"


def _standing_in(recorder: Any) -> Any:
    def run(self: Any, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        return recorder.run(self, fetches, feed_dict, (options, run_metadata), {})

    return run


def _start(options: dict[str, Any], tf: Any) -> None:
    program, arguments = options["program"], options["arguments"]
    if options["built"]:
        from onevar.migrate.verify import tape_built

        sys.path.insert(0, os.getcwd())
        tape_built.drive(program, tf, options)
        return
    if options["runtime"] == "onevar":
        from onevar.migrate import script

        script.run(script.Request(program, tuple(arguments), is_module=options["is_module"]))
        return
    import runpy

    sys.argv[:] = [program] + list(arguments)
    if options["is_module"]:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(program, run_name="__main__", alter_sys=True)
        return
    sys.modules["tensorflow"] = tf
    sys.path.insert(0, os.path.dirname(os.path.abspath(program)))
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    _without_onevar()
    main(json.loads(sys.argv[1]))
