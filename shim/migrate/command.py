"""The command `onevar run`."""

import os
import sys
from dataclasses import replace
from typing import Annotated, Any

from onevar.migrate.script import Request

HELP = """Run a TensorFlow 1 program, unmodified, on any framework. TensorFlow need not be installed.

[bold]import tensorflow[/], in the script and in the modules of its folder, gets [bold]onevar.v1[/]. \
Everything else that is installed still sees the real TensorFlow.

\b
[dim]$[/] onevar run train.py
[dim]$[/] onevar run --backend jax train.py --lr 0.1    [dim]# --lr is the script's[/]
[dim]$[/] onevar run train.py --backend jax --lr 0.1    [dim]# the same (see below)[/]
[dim]$[/] onevar run -m pkg.train --lr 0.1              [dim]# as python -m[/]
[dim]$[/] onevar run --also models train.py             [dim]# a package from elsewhere[/]
[dim]$[/] onevar run figures.ipynb                      [dim]# a notebook, cell by cell[/]
[dim]$[/] onevar run --report train.py                  [dim]# what is supported?[/]

Options stand before the script; what follows the script is its own. Only [bold]--backend NAME[/] may follow it, \
and is ours there unless the program's own files mention an option of that name. [bold]--[/] ends our options.
"""
_VALUED = ("--backend", "--also")


class Launch(BaseException):
    """Carries the program out of the command-line parser, to be run where nothing of the parser's is on the stack.

    Attributes:
        request: What to run.
    """

    def __init__(self, request: Request):
        super().__init__(request)
        self.request = request


def add(app: Any, typer: Any) -> None:
    """Add the command to the application."""
    from typer.core import TyperCommand

    class Run(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, end_options_after_module(args))

    @app.command(
        help=HELP,
        short_help="Run a TensorFlow 1 program.",
        cls=Run,
        no_args_is_help=True,
        context_settings={"allow_interspersed_args": False},
    )
    def run(
        program: Annotated[
            list[str] | None,
            typer.Argument(metavar="SCRIPT [ARGUMENT]", hidden=True),
        ] = None,
        backend: Annotated[
            str | None, typer.Option(metavar="NAME", help="Framework that computes: jax, torch, tensorflow, numpy.")
        ] = None,
        also: Annotated[
            list[str] | None,
            typer.Option(metavar="PACKAGE", help="Redirect the imports of this package too; may be repeated."),
        ] = None,
        module: Annotated[
            str | None,
            typer.Option("-m", metavar="MODULE", help="Run a module, as python -m does, instead of a script."),
        ] = None,
        report: Annotated[
            bool, typer.Option("--report", help="Do not run: list what the program uses, and whether it is supported.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="With --report: write JSON.")] = False,
        old_numpy: Annotated[
            bool, typer.Option("--old-numpy", help="Bring back NumPy's names of that time: np.int, np.float_, ...")
        ] = False,
    ) -> None:
        words = list(program or ())
        if module is None and not words:
            raise typer.BadParameter("name a script, or a module with -m")
        if as_json and not report:
            raise typer.BadParameter("--json goes with --report")
        target = module or words.pop(0)
        request = Request(target, tuple(words), module is not None, tuple(also or ()), old_numpy)
        if report:
            raise typer.Exit(_report(request, as_json))
        try:
            backend, request = choose_backend(backend, request)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if backend is not None:
            # Not `set_backend`: that imports the framework, and programs set its environment variables first.
            os.environ["ONEVAR_BACKEND"] = backend
        # A program that imports Keras gets it on the same framework.
        from onevar.core import registry

        os.environ.setdefault("KERAS_BACKEND", registry.default_backend())
        raise Launch(request)


def end_options_after_module(args: list[str]) -> list[str]:
    """Return the command's words with `--` put after `-m MODULE`: what follows is the module's own, as in Python."""
    position = 0
    while position < len(args):
        word = args[position]
        if word == "-m":
            return [*args[: position + 2], "--", *args[position + 2 :]]
        if word.startswith("-m") and not word.startswith("--"):
            return [*args[: position + 1], "--", *args[position + 1 :]]
        if word == "--" or not word.startswith("-"):
            break
        position += 2 if word in _VALUED else 1
    return args


def choose_backend(before: str | None, request: Request) -> tuple[str | None, Request]:
    """Return the backend, and the request without it: `--backend NAME` may stand after the script's name as well.

    There it is ours only if none stands before the name, and if the program does not seem to have such an option.

    Raises:
        ValueError: No adapter of that name is registered, or its framework is not installed, or it is given twice.
    """
    name, rest = before, request.arguments
    if before is None and any(word.partition("=")[0] == "--backend" for word in rest):
        name, rest = _behind(request)
    if name is None:
        return None, request
    from onevar.core import registry  # brings NumPy, which takes long

    if name not in registry.installed():
        why = "its framework is not installed" if name in registry.known() else "no adapter of that name is registered"
        raise ValueError(f"--backend {name}: {why}. Installed here: {', '.join(registry.installed())}.")
    return name, replace(request, arguments=tuple(rest))


def _behind(request: Request) -> tuple[str | None, tuple[str, ...]]:
    """Take `--backend NAME` out of the script's words, if it is ours."""
    from onevar.migrate import sources

    words = list(request.arguments)
    ours = words[: words.index("--")] if "--" in words else words
    found = [index for index, word in enumerate(ours) if word.partition("=")[0] == "--backend"]
    if not found:
        return None, request.arguments
    try:
        own = sources.mentions_option(sources.of(request), "backend")
    except FileNotFoundError:
        own = False  # running it says so better
    if own:
        sys.stderr.write(
            f"onevar run: {request.target} has an option of its own called backend, so it gets --backend. "
            f"For onevar's: onevar run --backend NAME {request.target} ...\n"
        )
        return None, request.arguments
    if len(found) > 1:
        raise ValueError("--backend is given twice")
    index = found[0]
    _, equals, value = words[index].partition("=")
    if not equals and index + 1 >= len(ours):
        raise ValueError("--backend requires a name")
    name = value if equals else words[index + 1]
    return name, tuple(words[:index] + words[index + (1 if equals else 2) :])


def _report(request: Request, as_json: bool) -> int:
    """Print the report; return 0 if everything is supported, 1 if not, 2 if there is no such program."""
    from onevar.migrate import report

    try:
        made = report.make(request)
    except FileNotFoundError as error:
        sys.stderr.write(f"onevar run --report: {error}\n")
        return 2
    if as_json:
        sys.stdout.write(report.as_json(made) + "\n")
    else:
        report.show(made)
    return 0 if made.complete else 1
