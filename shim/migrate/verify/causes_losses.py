"""Causes in a loss: softmax, clipping, regularization, reduction."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from onevar.migrate.verify import numerics
from onevar.migrate.verify.case import Case, Seen, close, told_apart, wide

_CLIP = 1e-7


def _labelled(case: Case) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what may be logits or probabilities, with labels that are one-hot."""
    layers = [item.value for item in case.event.old.items("layers") if len(item.shape) >= 2]
    layers += [item.value for item in case.event.new.items("layers") if len(item.shape) >= 2]
    candidates = [wide(value) for value in layers if value.dtype.kind == "f"]
    feeds = case.feeds()
    for x in candidates[::-1]:
        for label in feeds:
            if label.shape == x.shape:
                yield x, wide(label)
                yield from ((x, smoothed) for smoothed in _smoothed(case, wide(label)))
            elif (
                label.shape == x.shape[:-1]
                and label.dtype.kind in "iu"
                and 0 <= label.min() <= label.max() < x.shape[-1]
            ):
                yield x, np.eye(x.shape[-1])[label]


def _smoothed(case: Case, label: np.ndarray) -> Iterator[np.ndarray]:
    """Yield what the old program makes of labels that are one-hot: a little of each class."""
    for item in case.event.old.items("layers"):
        if item.shape == label.shape and item.kind in ("Add", "AddV2", "Sub", "Select"):
            share = float(item.value.min()) * label.shape[-1]
            if 0 < share < 1 and close(_with_share(label, share), wide(item.value)):
                yield _with_share(label, share)


def _with_share(label: np.ndarray, share: float) -> np.ndarray:
    return label * (1 - share) + share / label.shape[-1]


def _bare(case: Case) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield both values, and those of losses without what regularization adds."""
    if case.values is None:
        return
    yield case.values
    if case.values[0].shape == () == case.values[1].shape:
        for _, term in _penalties(case):
            yield case.values[0] - term, case.values[1] - term


def smoothing(case: Case) -> Seen | None:
    """Cross entropy with labels that are one-hot, and with a share of each taken for all classes."""
    if case.values is None or case.values[0].ndim > 2:
        return None
    y = case.values[0]

    def entropy(x: np.ndarray, label: np.ndarray, share: float) -> np.ndarray | None:
        rows = -(_with_share(label, share) * np.log(np.maximum(numerics.softmax(x), 1e-300))).sum(-1)
        return _shaped(rows, y)

    for x, label in _labelled(case):
        if not np.array_equal(label, label.astype(bool)):
            continue
        ways = {f"{share:g}": partial(entropy, x, label, share) for share in _SHARES}
        for values in _bare(case):
            found = told_apart(ways, *values)
            if found:
                return Seen(f"Labels are smoothed by {found[0]} in the old program, by {found[1]} in the new one.")
    return None


#: By which labels are smoothed.
_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


def _shaped(per_row: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Return losses of rows in the form of a value: themselves, their mean, their sum."""
    if per_row.shape == y.shape:
        return per_row
    return None if y.ndim else per_row.mean()


def _ways(x: np.ndarray, label: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], np.ndarray | None]]:
    def entropy(logits: np.ndarray) -> np.ndarray | None:
        return _shaped(-(label * np.log(np.maximum(numerics.softmax(logits), 1e-300))).sum(-1), y)

    def of_probabilities(p: np.ndarray, clip: float) -> np.ndarray | None:
        with np.errstate(all="ignore"):
            return _shaped(-(label * np.log(np.clip(p, clip, 1 - clip if clip > 1e-200 else None))).sum(-1), y)

    if x.min() >= 0 and np.allclose(x.sum(-1), 1, atol=1e-3):
        return {"once": lambda: of_probabilities(x, _CLIP), "twice": lambda: entropy(x)}
    return {
        "once": lambda: entropy(x),
        "twice": lambda: entropy(numerics.softmax(x)),
        "not at all": lambda: of_probabilities(x / x.sum(-1, keepdims=True), _CLIP),
    }


def softmax_twice(case: Case) -> Seen | None:
    """Cross entropy of logits, of probabilities taken for logits, and the reverse."""
    if case.values is None or case.values[0].ndim > 2:
        return None
    for x, label in _labelled(case):
        ways = _ways(x, label, case.values[0])
        found = next((way for values in _bare(case) if (way := told_apart(ways, *values))), None)
        if found:
            return Seen(f"The softmax is applied {found[0]} in the old program, {found[1]} in the new one.")
    return None


def clipped(case: Case) -> Seen | None:
    """Cross entropy of probabilities, with and without a limit below."""
    if case.values is None or case.values[0].ndim > 2:
        return None
    y = case.values[0]
    for x, label in _labelled(case):
        if x.min() < 0 or x.max() > 1 + 1e-6 or not np.allclose(x.sum(-1), 1, atol=1e-3):
            continue

        def entropy(limit: float, x: np.ndarray = x, label: np.ndarray = label) -> np.ndarray | None:
            return _shaped(-(label * np.log(np.clip(x, max(limit, 1e-300), 1 - limit if limit else None))).sum(-1), y)

        ways = {
            f"{limit:g}" if limit else "nowhere": (lambda limit=limit: entropy(limit))
            for limit in (0.0, 1e-7, 1e-8, 1e-10, 1e-20)
        }
        found = next((way for values in _bare(case) if (way := told_apart(ways, *values))), None)
        if found:
            return Seen(f"The old program cuts off at {found[0]}, the new one at {found[1]}.")
    return None


