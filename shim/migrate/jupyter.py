"""`%load_ext onevar`: in a notebook, `import tensorflow` gets `onevar.v1` from then on."""

import os
import sys
from typing import Any

from onevar.migrate import redirect
from onevar.migrate.program import Program

USAGE = """%onevar          show which framework computes
%onevar NAME     let jax, torch, tensorflow or numpy compute; sessions that exist keep theirs
"""


def load(shell: Any) -> None:
    """Redirect the imports of a notebook, and of the modules beside it; add the magic `%onevar`.

    Modules that the notebook has imported before keep the TensorFlow that they have.

    Args:
        shell: IPython's.
    """
    redirect.install(Program(os.getcwd(), ("__main__",)))
    shell.register_magic_function(magic, "line", "onevar")
    if "tensorflow" in sys.modules:
        sys.stderr.write(
            "onevar: TensorFlow is imported already; what has it keeps it. Run `import tensorflow as tf` again for "
            "onevar.v1, or restart the kernel and load the extension first.\n"
        )


def unload(shell: Any) -> None:
    """Take `load` back; what was imported stays."""
    redirect.uninstall()
    shell.magics_manager.magics["line"].pop("onevar", None)


def magic(line: str) -> str | None:
    """Show or choose the default backend; see `USAGE`.

    Args:
        line: What stands after `%onevar`.

    Raises:
        FrameworkMissing: There is no such backend here.
    """
    from onevar.core import registry

    words = line.split()
    if words in (["-h"], ["--help"], ["?"]):
        sys.stdout.write(USAGE)
        return None
    if not words:
        return registry.default_backend()
    registry.set_backend(words[0])
    return None
