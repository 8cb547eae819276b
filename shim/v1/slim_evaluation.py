"""`slim.evaluation.evaluate_once` and `evaluation_loop`."""

from collections.abc import Callable, Sequence
from typing import Any

from onevar.v1.evaluation_loops import StopAfterNEvalsHook, SummaryAtEndHook, evaluate_once, evaluate_repeatedly
from onevar.v1.export import export, exported
from onevar.v1.saver import Saver
from onevar.v1.training_scaffold import Scaffold

_MODULE = "contrib.slim.evaluation"
#: What `summary_op` is that was not given, where None means none.
_USE_DEFAULT = 0


def _hooks(num_evals: int, summary_op: Any, feed_dict: Any, logdir: Any, hooks: Sequence[Any] | None) -> list[Any]:
    if isinstance(summary_op, int) and summary_op == _USE_DEFAULT:
        summary_op = exported("summary.merge_all")()
    made: list[Any] = [StopAfterNEvalsHook(num_evals)]
    if summary_op is not None:
        made.append(SummaryAtEndHook(log_dir=logdir, summary_op=summary_op, feed_dict=feed_dict))
    return [*made, *(hooks or ())]


def _saver(variables: Any) -> Saver | None:
    return None if variables is None else Saver(variables)


@export(f"{_MODULE}.evaluate_once")
def slim_evaluate_once(
    master: Any, checkpoint_path: str, logdir: Any, num_evals: int = 1, initial_op: Any = None,
    initial_op_feed_dict: Any = None, eval_op: Any = None, eval_op_feed_dict: Any = None, final_op: Any = None,
    final_op_feed_dict: Any = None, summary_op: Any = _USE_DEFAULT, summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None, session_config: Any = None, hooks: Sequence[Any] | None = None,
) -> Any:  # fmt: skip
    """Restore a checkpoint, run `eval_op` some times, compute `final_op`, and write summaries.

    Args:
        master: Of the session; empty.
        checkpoint_path: The checkpoint's prefix.
        logdir: Where events are written.
        num_evals: How many times.
        initial_op: Run first, where nothing is restored.
        initial_op_feed_dict: What is fed to it.
        eval_op: What is run.
        eval_op_feed_dict: What is fed to it.
        final_op: What is computed at the end.
        final_op_feed_dict: What is fed to that.
        summary_op: The summaries; None writes none.
        summary_op_feed_dict: What is fed to them.
        variables_to_restore: Which; None takes all.
        session_config: Of the session.
        hooks: What is done around each run.

    Returns:
        The values of `final_op`.
    """
    every = _hooks(num_evals, summary_op, summary_op_feed_dict, logdir, hooks)
    scaffold = Scaffold(
        init_op=initial_op, init_feed_dict=initial_op_feed_dict, saver=_saver(variables_to_restore)
    )  # fmt: skip
    return evaluate_once(
        checkpoint_path, master=master, scaffold=scaffold, eval_ops=eval_op, feed_dict=eval_op_feed_dict,
        final_ops=final_op, final_ops_feed_dict=final_op_feed_dict, hooks=every, config=session_config,
    )  # fmt: skip


@export(f"{_MODULE}.evaluation_loop")
def evaluation_loop(
    master: Any, checkpoint_dir: Any, logdir: Any, num_evals: int = 1, initial_op: Any = None,
    initial_op_feed_dict: Any = None, init_fn: Any = None, eval_op: Any = None, eval_op_feed_dict: Any = None,
    final_op: Any = None, final_op_feed_dict: Any = None, summary_op: Any = _USE_DEFAULT,
    summary_op_feed_dict: Any = None, variables_to_restore: Any = None, eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None, session_config: Any = None, timeout: float | None = None,
    timeout_fn: Callable[[], Any] | None = None, hooks: Sequence[Any] | None = None,
) -> Any:  # fmt: skip
    """Evaluate each new checkpoint of a folder, as `evaluate_once` does.

    Args:
        master: Of the session; empty.
        checkpoint_dir: The folder.
        logdir: Where events are written.
        num_evals: How many times `eval_op` is run for each.
        initial_op: Run first, where nothing is restored.
        initial_op_feed_dict: What is fed to it.
        init_fn: Called with the session after that.
        eval_op: What is run.
        eval_op_feed_dict: What is fed to it.
        final_op: What is computed at the end.
        final_op_feed_dict: What is fed to that.
        summary_op: The summaries; None writes none.
        summary_op_feed_dict: What is fed to them.
        variables_to_restore: Which; None takes all.
        eval_interval_secs: How many seconds lie between two at least.
        max_number_of_evaluations: How many checkpoints; None has no end.
        session_config: Of the session.
        timeout: How long the next checkpoint is waited for; None waits for ever.
        timeout_fn: Asked then whether that is all.
        hooks: What is done around each run.

    Returns:
        The values of `final_op` for the last checkpoint; None if there was none.
    """
    every = _hooks(num_evals, summary_op, summary_op_feed_dict, logdir, hooks)
    scaffold = Scaffold(
        init_op=initial_op, init_feed_dict=initial_op_feed_dict, init_fn=init_fn, saver=_saver(variables_to_restore)
    )  # fmt: skip
    return evaluate_repeatedly(
        checkpoint_dir, master=master, scaffold=scaffold, eval_ops=eval_op, feed_dict=eval_op_feed_dict,
        final_ops=final_op, final_ops_feed_dict=final_op_feed_dict, eval_interval_secs=eval_interval_secs,
        hooks=every, config=session_config, max_number_of_evaluations=max_number_of_evaluations, timeout=timeout,
        timeout_fn=timeout_fn,
    )  # fmt: skip
