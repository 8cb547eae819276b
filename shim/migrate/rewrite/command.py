"""The command `onevar migrate`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

HELP = """Move a TensorFlow 1 program, or a tree of them, towards Keras 3: one stage at a time, each of which runs.

\b
  [bold]shim[/]    imports only: the program runs under plain python on onevar.v1
  [bold]eager[/]   graphs, placeholders and sessions become keras.Model classes whose
          TensorFlow 1 code runs inside, on the backend of Keras
  [bold]keras3[/]  calls become keras.layers and keras.ops, variables become weights

Nothing is written without [bold]--write[/] or [bold]--output[/]. What cannot be rewritten exactly is left on \
onevar.v1, where it runs, and the report says why. The status is 0 if nothing needs you, 1 if something does, 2 if \
there is no such path.

\b
[dim]$[/] onevar migrate train.py                          [dim]# what would change?[/]
[dim]$[/] onevar migrate project/ --stage shim --diff      [dim]# as a patch[/]
[dim]$[/] onevar migrate project/ --stage shim --write     [dim]# in place[/]
[dim]$[/] onevar migrate project/ --output new/            [dim]# a copy[/]
[dim]$[/] onevar migrate project/ --html report.html       [dim]# every use, its line[/]
[dim]$[/] onevar migrate project/ --check                  [dim]# anything to do?[/]
"""
_TARGETS, _STAGES = ("keras3",), ("shim", "eager", "keras3")


def add(app: Any, typer: Any) -> None:
    """Add the command to the application."""

    @app.command(help=HELP, short_help="Rewrite TensorFlow 1 programs for Keras 3.", no_args_is_help=True)
    def migrate(
        path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or a folder.", show_default=False)],
        to: Annotated[str, typer.Option("--to", metavar="TARGET", help="Where to: keras3.")] = "keras3",
        stage: Annotated[str, typer.Option(metavar="STAGE", help="How far: shim, eager or keras3.")] = "keras3",
        diff: Annotated[bool, typer.Option("--diff", help="Print the changes as a patch.")] = False,
        write: Annotated[bool, typer.Option("--write", help="Change the files in place; says how to undo it.")] = False,
        output: Annotated[
            Path | None, typer.Option(metavar="DIR", help="Write a copy of the project, rewritten.")
        ] = None,
        check: Annotated[
            bool, typer.Option("--check", help="Write nothing; the status is 1 if any file would change.")
        ] = False,
        every: Annotated[bool, typer.Option("--all", help="A line for every use.")] = False,
        as_json: Annotated[
            Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON; - prints it.")
        ] = None,
        html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as one page.")] = None,
    ) -> None:
        if to not in _TARGETS:
            raise typer.BadParameter(f"--to {to}: the only target is keras3")
        if stage not in _STAGES:
            raise typer.BadParameter(f"--stage {stage}: the stages are {', '.join(_STAGES)}")
        if write + check + (output is not None) > 1:
            raise typer.BadParameter("--write, --output and --check exclude each other")
        try:
            status = run(path, (to, stage), diff=diff, every=every, output=output, write=write, reports=(as_json, html))
        except OSError as error:
            sys.stderr.write(f"onevar migrate: {error}\n")
            raise typer.Exit(2) from None
        raise typer.Exit(1 if status == 1 or (check and status == -1) else 0)


def run(
    path: Path,
    goal: tuple[str, str],
    *,
    diff: bool,
    every: bool,
    write: bool,
    output: Path | None,
    reports: tuple[Path | None, Path | None],
) -> int:
    """Migrate a path, print and write what is asked for.

    Args:
        path: A file or folder.
        goal: Target and stage.
        diff: Whether to print the changes instead of the tables.
        every: Whether every use gets a line.
        write: Whether to change the files.
        output: Where to write a copy; None: nowhere.
        reports: Where to write JSON and HTML.

    Returns:
        1 if something needs the reader, -1 if nothing does but files change, 0 otherwise.

    Raises:
        OSError: There is nothing at the path, or something cannot be written.
    """
    from rich.console import Console

    from onevar.migrate.audit_report import progress
    from onevar.migrate.rewrite import project, report, writing
    from onevar.migrate.rewrite.context import Options

    as_json, html = reports
    quiet = as_json is not None and str(as_json) == "-"
    # What is the result goes to the output; a patch must not have a report in it.
    console = Console(highlight=False, stderr=diff or quiet)
    with progress(path.is_dir()) as step:
        found = project.migrate(path, Options(*goal), step)
    failures = list(found.failures)
    if diff:
        _print_diff(found.changed)
    if not quiet or sys.stderr.isatty():
        report.show(found, console, every=every)
    _write_reports(found, as_json, html)
    if write or output is not None:
        made = writing.in_place(found.root, found.changed) if output is None else _copy(path, output, found.changed)
        failures += made.failures
        for failure in made.failures:
            sys.stderr.write(f"onevar migrate: {failure.path}: {failure.reason}\n")
        where = f" to {output}" if output is not None else ""
        console.print(f"{report.count(len(made.paths), 'file')} written{where}.", soft_wrap=True)
        if made.undo:
            console.print(f"To undo it: {report.plain(made.undo)}", soft_wrap=True)
    if failures or found.counts()["needs you"]:
        return 1
    return -1 if found.changed else 0


def _copy(path: Path, output: Path, changed: Any) -> Any:
    from onevar.migrate.rewrite import writing

    return writing.to_folder(path, output, changed)


def _print_diff(changed: Any) -> None:
    from rich.console import Console
    from rich.text import Text

    from onevar.migrate.rewrite import report

    console = Console(highlight=False)
    for one in changed:
        for line in report.diff(one):
            if console.is_terminal:
                console.print(Text(line, style=report.style_of(line)), soft_wrap=True)
            else:
                sys.stdout.write(line + "\n")


def _write_reports(found: Any, as_json: Path | None, html: Path | None) -> None:
    from onevar.migrate.rewrite import page, project, writing

    if as_json is not None:
        text = json.dumps(project.as_data(found), indent=2) + "\n"
        if str(as_json) == "-":
            sys.stdout.write(text)
        else:
            as_json.parent.mkdir(parents=True, exist_ok=True)
            writing.replace(as_json, text.encode())
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        writing.replace(html, page.html(found).encode())
