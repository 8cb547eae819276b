"""The `onevar` command.

It needs the optional groups `conformance` and `migrate`; without them, it says what to install. Nothing here imports
a framework, or pytest, before a command that is about one runs.
"""

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

MISSING = 'onevar: this command needs {name}, which is not installed: pip install "onevar[{group}]"'

OVERVIEW = """One Variable for TensorFlow, PyTorch, JAX and NumPy.

\b
  onevar run train.py --backend jax   run a TensorFlow 1 program, unmodified
  onevar audit project/               what it uses, and what is supported
  onevar migrate project/             rewrite it for Keras 3, stage by stage
  onevar convert model.ckpt model.pt  its weights in another format
  onevar verify old.py new.py         do they compute the same?
  onevar doctor                       what is here, and what crosses uncopied
  onevar conformance --backend torch  prove an adapter
"""

DOCTOR = """Show frameworks, versions, devices, and which tensors cross without a copy on this machine.

\b
  onevar doctor
  onevar doctor --json > doctor.json
"""

AUDIT = """Show what a file, or a tree of files, uses of TensorFlow 1, what of it is supported, and what to do.

Nothing is imported or run. Notebooks are read too; a file that cannot be read (Python 2, say) is listed with the \
reason. The status is 0 if everything is supported, 1 if not, 2 if there is no such path.

\b
  onevar audit train.py
  onevar audit project/ --html audit.html
  onevar audit project/ --all | grep contrib       every use, a line each
  onevar audit project/ --json > audit.json
  onevar audit --coverage                          what public programs use, and what of it is here
  onevar audit --coverage --json > coverage.json
"""

CONFORMANCE = """Run the conformance suite on adapters and devices, or merge the results of earlier runs.

The run fails if a test fails, and if an adapter, its framework or a device is not here.

\b
  onevar conformance --backend torch
  onevar conformance --backend torch --device cuda:0 --json torch.json
  onevar conformance --backend jax --backend torch --html report.html
  onevar conformance --backend numpy --requirement OP-08 -k float16
  onevar conformance --merge torch.json --merge jax.json --html all.html
"""


def main() -> None:
    """Run the `onevar` command, and leave with its status."""
    from onevar.migrate import command, script

    try:
        build()(prog_name="onevar")
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich", "pytest", "hypothesis", "jinja2", "libcst"):
            raise
        group = "migrate" if sys.argv[1:2] in (["run"], ["audit"], ["migrate"], ["verify"]) else "conformance"
        sys.exit(MISSING.format(name=error.name, group=group))
    except command.Launch as launch:
        request = launch.request
    script.run(request)


def build() -> Any:
    """Return the command, a typer application.

    Raises:
        ModuleNotFoundError: typer is not installed.
    """
    import typer

    from onevar.migrate import command
    from onevar.migrate.convert import command as convert
    from onevar.migrate.rewrite import command as rewrite
    from onevar.migrate.verify import command as verify_command

    app = typer.Typer(
        name="onevar",
        help=OVERVIEW,
        no_args_is_help=True,
        rich_markup_mode="rich",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    def show_version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"onevar {metadata.version('onevar')}")
            raise typer.Exit

    @app.callback()
    def onevar(
        version: Annotated[
            bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and leave.")
        ] = False,
    ) -> None:
        """Take the options that stand before a command."""

    command.add(app, typer)
    rewrite.add(app, typer)
    _add_audit(app, typer)
    convert.add(app, typer)
    verify_command.add(app, typer)
    _add_doctor(app, typer)
    _add_conformance(app, typer)
    return app


