"""Which device an operation asks for: `tf.DeviceSpec`, `tf.train.replica_device_setter`, `tf.train.ClusterSpec`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onevar.core.device_spec import DeviceSpec
from onevar.core.operation import Operation
from onevar.v1.export import export, export_value
from onevar.v1.tf_logging import warning

export_value("DeviceSpec", DeviceSpec)

#: What lies on parameter servers unless a program says otherwise.
STANDARD_PS_OPS = (
    "Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable", "MutableHashTableV2",
    "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", "MutableDenseHashTable", "MutableDenseHashTableV2",
    "VarHandleOp", "BoostedTreesEnsembleResourceHandleOp", "BoostedTreesQuantileStreamResourceHandleOp",
    "ResourceConditionalAccumulator", "DecisionTreeResource",
)  # fmt: skip


class _RoundRobin:
    """One task after the other."""

    def __init__(self, num_tasks: int):
        self._num_tasks, self._next = num_tasks, 0

    def __call__(self, operation: Operation) -> int:
        task = self._next
        self._next = (task + 1) % self._num_tasks
        return task


class _Chooser:
    """The device function of `replica_device_setter`."""

    def __init__(
        self, tasks: int, ps_device: str, worker_device: str, merge: bool, ps_ops: Sequence[str], strategy: Callable
    ):
        self._tasks, self._ps_device, self._worker_device = tasks, ps_device, worker_device
        self._merge, self._ps_ops, self._strategy = merge, ps_ops, strategy

    def device_function(self, op: Operation) -> str:
        """Return the device that an operation is to ask for."""
        if not self._merge and op.device:
            return op.device
        current = DeviceSpec.from_string(op.device or "")
        if self._tasks and self._ps_device and op.type in self._ps_ops:
            server = DeviceSpec.from_string(self._ps_device)
            if server.job and (not current.job or current.job == server.job):
                server = server.replace(task=self._strategy(op))
            return server.make_merged_spec(current).to_string()
        return DeviceSpec.from_string(self._worker_device or "").make_merged_spec(current).to_string()


@export("train.replica_device_setter")
def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Sequence[str] | None = None,
    ps_strategy: Callable | None = None,
) -> Callable[[Operation], str] | None:
    """Return a device function that puts variables on parameter servers and everything else on workers.

    Args:
        ps_tasks: How many parameter servers; without any there is nothing to choose.
        ps_device: Their device.
        worker_device: The workers' device.
        merge_devices: Whether to merge with the device of the scopes inside, which wins; else it is the only one.
        cluster: A `ClusterSpec` or what it takes, which says how many parameter servers there are.
        ps_ops: Types of operations that belong on parameter servers; None takes those of variables and tables.
        ps_strategy: An operation to the number of its parameter server; None takes one after the other.

    Raises:
        TypeError: `cluster` or `ps_strategy` is of no kind that can be used.
    """
    if cluster is not None:
        jobs = (cluster if isinstance(cluster, ClusterSpec) else ClusterSpec(cluster)).as_dict()
        job = DeviceSpec.from_string(ps_device).job
        if job not in jobs or jobs[job] is None:
            return None
        ps_tasks = len(jobs[job])
    if ps_tasks == 0:
        return None
    if not merge_devices:
        warning("DEPRECATION: It is recommended to set merge_devices=true in replica_device_setter")
    strategy = _RoundRobin(ps_tasks) if ps_strategy is None else ps_strategy
    if not callable(strategy):
        raise TypeError("ps_strategy must be callable")
    ps_ops = STANDARD_PS_OPS if ps_ops is None else list(ps_ops)
    return _Chooser(ps_tasks, ps_device, worker_device, merge_devices, ps_ops, strategy).device_function


@export("train.ClusterSpec")
class ClusterSpec:
    """Which processes take part: jobs, and the network addresses of their tasks.

    Args:
        cluster: Jobs' names to lists of addresses, or to dictionaries of them by number; or another `ClusterSpec`.

    Raises:
        TypeError: It is of no such form.
    """

    def __init__(self, cluster: Any):
        if isinstance(cluster, ClusterSpec):
            cluster = cluster._jobs
        if not isinstance(cluster, Mapping):
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network addresses, or a "
                "`ClusterDef` protocol buffer"
            )
        self._jobs: dict[str, dict[int, str]] = {}
        for job, tasks in cluster.items():
            if isinstance(tasks, list | tuple):
                numbered = dict(enumerate(tasks))
            elif isinstance(tasks, Mapping):
                numbered = dict(tasks)
            else:
                wanted = "a list or a dictionary from integers to strings"
                raise TypeError(f"The tasks for job {job!r} must be {wanted}. Received: {tasks}")
            self._jobs[job] = {int(number): str(address) for number, address in numbered.items()}

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._jobs == other._jobs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ClusterSpec({self.as_dict()!r})"

    def as_dict(self) -> dict[str, Any]:
        """Return jobs' names to lists of addresses, or to dictionaries where some numbers have none."""
        return {
            job: [tasks[i] for i in range(len(tasks))] if sorted(tasks) == list(range(len(tasks))) else dict(tasks)
            for job, tasks in self._jobs.items()
        }

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._jobs)

    def _tasks(self, job_name: str) -> dict[int, str]:
        if job_name not in self._jobs:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._jobs[job_name]

    def num_tasks(self, job_name: str) -> int:
        """Return how many tasks a job has.

        Raises:
            ValueError: There is no such job.
        """
        return len(self._tasks(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """Return the numbers of a job's tasks.

        Raises:
            ValueError: There is no such job.
        """
        return sorted(self._tasks(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """Return the address of a task.

        Raises:
            ValueError: There is no such job, or task.
        """
        tasks = self._tasks(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """Return the addresses of a job's tasks; None for numbers that have none.

        Raises:
            ValueError: There is no such job.
        """
        tasks = self._tasks(job_name)
        return [tasks.get(number) for number in range(max(tasks, default=-1) + 1)]
