"""Files that TensorBoard's plugins want beside the event files (`tensorflow.python.summary.plugin_asset`)."""

import abc
from typing import Any

from onevar.core.default_graph import get_default_graph
from onevar.v1.export import export

_PREFIX = "__tensorboard_plugin_asset__"
_ALL = "__tensorboard_plugin_assets__"


@export("python.summary.plugin_asset.PluginAsset")
class PluginAsset(abc.ABC):
    """What a plugin wants to have in `logdir/plugins/<plugin_name>/`.

    Attributes:
        plugin_name: The folder's name; each class has its own.
    """

    plugin_name: str | None = None

    @abc.abstractmethod
    def assets(self) -> dict[str, Any]:
        """Return the files' contents by their names."""
        raise NotImplementedError


@export("python.summary.plugin_asset.get_plugin_asset")
def get_plugin_asset(plugin_asset_cls: Any, graph: Any = None) -> Any:
    """Return the graph's object of a class, made at the first call.

    Args:
        plugin_asset_cls: A subclass of `PluginAsset`.
        graph: The default graph if it is None.

    Raises:
        ValueError: The class has no name, or another class has the same.
    """
    graph = graph or get_default_graph()
    if not plugin_asset_cls.plugin_name:
        raise ValueError(f"Class {plugin_asset_cls.__name__} has no plugin_name")
    name = _PREFIX + plugin_asset_cls.plugin_name
    found = graph.get_collection(name)
    if found:
        if not isinstance(found[0], plugin_asset_cls):
            raise ValueError(f"Plugin name collision: {plugin_asset_cls.plugin_name}")
        return found[0]
    asset = plugin_asset_cls()
    graph.add_to_collection(name, asset)
    graph.add_to_collection(_ALL, plugin_asset_cls.plugin_name)
    return asset


@export("python.summary.plugin_asset.get_all_plugin_assets")
def get_all_plugin_assets(graph: Any = None) -> list[Any]:
    """Return all such objects of a graph.

    Args:
        graph: The default graph if it is None.

    Raises:
        ValueError: A name has more than one.
    """
    graph = graph or get_default_graph()
    out = []
    for name in graph.get_collection(_ALL):
        found = graph.get_collection(_PREFIX + name)
        if len(found) != 1:
            raise ValueError(f"Collection for {_PREFIX + name} had {len(found)} items, expected 1")
        out.append(found[0])
    return out
