"""`tf.train.Server`: a server of this process, whose sessions share their variables."""

import socket
import threading
from typing import Any

from onevar.core import servers
from onevar.v1.device_setter import ClusterSpec
from onevar.v1.export import export
from onevar.v1.session_config import Message


class _ClusterDef(Message):
    """The jobs of a cluster."""

    _fields = {"job": []}


class _JobDef(Message):
    """The tasks of a job."""

    _fields = {"name": "", "tasks": {}}


@export("train.ServerDef")
class ServerDef(Message):
    """What a server is made of: the cluster, and which task it is."""

    _fields = {
        "cluster": _ClusterDef, "job_name": "", "task_index": 0, "protocol": "", "port": 0,
        "cluster_device_filters": [], "default_session_config": {},
    }  # fmt: skip


@export("train.Server", "distribute.Server")
class Server:
    """A server of a cluster whose tasks are all in this process: one task alone, as a rule.

    Sessions that are opened with its `target` share their variables, also over graphs, by the variables' names.

    Args:
        server_or_cluster_def: A `ClusterSpec`, what makes one, or a `ServerDef`.
        job_name: The job that this is a task of; may be left out if there is only one.
        task_index: The task's number; may be left out if there is only one.
        protocol: Accepted.
        config: Accepted: sessions have their own.
        start: Whether it is started.

    Raises:
        ValueError: It is not clear which task this is, or there is no such task.
        TypeError: The cluster is of no known form.
    """

    def __init__(
        self, server_or_cluster_def: Any, job_name: str | None = None, task_index: int | None = None,
        protocol: str | None = None, config: Any = None, start: bool = True,
    ):  # fmt: skip
        if hasattr(server_or_cluster_def, "cluster"):
            given = server_or_cluster_def
            job_name = given.job_name if job_name is None else job_name
            task_index = given.task_index if task_index is None else task_index
            protocol = protocol or given.protocol
            server_or_cluster_def = {job.name: dict(job.tasks) for job in given.cluster.job}
        spec = ClusterSpec(server_or_cluster_def)
        self._job, self._task = _which(spec, job_name, task_index)
        self._spec, self._protocol = spec, protocol or "grpc"
        self._address = spec.task_address(self._job, self._task)
        self._target: str | None = None
        if start:
            self.start()

    def start(self) -> None:
        """Start it."""
        tasks = {
            self._spec.task_address(job, number): (job, number)
            for job in self._spec.jobs
            for number in self._spec.task_indices(job)
        }
        if self._address.endswith(":0"):
            tasks.pop(self._address)
            self._address = f"{self._address[:-2]}:{_free_port()}"
            tasks[self._address] = (self._job, self._task)
        self._target = servers.start(self._address, tasks)

    def join(self) -> None:
        """Wait for ever, as a server of parameters does.

        Raises:
            Unsupported: Other tasks of the cluster are in other processes.
        """
        cluster = servers.find(self._target)
        if cluster is not None:
            cluster.check("tf.train.Server.join()")
        threading.Event().wait()

    @property
    def server_def(self) -> ServerDef:
        """What it is made of."""
        made = ServerDef(job_name=self._job, task_index=self._task, protocol=self._protocol)
        for job in self._spec.jobs:
            tasks = {number: self._spec.task_address(job, number) for number in self._spec.task_indices(job)}
            made.cluster.job.append(_JobDef(name=job, tasks=tasks))
        return made

    @property
    def target(self) -> str:
        """What a session names to run here; empty before it is started."""
        return self._target or ""

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> "Server":
        """Return a server that is a cluster of its own.

        Args:
            config: Accepted: sessions have their own.
            start: Whether it is started.
        """
        return Server({"localhost": ["localhost:0"]}, protocol="grpc", config=config, start=start)


def _which(spec: ClusterSpec, job_name: str | None, task_index: int | None) -> tuple[str, int]:
    """Return which task a server is."""
    if not job_name:
        if len(spec.jobs) != 1:
            raise ValueError("Must specify an explicit `job_name` when multiple jobs are defined in the cluster.")
        job_name = spec.jobs[0]
    if task_index is None:
        if spec.num_tasks(job_name) != 1:
            raise ValueError("Must specify an explicit `task_index` when multiple tasks are defined in the cluster.")
        task_index = spec.task_indices(job_name)[0]
    spec.task_address(job_name, task_index)
    return job_name, task_index


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]
