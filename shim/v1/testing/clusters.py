"""Servers of this machine for tests: `tf.test.create_local_cluster`."""

import socket
import threading
from collections.abc import Sequence
from typing import Any

from onevar.v1 import export

_assigned: set[int] = set()
_lock = threading.Lock()


def pick_unused_port() -> int:
    """Return a port that nobody listens on, and that was not returned before."""
    with _lock:
        while True:
            with socket.socket() as probe:
                probe.bind(("localhost", 0))
                port = probe.getsockname()[1]
            if port not in _assigned:
                _assigned.add(port)
                return port


def create_local_cluster(
    num_workers: int, num_ps: int, protocol: str = "grpc", worker_config: Any = None, ps_config: Any = None
) -> tuple[list[Any], list[Any]]:
    """Return servers of a cluster on this machine: workers, and parameter servers.

    Args:
        num_workers: How many workers.
        num_ps: How many parameter servers.
        protocol: How they talk.
        worker_config: The workers' `ConfigProto`.
        ps_config: The parameter servers'.

    Raises:
        Exception: `tf.train.Server` cannot make one: clusters of several processes are not offered.
    """
    names = {"worker": num_workers, "ps": num_ps}
    spec = export.exported("train.ClusterSpec")(
        {job: [f"localhost:{pick_unused_port()}" for _ in range(count)] for job, count in names.items()}
    )

    def servers(job: str, config: Any) -> Sequence[Any]:
        make = export.exported("train.Server")
        return [
            make(spec, job_name=job, protocol=protocol, task_index=at, config=config, start=True)
            for at in range(names[job])
        ]

    return list(servers("worker", worker_config)), list(servers("ps", ps_config))


def sync_devices() -> None:
    """Wait until devices have done what they were asked for: a Session's run has, when it returns."""
