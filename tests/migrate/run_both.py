"""Runs each file of a folder as the program it was, under the redirection of imports, or as it is now, by itself.

    python run_both.py redirected|plain FOLDER

What each prints goes to the output, as JSON by file.
"""

import contextlib
import io
import json
import runpy
import sys
import traceback
from pathlib import Path

import onevar.v1 as tf
from onevar.migrate.program import Program
from onevar.migrate.redirect import redirected


def printed(path, redirect):
    out = io.StringIO()
    tf.reset_default_graph()
    with (
        contextlib.redirect_stdout(out),
        redirected(Program(str(path.parent))) if redirect else contextlib.nullcontext(),
    ):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except BaseException:  # noqa: BLE001 - what it says is compared
            return "".join(traceback.format_exc())
    return out.getvalue()


how, folder = sys.argv[1], Path(sys.argv[2])
result = {path.name: printed(path, how == "redirected") for path in sorted(folder.glob("*.py"))}
sys.stdout.write(json.dumps(result))
