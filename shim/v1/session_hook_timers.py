"""`tf.train.SecondOrStepTimer`: says every how many steps or seconds a hook does its work."""

import time

from onevar.v1.export import export

_Elapsed = tuple[float | None, int | None]


class HookTimer:
    """What hooks ask whether it is time."""

    def reset(self) -> None:
        """Forget when it was time before."""

    def should_trigger_for_step(self, step: int) -> bool:
        """Return whether it is time at this step.

        Args:
            step: The step.

        Raises:
            NotImplementedError: A subclass has to say.
        """
        raise NotImplementedError

    def update_last_triggered_step(self, step: int) -> _Elapsed:
        """Remember that the work was done at this step.

        Args:
            step: The step.

        Returns:
            The seconds and the steps since it was done before; None, None the first time.

        Raises:
            NotImplementedError: A subclass has to say.
        """
        raise NotImplementedError

    def last_triggered_step(self) -> int | None:
        """Return at which step the work was done last, or None.

        Raises:
            NotImplementedError: A subclass has to say.
        """
        raise NotImplementedError


@export("train.SecondOrStepTimer", "estimator.SecondOrStepTimer")
class SecondOrStepTimer(HookTimer):
    """It is time at the first step, and then whenever so many steps or seconds have gone by.

    Args:
        every_secs: So many seconds.
        every_steps: So many steps.

    Raises:
        ValueError: Not exactly one of them is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None):
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs = every_secs
        self._every_steps = every_steps
        self.reset()

    def reset(self) -> None:
        """Forget when it was time before."""
        self._last_triggered_step: int | None = None
        self._last_triggered_time: float | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Return whether it is time at this step; see `HookTimer`.

        Args:
            step: The step.
        """
        last, since = self._last_triggered_step, self._last_triggered_time
        if last is None or since is None:
            return True
        if step == last:
            return False
        if self._every_secs is not None:
            return time.time() >= since + self._every_secs
        return self._every_steps is not None and step >= last + self._every_steps

    def update_last_triggered_step(self, step: int) -> _Elapsed:
        """Remember that the work was done at this step; see `HookTimer`.

        Args:
            step: The step.
        """
        now = time.time()
        last, since = self._last_triggered_step, self._last_triggered_time
        self._last_triggered_step, self._last_triggered_time = step, now
        if last is None or since is None:
            return None, None
        return now - since, step - last

    def last_triggered_step(self) -> int | None:
        """Return at which step the work was done last, or None."""
        return self._last_triggered_step


@export("python.training.basic_session_run_hooks.NeverTriggerTimer")
class NeverTriggerTimer(HookTimer):
    """It is never time."""

    def should_trigger_for_step(self, step: int) -> bool:
        """Return False.

        Args:
            step: The step.
        """
        return False

    def update_last_triggered_step(self, step: int) -> _Elapsed:
        """Return None, None.

        Args:
            step: The step.
        """
        return None, None

    def last_triggered_step(self) -> int | None:
        """Return None."""
        return None
