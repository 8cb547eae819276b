"""Optimizer's slots of TensorFlow 1 into those of a Keras optimizer that the target has."""

from onevar.migrate.convert.name_map import NameMap
from onevar.migrate.convert.source import Source


def add_slots(name_map: NameMap, source: Source, target: Source) -> None:
    """Add rows for slots that the target has a place for.

    Args:
        name_map: The map; its rows change, and what it leaves out.
        source: The source.
        target: What says the target's names.
    """
