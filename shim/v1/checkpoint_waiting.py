"""`tf.train.checkpoints_iterator`: the checkpoints of a folder, as another program writes them."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from onevar.core.bundle import checkpoint_state
from onevar.v1 import tf_logging as logging
from onevar.v1.export import export

_Asks = Callable[[], Any] | None


@export("contrib.training.wait_for_new_checkpoint", "contrib.slim.evaluation.wait_for_new_checkpoint",
        "python.training.checkpoint_utils.wait_for_new_checkpoint")  # fmt: skip
def wait_for_new_checkpoint(
    checkpoint_dir: Any, last_checkpoint: str | None = None, seconds_to_sleep: float = 1, timeout: float | None = None
) -> str | None:
    """Return the latest checkpoint of a folder, when it is another one than before.

    Args:
        checkpoint_dir: The folder.
        last_checkpoint: The one before.
        seconds_to_sleep: How long is waited between two looks.
        timeout: How long is waited in all; None waits for ever.

    Returns:
        The checkpoint's prefix; None if there was none in time.
    """
    logging.info("Waiting for new checkpoint at %s", checkpoint_dir)
    until = None if timeout is None else time.time() + timeout
    while True:
        path = checkpoint_state.latest_checkpoint(checkpoint_dir)
        if path is not None and path != last_checkpoint:
            logging.info("Found new checkpoint at %s", path)
            return path
        if until is not None and time.time() + seconds_to_sleep > until:
            return None
        time.sleep(seconds_to_sleep)


@export("train.checkpoints_iterator")
def checkpoints_iterator(
    checkpoint_dir: Any, min_interval_secs: float = 0, timeout: float | None = None, timeout_fn: _Asks = None
) -> Iterator[str]:
    """Yield the checkpoints of a folder as they appear; some may be passed over.

    Args:
        checkpoint_dir: The folder.
        min_interval_secs: How many seconds lie between two at least.
        timeout: How long the next is waited for; None waits for ever.
        timeout_fn: Asked after each checkpoint and each time that none came: whether that is all. None takes the
            first time that none came for the end.
    """
    latest = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, latest, timeout=timeout)
        if found:
            latest = found
            yield from _spaced(found, min_interval_secs)
        elif timeout_fn is None:
            logging.info("Timed-out waiting for a checkpoint (without timeout_fn).")
            return
        if timeout_fn is not None and timeout_fn():
            logging.info("Done. No new checkpoints will be generated.")
            return


@export("contrib.training.checkpoints_iterator", "contrib.slim.evaluation.checkpoints_iterator")
def checkpoints_until_timeout(
    checkpoint_dir: Any, min_interval_secs: float = 0, timeout: float | None = None, timeout_fn: _Asks = None
) -> Iterator[str]:
    """Yield the checkpoints of a folder as they appear; as `tf.contrib.training` does.

    Args:
        checkpoint_dir: The folder.
        min_interval_secs: How many seconds lie between two at least.
        timeout: How long the next is waited for; None waits for ever.
        timeout_fn: Asked each time that none came: whether that is all. None takes the first time for the end.
    """
    latest = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, latest, timeout=timeout)
        if found:
            latest = found
            yield from _spaced(found, min_interval_secs)
        elif not timeout_fn:
            logging.info("Timed-out waiting for a checkpoint.")
            return
        elif timeout_fn():
            return


def _spaced(path: str, seconds: float) -> Iterator[str]:
    start = time.time()
    yield path
    rest = start + seconds - time.time()
    if rest > 0:
        time.sleep(rest)