def reduction(case: Case) -> Seen | None:
    """A value that is the other one times the size of the batch, or of something else that is there."""
    if case.values is None:
        return None
    if case.values[0].shape != case.values[1].shape:
        return _reduced_elsewhere(case)
    return next((seen for old, new in _bare(case) if (seen := _reduced(case, old, new))), None)


def _reduced(case: Case, old: np.ndarray, new: np.ndarray) -> Seen | None:
    length = float(np.vdot(old.ravel(), old.ravel()).real)
    if not length or not np.all(np.isfinite(new)):
        return None
    factor = float(np.vdot(old.ravel(), new.ravel()).real) / length
    if factor <= 0 or abs(factor - 1) < 1e-3 or not close(old * factor, new):
        return None
    larger = factor if factor > 1 else 1 / factor
    whole = round(larger)
    if whole < 2 or abs(larger - whole) > 1e-3 * whole or whole not in _sizes(case):
        return None
    ours, theirs = ("mean", "sum") if factor > 1 else ("sum", "mean")
    return Seen(
        f"The new value is the old one {'times' if factor > 1 else 'divided by'} {whole}, {_sizes(case)[whole]}: a "
        f"{ours} in the old program, a {theirs} in the new one."
    )


def _reduced_elsewhere(case: Case) -> Seen | None:
    """A loss of each row against one number."""
    old, new = case.values or (np.zeros(1), np.zeros(1))
    ways = {
        "a value of each row": lambda: np.sum(old if old.size > new.size else new),
        "their mean": lambda: np.mean(old if old.size > new.size else new),
    }
    small = old if old.size < new.size else new
    if small.size != 1:
        return None
    found = next((label for label, way in ways.items() if close(np.asarray(way()), small.reshape(()))), None)
    if found is None:
        return None
    how = "sum" if found == "a value of each row" else "mean"
    return Seen(f"One program has a value for each of {max(old.size, new.size)} rows, the other their {how}.")


def _sizes(case: Case) -> dict[int, str]:
    """Return numbers of rows and elements that a sum may run over, with what they are."""
    found: dict[int, str] = {}
    arrays = [*case.feeds(), *case.given]
    for array in arrays:
        shape = array.shape
        for start in range(len(shape)):
            for end in range(start + 1, len(shape) + 1):
                size = int(np.prod(shape[start:end]))
                found.setdefault(
                    size, "the size of the batch" if (start, end) == (0, 1) else f"part of the shape {shape}"
                )
    found.pop(1, None)
    return found


def regularization(case: Case) -> Seen | None:
    """A loss that is off by what regularization adds, once, half, or twice over."""
    if case.values is None or case.values[0].shape != () or case.values[1].shape != ():
        return None
    old, new = (float(value) for value in case.values)
    for name, term in _penalties(case):
        for times, text in ((1.0, "twice"), (-0.5, "half"), (-1.0, "not at all")):
            if term and abs(old + times * term - new) <= 2e-4 * abs(new) and abs(times * term) > 1e-3 * abs(old):
                return Seen(
                    f"{name} adds {term:.6g} to the loss in the old program; in the new one it counts {text}."
                    + _frozen(case, name)
                )
    return None


def _frozen(case: Case, name: str) -> str:
    """Return a sentence about the variable that a term is of, if it is not trained: Keras leaves such terms out."""
    for link in case.event.links.values():
        trained = link.new in case.new.trainable or link.olds[0] not in case.old.trainable
        if not trained and name.startswith(f"{link.old}/"):
            return f" {link.new} is not trainable there, and Keras regularizes what is."
    return ""


def _penalties(case: Case) -> Iterator[tuple[str, float]]:
    """Yield scalars of the old program that a sum of squares went into, and all of them together."""
    nodes, items = case.old.nodes, {item.name: item for item in case.event.old.items("layers")}
    squares = {item.name for item in items.values() if item.kind == "L2Loss"}
    terms = {}
    for name, item in items.items():
        if item.shape != () or name == (case.pair.old.name if case.pair else ""):
            continue
        inputs = [given for given in nodes[name]["inputs"] if given in items]
        scaled = item.kind in ("Mul", "RealDiv") and any(given in squares for given in inputs)
        added = item.kind in ("AddN", "AddV2", "Add") and bool(inputs) and all(given in squares for given in inputs)
        if name in squares or scaled or added:
            terms[name] = float(np.real(item.value))
            squares.add(name)
    outer = [name for name in terms if not any(name in nodes[other]["inputs"] for other in terms)]
    yield from ((name, terms[name]) for name in outer)
    if len(outer) > 1:
        yield "Regularization", sum(terms[name] for name in outer)
    yield from ((name, value) for name, value in terms.items() if name not in outer)
