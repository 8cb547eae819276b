"""`tf.contrib.framework.VariableDeviceChooser`: puts variables onto one parameter server after another."""

from typing import Any

from onevar.v1.export import export


@export("contrib.framework.VariableDeviceChooser", "contrib.slim.VariableDeviceChooser")
class VariableDeviceChooser:
    """A device function that goes round the tasks of a job.

    Args:
        num_tasks: How many tasks there are; 0 names no job.
        job_name: The job.
        device_type: Of the devices.
        device_index: Which device of a task.
        replica: Which replica, or None.
    """

    def __init__(
        self, num_tasks: int = 0, job_name: str = "ps", device_type: str = "CPU", device_index: int = 0,
        replica: int | None = None,
    ):  # fmt: skip
        self._num_tasks, self._job_name, self._replica = num_tasks, job_name, replica
        self._device = f"/device:{device_type}:{device_index}"
        self._next_task = 0

    def __call__(self, op: Any) -> str:
        """Return where a variable is to be.

        Args:
            op: The operation of the variable, not looked at.
        """
        replica = "" if self._replica is None else f"/replica:{self._replica}"
        if self._num_tasks <= 0:
            return f"{replica}{self._device}"
        task, self._next_task = self._next_task, (self._next_task + 1) % self._num_tasks
        return f"/job:{self._job_name}{replica}/task:{task}{self._device}"
