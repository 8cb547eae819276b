"""Decoding for connectionist temporal classification, over NumPy: the best path, and the best sequences of labels."""

from collections.abc import Sequence

import numpy as np

#: A decoded sequence: its labels.
Labels = list[int]


def best_path(logits: np.ndarray, length: int, blank: int, merge: bool) -> tuple[Labels, float]:
    """Return the labels of the likeliest path, and minus the sum of its logits.

    Args:
        logits: Of shape (time, classes).
        length: How many steps count.
        blank: The class that stands for no label.
        merge: Whether a class that is repeated is one label.
    """
    chosen = logits[:length].argmax(axis=1)
    score = -logits[np.arange(length), chosen].sum(dtype=logits.dtype)
    keep = chosen != blank
    if merge:
        keep[1:] &= chosen[1:] != chosen[:-1]
    return chosen[keep].tolist(), score


class _Beam:
    """The sequences that are followed, the likeliest first.

    Attributes:
        nodes: The number of each sequence.
        label: The logarithm of the probability that it is there and the last step was its last label.
        blank: And that the last step was a blank.
        total: And of both.
    """

    def __init__(self) -> None:
        self.nodes = np.array([0])
        self.label = np.array([-np.inf])
        self.blank = np.array([0.0])
        self.total = np.array([0.0])


def best_sequences(
    logits: np.ndarray, length: int, beam_width: int, top_paths: int, merge: bool
) -> tuple[list[Labels], list[float]]:
    """Return the likeliest sequences of labels and the logarithms of their probabilities, by a beam search.

    Args:
        logits: Of shape (time, classes); the last class is the blank.
        length: How many steps count.
        beam_width: How many sequences are followed.
        top_paths: How many are wanted.
        merge: Whether equal labels that follow each other in a result are one.

    Raises:
        ValueError: Fewer sequences were found.
    """
    tree = _Tree()
    beam = _Beam()
    wide = logits[:length].astype(np.float64)
    peak = wide.max(axis=1, keepdims=True)
    logs = wide - (peak + np.log(np.exp(wide - peak).sum(axis=1, keepdims=True)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for row in logs:
            beam = _step(tree, beam, row, beam_width)
    if top_paths > beam.nodes.size:
        raise ValueError("Less leaves in the beam search than requested.")
    return [tree.labels(node, merge) for node in beam.nodes[:top_paths].tolist()], beam.total[:top_paths].tolist()


class _Tree:
    """Sequences of labels by number: what each ends with, and what it continues."""

    def __init__(self) -> None:
        self.last = [-1]
        self.parent = [-1]
        self._children: dict[tuple[int, int], int] = {}

    def child(self, node: int, label: int) -> int:
        found = self._children.get((node, label))
        if found is None:
            found = self._children[node, label] = len(self.last)
            self.last.append(label)
            self.parent.append(node)
        return found

    def labels(self, node: int, merge: bool) -> Labels:
        found: Labels = []
        before = -1
        while node:
            if not merge or self.last[node] != before:
                found.append(self.last[node])
            before = self.last[node]
            node = self.parent[node]
        return found[::-1]


def _step(tree: _Tree, beam: _Beam, logs: np.ndarray, width: int) -> _Beam:
    """One step of time: each sequence stays or becomes longer by a label; the likeliest ones go on."""
    last = np.array([tree.last[node] for node in beam.nodes.tolist()])
    where = {node: i for i, node in enumerate(beam.nodes.tolist())}
    parents = np.array([where.get(tree.parent[node], -1) for node in beam.nodes.tolist()])
    rooted = beam.nodes == 0
    # A label that is repeated needs a blank in between.
    parent_last = np.where(parents >= 0, last[parents], -2)
    from_parent = np.where(last == parent_last, beam.blank[parents], beam.total[parents])
    stay = np.where(parents >= 0, np.logaddexp(beam.label, from_parent), beam.label)
    stay = np.where(rooted, -np.inf, stay + logs[last])
    blank = beam.total + logs[-1]
    total = np.logaddexp(blank, stay)
    classes = logs.size - 1
    labels = np.arange(classes)
    grown = np.where(last[:, None] == labels, beam.blank[:, None], beam.total[:, None]) + logs[:-1]
    followed = [(i, tree.last[node]) for node, i in zip(beam.nodes.tolist(), parents.tolist(), strict=True) if i >= 0]
    for at, label in followed:
        grown[at, label] = -np.inf  # it is in the beam already
    everything = np.concatenate([total, grown.reshape(-1)])
    order = np.argsort(-everything, kind="stable")[:width]
    order = order[(everything[order] > -np.inf) | (order < total.size)]
    result = _Beam()
    old = order < total.size
    places = np.where(old, order, 0)
    result.total = everything[order]
    result.blank = np.where(old, blank[places], -np.inf)
    result.label = np.where(old, stay[places], everything[order])
    result.nodes = np.array(_numbers(tree, beam.nodes, order.tolist(), classes))
    return result


def _numbers(tree: _Tree, nodes: np.ndarray, order: Sequence[int], classes: int) -> list[int]:
    count = nodes.size
    found = []
    for at in order:
        if at < count:
            found.append(int(nodes[at]))
        else:
            parent, label = divmod(at - count, classes)
            found.append(tree.child(int(nodes[parent]), label))
    return found


def sparse(decoded: Sequence[Labels]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sequences as the indices, values and shape of a sparse matrix.

    Args:
        decoded: One for each row.
    """
    indices = [(row, place) for row, labels in enumerate(decoded) for place in range(len(labels))]
    values = [label for labels in decoded for label in labels]
    longest = max((len(labels) for labels in decoded), default=0)
    shape = np.array([len(decoded), longest], np.int64)
    return np.array(indices, np.int64).reshape(-1, 2), np.array(values, np.int64), shape
