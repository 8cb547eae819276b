"""How much may be known of the inputs of a case when a graph is built."""

from collections.abc import Iterator
from typing import Any

from onevar.conformance.golden.op_cases import Case
from onevar.core.kernel import kernel_of


def variants(one: Case) -> Iterator[tuple[str, list[Any]]]:
    """Inputs of which more or less is known: a shape (a list), or an array: the contents are known.

    Args:
        one: The case.

    Yields:
        A name, and for each input what is known.
    """
    entry = kernel_of(one.type)
    host = set(entry.host_index if entry else ())

    def change(function: Any, constants: bool) -> list[Any]:
        def each(i: int, x: Any) -> Any:
            if isinstance(x, list):
                return [each(i, y) for y in x]
            return x if constants and i in host else function(list(x.shape))

        return [each(i, x) for i, x in enumerate(one.inputs)]

    yield "known", change(lambda shape: shape, True)
    yield "first", change(lambda shape: [None, *shape[1:]] if shape else shape, True)
    yield "last", change(lambda shape: [*shape[:-1], None] if shape else shape, True)
    yield "ranks", change(lambda shape: [None] * len(shape), True)
    yield "nothing", change(lambda shape: None, True)
    if host:
        yield "no values", change(lambda shape: shape, False)
        yield "no values, ranks", change(lambda shape: [None] * len(shape), False)
