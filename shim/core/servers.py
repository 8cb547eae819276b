"""Servers of this process, `tf.train.Server`: sessions that name one as their target share their variables.

TensorFlow's servers are processes that talk to each other; here a cluster is whole when all its tasks have a server in
this process. What sessions of one cluster share is their `Store`.
"""

from collections.abc import Iterable
from threading import RLock

from onevar.adapters.contract import Adapter
from onevar.core.state import Store
from onevar.errors import Unsupported

_SCHEME = "grpc://"
_servers: dict[str, "Cluster"] = {}
_lock = RLock()


class Cluster:
    """The tasks of a cluster, and what its sessions share.

    Args:
        tasks: By address: job and number.
    """

    def __init__(self, tasks: dict[str, tuple[str, int]]):
        self.tasks = tasks
        self.started: set[str] = set()
        self._stores: dict[tuple[str, str], Store] = {}

    def jobs(self) -> dict[str, set[int]]:
        """Return the numbers of each job's tasks."""
        found: dict[str, set[int]] = {"localhost": {0}}
        for job, number in self.tasks.values():
            found.setdefault(job, set()).add(number)
        return found

    def missing(self) -> list[str]:
        """Return the tasks that have no server in this process."""
        left = sorted(self.tasks[address] for address in self.tasks if address not in self.started)
        return [f"/job:{job}/task:{number}" for job, number in left]

    def check(self, doing: str) -> None:
        """Check that all tasks have a server here.

        Args:
            doing: For the error.

        Raises:
            Unsupported: One has not.
        """
        left = self.missing()
        if left:
            raise Unsupported(
                f"{doing}: the cluster has tasks in other processes ({', '.join(left)}), and a graph runs in one "
                "process here. Give tf.train.ClusterSpec this task alone, or leave the server out and open "
                "tf.Session() with no target; for several machines use the framework's own means (jax.distributed, "
                "torch.distributed, tf.distribute)."
            )

    def store(self, adapter: Adapter, device: str) -> Store:
        """Return what sessions with this adapter and device share.

        Args:
            adapter: The framework.
            device: Where variables live.
        """
        with _lock:
            key = adapter.name, device
            if key not in self._stores:
                self._stores[key] = Store(adapter, device)
            return self._stores[key]

    def reset(self, containers: Iterable[str] | None) -> None:
        """Forget all variables and resources.

        Args:
            containers: Only those in these; None and empty for all.
        """
        chosen = list(containers or ())
        with _lock:
            for store in self._stores.values():
                store.resources.reset(chosen or None)
                for key in [key for key in store.refs if not chosen or key[0] in chosen]:
                    del store.refs[key]


def start(address: str, tasks: dict[str, tuple[str, int]]) -> str:
    """Add a server.

    Args:
        address: Its own.
        tasks: Of its cluster: job and number by address.

    Returns:
        Its target.
    """
    with _lock:
        known = next((one for one in _servers.values() if one.tasks == tasks and address not in one.started), None)
        cluster = known or Cluster(tasks)
        cluster.started.add(address)
        _servers[_SCHEME + address] = cluster
    return _SCHEME + address


def find(target: object) -> Cluster | None:
    """Return the cluster of a session's target; None if no server of this process has it.

    Args:
        target: The target.
    """
    text = target.decode() if isinstance(target, bytes) else target
    return _servers.get(text) if isinstance(text, str) else None
