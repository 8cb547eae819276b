"""The command `onevar convert`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

HELP = """Convert a checkpoint or a file of weights into another format, and its layers into another framework's layout.

Formats: a TensorFlow checkpoint (its prefix or folder; no ending), .npz, .safetensors, .pt and .pth, .weights.h5, \
.keras, frozen .pb, and as a source .h5 of Keras 2 and SavedModels. No framework need be installed.

[bold]--like[/] says the target's names and shapes: a file, or a model that a function makes. Which tensor becomes \
which is inferred by shape, layer, name and number. Nothing is guessed: what is not accounted for is an error, and \
nothing is written then.

\b
[dim]$[/] onevar convert model.ckpt-1000 model.npz
[dim]$[/] onevar convert model.ckpt-1000 model.pt --like net.py:make --flatten fc1/weights=7,7,64
[dim]$[/] onevar convert model.ckpt-1000 model.keras --like untrained.keras
[dim]$[/] onevar convert model.ckpt-1000 out.pt --like net:make --dry-run --map-out map.tsv
[dim]$[/] onevar convert model.ckpt-1000 out.pt --like net:make --map map.tsv [dim]# after editing it[/]
[dim]$[/] onevar convert rnn.ckpt rnn.safetensors --forget-bias 1.0
[dim]$[/] onevar convert model.ckpt model.keras --like net:make --check --old train.py:predict --input 1,28,28,1

