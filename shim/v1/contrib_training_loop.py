"""`tf.contrib.training.train`: the plainest loop around a `MonitoredTrainingSession`."""

from typing import Any

from onevar.v1.export import export
from onevar.v1.monitored_sessions import MonitoredTrainingSession


@export("contrib.training.train")
def train(
    train_op: Any, logdir: Any, master: Any = "", is_chief: bool = True, scaffold: Any = None, hooks: Any = None,
    chief_only_hooks: Any = None, save_checkpoint_secs: float | None = 600, save_summaries_steps: int | None = 100,
    config: Any = None, max_wait_secs: float = 7200, run_metadata: Any = None,
) -> Any:  # fmt: skip
    """Run `train_op` until a hook stops it, or the input ends.

    Args:
        train_op: Returns the loss, and trains.
        logdir: Where checkpoints and events are; None writes none.
        master: Of the session; empty.
        is_chief: Whether this process initialises and saves.
        scaffold: The operations that start a session; None takes the usual ones.
        hooks: What is done around each run.
        chief_only_hooks: The same, in the chief only.
        save_checkpoint_secs: A checkpoint every so many seconds.
        save_summaries_steps: Summaries every so many steps.
        config: Of the session.
        max_wait_secs: How long a worker waits for the chief.
        run_metadata: A `tf.RunMetadata` that each run fills in.

    Returns:
        The last loss; None if there was none.

    Raises:
        ValueError: There is no `logdir`, and something to write.
    """
    if logdir is None and is_chief:
        if save_summaries_steps:
            raise ValueError("logdir cannot be None when save_summaries_steps is not None")
        if save_checkpoint_secs:
            raise ValueError("logdir cannot be None when save_checkpoint_secs is not None")
    loss = None
    with MonitoredTrainingSession(
        master=master, is_chief=is_chief, checkpoint_dir=logdir, scaffold=scaffold, hooks=hooks,
        chief_only_hooks=chief_only_hooks, save_checkpoint_secs=save_checkpoint_secs,
        save_summaries_steps=save_summaries_steps, config=config, max_wait_secs=max_wait_secs,
    ) as session:  # fmt: skip
        while not session.should_stop():
            loss = session.run(train_op, run_metadata=run_metadata)
    return loss