def _add_audit(app: Any, typer: Any) -> None:
    @app.command(help=AUDIT, short_help="Show what a project uses of TensorFlow 1.", no_args_is_help=True)
    def audit(
        path: Annotated[Path | None, typer.Argument(metavar="PATH", help="A file or a folder.")] = None,
        coverage: Annotated[
            bool, typer.Option("--coverage", help="Of public programs: shares of symbols, uses and op types covered.")
        ] = False,
        every: Annotated[
            bool, typer.Option("--all", help="A line for every use, the supported ones included.")
        ] = False,
        html: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Write one page, source lines included.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of tables.")] = False,
    ) -> None:
        from onevar.migrate import audit_report
        from onevar.migrate import coverage as report

        if (path is None) is not coverage:
            raise typer.BadParameter("say what to audit: a PATH, or --coverage")
        if path is None:
            if every or html is not None:
                raise typer.BadParameter("--all and --html go with a PATH")
            report.main(json=as_json)
            return
        try:
            complete = audit_report.main(path, as_json=as_json, page=html, every=every)
        except OSError as error:
            sys.stderr.write(f"onevar audit: {error}\n")
            raise typer.Exit(2) from None
        raise typer.Exit(0 if complete else 1)


def _add_doctor(app: Any, typer: Any) -> None:
    @app.command(help=DOCTOR, short_help="Show what is installed, and what crosses.")
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")] = False,
    ) -> None:
        from onevar import doctor as report

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its start-up messages would frame the table
        raise typer.Exit(report.main(json=as_json) or 0)


def _add_conformance(app: Any, typer: Any) -> None:
    @app.command(help=CONFORMANCE, short_help="Prove an adapter.", no_args_is_help=True)
    def conformance(
        backend: Annotated[
            list[str] | None, typer.Option(metavar="NAME", help="Adapter to test; may be repeated.")
        ] = None,
        device: Annotated[
            list[str] | None,
            typer.Option(metavar="DEVICE", help="'cpu', 'cuda:0'; may be repeated. Default: the adapter's own."),
        ] = None,
        requirement: Annotated[
            list[str] | None, typer.Option(metavar="ID", help="Only this requirement, 'OP-08'; may be repeated.")
        ] = None,
        select: Annotated[
            str | None, typer.Option("-k", metavar="EXPR", help="Only tests whose names match, as in pytest.")
        ] = None,
        json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the result as JSON.")] = None,
        html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the result as one HTML page.")] = None,
        junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write pytest's JUnit XML.")] = None,
        merge: Annotated[
            list[Path] | None,
            typer.Option(metavar="FILE", help="Merge results instead of running; repeat, or list more files after."),
        ] = None,
        files: Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="More files to merge.")] = None,
        verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name each test as it runs.")] = False,
    ) -> None:
        if bool(merge) == bool(backend) or (files and not merge):
            raise typer.BadParameter("pass either --backend NAME, to run, or --merge FILE..., to merge results")
        if merge:
            raise typer.Exit(merge_results([*merge, *(files or [])], json, html))
        chosen = {"--backend": backend, "--device": device, "--requirement": requirement}
        files_out = {"--onevar-json": json, "--onevar-html": html, "--junit-xml": junit}
        raise typer.Exit(_run(chosen, {"-k": select, **files_out}, verbose))


def _run(repeated: dict[str, list[str] | None], single: dict[str, Any], verbose: bool) -> int:
    """Run the suite with pytest's options, each given as often as it has values; return the exit status."""
    import pytest

    options = [f"{option}={value}" for option, values in repeated.items() for value in values or ()]
    for option, value in single.items():
        options += [] if value is None else [option, str(value)]
    style = ["-p", "no:cacheprovider", "--tb=short", "-rf", *(["-v"] if verbose else [])]
    return int(pytest.main(["-p", "onevar.conformance.plugin", "--pyargs", "onevar.conformance", *style, *options]))


def merge_results(files: list[Path], json: Path | None, html: Path | None) -> int:
    """Merge results that earlier runs wrote, print the matrix, and write the files asked for.

    Returns:
        The exit status: 1 if a requirement failed in any of them, 2 if a file is no result.
    """
    import typer

    from onevar.conformance import report, results

    try:
        data = results.merge(results.load(files))
    except ValueError as error:
        typer.echo(f"onevar conformance --merge: {error}", err=True)
        return 2
    for line in report.matrix(data, color=sys.stdout.isatty()):
        typer.echo(line)
    if json:
        results.write(data, json)
    if html:
        report.write_html(data, html)
    return int(any(row["verdict"] == "failed" for row in data["results"]))
