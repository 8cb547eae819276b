"""`tf.logging`: the logger called `tensorflow`, with TensorFlow's format, levels and counters."""

import logging
import sys
from collections import Counter
from typing import Any

from onevar.v1.export import export, export_value

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL
_counts: Counter[tuple[str, int]] = Counter()


@export("get_logger")
def get_logger() -> logging.Logger:
    """Return the logger that all of `tf.logging` writes to."""
    logger = logging.getLogger("tensorflow")
    # Where a program, absl or a test runner handles messages already, they would be printed twice.
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stdout if hasattr(sys, "ps1") else sys.stderr)
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        logger.addHandler(handler)
    return logger


def _write(level: int, message: Any, args: tuple, kwargs: dict[str, Any]) -> None:
    # Two frames up is the program, whose file and line the record has.
    get_logger().log(level, message, *args, stacklevel=kwargs.pop("stacklevel", 1) + 2, **kwargs)


@export("logging.log")
def log(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log `msg % args` at `level`."""
    _write(level, msg, args, kwargs)


@export("logging.debug")
def debug(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level DEBUG."""
    _write(DEBUG, msg, args, kwargs)


@export("logging.info")
def info(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level INFO."""
    _write(INFO, msg, args, kwargs)


@export("logging.warn", "logging.warning")
def warning(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level WARN."""
    _write(WARN, msg, args, kwargs)


@export("logging.error")
def error(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level ERROR."""
    _write(ERROR, msg, args, kwargs)


@export("logging.fatal")
def fatal(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at level FATAL. The program goes on."""
    _write(FATAL, msg, args, kwargs)


@export("logging.TaskLevelStatusMessage")
def task_level_status_message(msg: Any) -> None:
    """Log a task's status, at level ERROR."""
    _write(ERROR, msg, (), {})


@export("logging.vlog")
def vlog(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at `level`."""
    _write(level, msg, args, kwargs)


@export("logging.log_if")
def log_if(level: int, msg: Any, condition: Any, *args: Any) -> None:
    """Log if `condition` is true."""
    if condition:
        _write(level, msg, args, {})


def _count() -> int:
    """Return how often the program has been at the line that calls, before this time."""
    frame = sys._getframe(2)
    place = (frame.f_code.co_filename, frame.f_lineno)
    _counts[place] += 1
    return _counts[place] - 1


@export("logging.log_every_n")
def log_every_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Log the first time, and every `n`-th time from then on, that this line of the program is reached."""
    if _count() % n == 0:
        _write(level, msg, args, {})


@export("logging.log_first_n")
def log_first_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Log the first `n` times that this line of the program is reached."""
    if _count() < n:
        _write(level, msg, args, {})


@export("logging.flush")
def flush() -> None:
    """Write out what handlers hold back."""
    for handler in get_logger().handlers:
        handler.flush()


@export("logging.get_verbosity")
def get_verbosity() -> int:
    """Return the level from which on messages are logged."""
    return get_logger().getEffectiveLevel()


@export("logging.set_verbosity")
def set_verbosity(v: int | str) -> None:
    """Set the level from which on messages are logged, a number or a name."""
    get_logger().setLevel(v)


for _name in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL"):
    export_value(f"logging.{_name}", globals()[_name])

warn, TaskLevelStatusMessage = warning, task_level_status_message
# `tensorflow.python.platform.tf_logging` is this module itself: what a test puts in the place of one of its functions
# is what hooks call then.
export_value("python.platform.tf_logging", sys.modules[__name__])