The status is 0 if it is done, 1 if tensors are not accounted for or a check fails, 2 if a file or option is wrong.
"""
_BAD_INPUT = 2
#: The options that say how tensors go across, which a check needs too.
_LOADING = (
    "names", "skip", "keep", "rules", "by_order", "averages", "forget_bias", "flatten", "unflatten", "source_style",
    "source_format", "key",
)  # fmt: skip


def add(app: Any, typer: Any) -> None:
    """Add the command to the application."""

    @app.command(help=HELP, short_help="Convert checkpoints between formats and layouts.", no_args_is_help=True)
    def convert(
        source: Annotated[str, typer.Argument(metavar="SOURCE", help="What to convert.")],
        target: Annotated[str, typer.Argument(metavar="TARGET", help="What to write; its ending says the format.")],
        like: Annotated[
            str | None, typer.Option(metavar="FILE|MODULE:FACTORY", help="What says the target's names and shapes.")
        ] = None,
        map_in: Annotated[
            Path | None, typer.Option("--map", metavar="FILE", help="A map, as --map-out writes it; may be partial.")
        ] = None,
        map_out: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Write the map, to look at or edit; problems are in it.")
        ] = None,
        skip: Annotated[
            list[str] | None, typer.Option(metavar="PATTERN", help="Leave out these tensors of the source.")
        ] = None,
        keep_init: Annotated[
            list[str] | None, typer.Option(metavar="PATTERN", help="These of the target keep what --like has.")
        ] = None,
        rule: Annotated[
            list[str] | None,
            typer.Option(metavar="PATTERN=RULE", help="Rule of a tensor: same, dense, conv or depthwise."),
        ] = None,
        flatten: Annotated[
            list[str] | None,
            typer.Option(metavar="KERNEL=H,W,C", help="The feature map flattened before a dense layer, or 'no'."),
        ] = None,
        unflatten: Annotated[
            list[str] | None,
            typer.Option(metavar="KERNEL=H,W,C", help="The feature map that a dense layer's outputs become, or 'no'."),
        ] = None,
        forget_bias: Annotated[
            float | None, typer.Option(metavar="X", help="What TensorFlow 1's LSTM cells add to the forget gate.")
        ] = None,
        by_order: Annotated[
            bool, typer.Option("--by-order", help="Where nothing else tells tensors apart, their order does.")
        ] = False,
        ema: Annotated[
            bool, typer.Option("--ema", help="Take exponential moving averages instead of weights.")
        ] = False,
        dtype: Annotated[
            str | None, typer.Option(metavar="NAME", help="Of floating-point tensors: float16, ..")
        ] = None,
        force: Annotated[bool, typer.Option("--force", help="Replace a target that is there.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would become what.")] = False,
        source_format: Annotated[
            str | None, typer.Option("--from", metavar="FORMAT", help="Of the source, if its name does not say it.")
        ] = None,
        target_format: Annotated[
            str | None, typer.Option("--to", metavar="FORMAT", help="Of the target, if its name does not say it.")
        ] = None,
        source_style: Annotated[
            str | None, typer.Option(metavar="STYLE", help="Layout of the source: tf1, keras or torch.")
        ] = None,
        target_style: Annotated[str | None, typer.Option(metavar="STYLE", help="Layout of the target.")] = None,
        key: Annotated[
            str | None, typer.Option(metavar="NAME", help="Which state_dict of a torch file that holds several.")
        ] = None,
        check: Annotated[
            bool, typer.Option("--check", help="Run both models on one random input, and compare what they put out.")
        ] = False,
        old: Annotated[
            str | None,
            typer.Option(metavar="MODULE:FUNCTION", help="For --check: the source's model; see docs/migrate.md."),
        ] = None,
        inputs: Annotated[
            list[str] | None,
            typer.Option("--input", metavar="SHAPE[:DTYPE]", help="For --check: an input's shape, or True/False."),
        ] = None,
        tolerance: Annotated[float, typer.Option(metavar="X", help="For --check: largest difference.")] = 1e-4,
        quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show the table.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Write the report as JSON.")] = False,
    ) -> None:
        options: dict[str, Any] = {
            "like": like, "names": map_in, "skip": skip or (), "keep": keep_init or (), "by_order": by_order,
            "averages": ema, "forget_bias": forget_bias, "dtype": dtype, "force": force, "dry_run": dry_run,
            "source_format": source_format, "target_format": target_format, "source_style": source_style,
            "target_style": target_style, "key": key,
        }  # fmt: skip
        try:
            options["rules"] = dict(pair(text, "--rule") for text in rule or ())
            options["flatten"] = dict(feature_map(text, "--flatten") for text in flatten or ())
            options["unflatten"] = dict(feature_map(text, "--unflatten") for text in unflatten or ())
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if check and (like is None or old is None or not inputs):
            raise typer.BadParameter("--check needs --like MODULE:FACTORY, --old MODULE:FUNCTION and --input SHAPE")
        if not check and (old is not None or inputs):
            raise typer.BadParameter("--old and --input are for --check, which is not there")
        checking = (old or "", tuple(inputs or ()), tolerance) if check else None
        raise typer.Exit(_run(source, target, options, map_out, checking, _Show(quiet, as_json)))


class _Show:
    """How to show what was done."""

    def __init__(self, quiet: bool, as_json: bool):
        self.quiet = quiet
        self.as_json = as_json


def pair(text: str, option: str) -> tuple[str, str]:
    """Return the two sides of `NAME=VALUE`.

    Raises:
        ValueError: It is not of that form.
    """
    name, equals, value = text.rpartition("=")
    if not equals or not name or not value:
        raise ValueError(f"{option} {text}: write NAME=VALUE")
    return name, value


def feature_map(text: str, option: str) -> tuple[str, tuple[int, ...] | None]:
    """Return a kernel's name and the shape of `KERNEL=H,W,C`; None for `no`.

    Raises:
        ValueError: It is not of that form.
    """
    name, value = pair(text, option)
    if value == "no":
        return name, None
    try:
        return name, tuple(int(length) for length in value.split(","))
    except ValueError:
        raise ValueError(f"{option} {text}: write {name}=H,W,C, or {name}=no") from None


def _run(source: str, target: str, options: dict[str, Any], map_out: Path | None, checking: Any, how: _Show) -> int:
    """Convert, and return the status."""
    from onevar.core.op_errors import OpError
    from onevar.errors import FrameworkMissing
    from onevar.migrate.convert.name_map import MappingError
    from onevar.migrate.convert.spec import ConversionError

    try:
        return _converted(source, target, options, map_out, checking, how)
    except MappingError as error:
        _say(str(error))
        return 1
    except (ConversionError, FrameworkMissing, OSError) as error:
        _say(error.strerror if isinstance(error, OSError) and error.strerror else str(error))
        return _BAD_INPUT
    except OpError as error:
        _say(error.message)
        return _BAD_INPUT


def _say(text: str) -> None:
    sys.stderr.write(f"onevar convert: {text}\n")


def _converted(
    source: str, target: str, options: dict[str, Any], map_out: Path | None, checking: Any, how: _Show
) -> int:
    import typer

    from onevar.migrate.convert import report as reports
    from onevar.migrate.convert.conversion import convert

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # a model's framework would frame the table with messages
    with _bar(sys.stderr.isatty()) as progress:
        if checking is not None:
            convert(source, target, **{**options, "dry_run": True}, map_out=map_out)
            if not _checked(source, options, checking, how):
                return 1
        made = convert(source, target, **options, map_out=map_out, progress=progress)
    if how.as_json:
        typer.echo(reports.as_json(made))
    else:
        reports.show(made, not how.quiet)
    return 0


def _checked(source: str, options: dict[str, Any], checking: tuple[str, tuple[str, ...], float], how: _Show) -> bool:
    """Compare the models, say how they compare, and return whether they do the same."""
    from onevar.migrate.convert.checking import check

    old, inputs, tolerance = checking
    loading = {name: options[name] for name in _LOADING}
    found = check(old, options["like"], source, inputs, tolerance, **loading)
    if not found.same:
        _say(f"{found}; nothing was written")
    elif not how.as_json:
        sys.stdout.write(f"{found}\n")
    return found.same


def _bar(shown: bool) -> Any:
    """Return a context that gives a function to report progress with."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def bar() -> Any:
        with Progress(console=Console(stderr=True), transient=True, disable=not shown) as progress:
            task = progress.add_task("converting", total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    return bar()
