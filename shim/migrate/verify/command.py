"""The command `onevar verify`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

HELP = """Run an old program and a new one on the same inputs, from the same variables, and say where they part.

OLD is a TensorFlow 1 script; NEW the same script on another framework, or what became of it: a script of Keras 3, a \
.keras file, module:factory that makes a Keras model or a torch module. Feeds and random numbers of the old program \
are given to the new one. Compared are layers, outputs, losses, gradients, variables and optimizer slots, step by \
step. The status is 0 if they compute the same, 1 if not, 2 if that cannot be found out.

\b
  onevar verify train.py train.py --backend jax              one script, two frameworks
  onevar verify train.py train.py --old-runtime tensorflow   TensorFlow itself against onevar
  onevar verify train.py train_keras.py --backend torch --steps 20 --html report.html
  onevar verify train.py models.py:make_model                a factory without arguments
  onevar verify train.py train.py --old-python venv37/bin/python   TensorFlow 1.15, in a Python of its own
  onevar verify train.py new.py -- --batch_size 8            what follows -- is both programs' own

Nothing that the programs save is left behind: it goes to a temporary folder.
"""


def add(app: Any, typer: Any) -> None:
    """Add the command to the application."""

    @app.command(help=HELP, short_help="Compare an old program with what became of it.", no_args_is_help=True)
    def verify(
        old: Annotated[str, typer.Argument(metavar="OLD", help="The TensorFlow 1 program.")],
        new: Annotated[str, typer.Argument(metavar="NEW", help="What became of it.")],
        arguments: Annotated[
            list[str] | None, typer.Argument(metavar="[-- ARGUMENT...]", help="Both programs' own arguments.")
        ] = None,
        steps: Annotated[int, typer.Option(metavar="N", min=1, help="Training steps to compare.")] = 10,
        backend: Annotated[
            str | None, typer.Option(metavar="NAME", help="The new program's framework: torch, jax, tensorflow, numpy.")
        ] = None,
        old_backend: Annotated[
            str | None, typer.Option(metavar="NAME", help="The old program's framework, under onevar.")
        ] = None,
        old_runtime: Annotated[
            str | None, typer.Option(metavar="NAME", help="What runs OLD: onevar, or tensorflow itself.")
        ] = None,
        new_runtime: Annotated[
            str | None,
            typer.Option(metavar="NAME", help="What NEW is: onevar, tensorflow, keras, torch. Default: found out."),
        ] = None,
        old_python: Annotated[
            str | None, typer.Option(metavar="PATH", help="A Python that has TensorFlow, 1.13 or later, for OLD.")
        ] = None,
        names: Annotated[
            Path | None, typer.Option("--map", metavar="FILE", help="Variables: old name, tab, new name; a line each.")
        ] = None,
        tolerance: Annotated[
            float, typer.Option(metavar="X", min=0.0, help="How far outputs may be apart, of the largest value.")
        ] = 1e-4,
        layers: Annotated[
            int, typer.Option(metavar="N", min=0, help="In how many runs of each kind layers are compared.")
        ] = 1,
        timeout: Annotated[float, typer.Option(metavar="SECONDS", help="What each program may take.")] = 900.0,
        every: Annotated[bool, typer.Option("--all", help="A line for every value that was compared.")] = False,
        as_json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write JSON; - prints it.")] = None,
        html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one page, with curves.")] = None,
        keep: Annotated[
            Path | None, typer.Option(metavar="FOLDER", help="Keep what was recorded; FOLDER/old can be OLD next time.")
        ] = None,
    ) -> None:
        from onevar.migrate.verify import CannotVerify, comparison, report_text

        try:
            with progress() as say:
                report = comparison.verify(
                    old, new, steps=steps, layers=layers, backend=backend, old_backend=old_backend,
                    old_runtime=old_runtime, new_runtime=new_runtime, old_python=old_python,
                    arguments=arguments or (), names=names,
                    tolerance=tolerance, keep=keep, timeout=timeout, say=say,
                )  # fmt: skip
            write(report, as_json, html)
        except (CannotVerify, OSError) as error:
            sys.stderr.write(f"onevar verify: {error}\n")
            raise typer.Exit(2) from None
        if as_json != "-":
            report_text.show(report, every)
        if not report.agrees and report.first is None:
            raise typer.Exit(2)
        raise typer.Exit(0 if report.agrees else 1)


def write(report: Any, as_json: str | None, html: Path | None) -> None:
    """Write the files that were asked for."""
    text = None if as_json is None else json.dumps(report.as_data(), indent=2) + "\n"
    if text is not None and as_json == "-":
        sys.stdout.write(text)
    elif text is not None:
        Path(str(as_json)).write_text(text, encoding="utf-8")
    if html is not None:
        from onevar.migrate.verify import report_html

        html.write_text(report_html.html(report), encoding="utf-8")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give a function that says on the standard error what is being done, while that is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("") as status:
        yield lambda text: status.update(f"{text} ...")
