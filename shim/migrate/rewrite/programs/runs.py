"""What a program asks of its session: what is fetched, what is fed, whether it trains."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis, Placeholder
from onevar.migrate.rewrite.programs.checks import Stability
from onevar.migrate.rewrite.programs.emission import is_rate
from onevar.migrate.rewrite.programs.leaves import Refused, argument, call_symbol
from onevar.migrate.rewrite.programs.reading import assigned, code, expression, path_of, read
from onevar.migrate.rewrite.programs.summaries import Summaries
from onevar.migrate.rewrite.programs.training import Training
from onevar.migrate.rewrite.programs.values import Values


@dataclass(frozen=True)
class Fetch:
    """One thing that is fetched.

    Attributes:
        kind: `"value"`, `"train"`, `"step"`, `"summary"`, `"rate"`, `"init"`, `"idle"`: has no effect; `"none"`: run
            for its effect; or `"local"`: computed from other values where the run is.
        key: The value's key in what the model returns; the path of an operation that trains, or of a summary.
        node: The original expression of what is computed where the run is.
    """

    kind: str
    key: str = ""
    node: cst.BaseExpression | None = None


Structure = Fetch | list["Structure"] | tuple["Structure", ...] | dict[str, "Structure"]


@dataclass(eq=False)
class Run:
    """One run of the session.

    Attributes:
        call: The original call.
        fetches: What is fetched, in the structure in which it comes back.
        fed: What is fed, by the placeholder's path; None: that is known at run time only.
        feed: The expression of what is fed; None: nothing.
        summarized: Keys of the values that summaries need.
    """

    call: cst.Call
    fetches: Structure
    fed: dict[str, cst.BaseExpression] | None
    feed: cst.BaseExpression | None
    summarized: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[Fetch]:
        """What is fetched, without structure."""
        return list(flat(self.fetches))

    @property
    def trains(self) -> list[str]:
        """The operations that it runs to train."""
        return sorted({one.key for one in self.all if one.kind == "train"})

    @property
    def keys(self) -> list[str]:
        """The keys of the values that it fetches."""
        return list(dict.fromkeys([*(one.key for one in self.all if one.kind == "value"), *self.summarized]))

    @property
    def local(self) -> list[cst.BaseExpression]:
        """Expressions that are computed where the run is."""
        return [one.node for one in self.all if one.node is not None]


def flat(structure: Structure) -> Iterator[Fetch]:
    """Yield what is fetched."""
    if isinstance(structure, Fetch):
        yield structure
    else:
        for one in structure.values() if isinstance(structure, dict) else structure:
            yield from flat(one)


class Runs:
    """Reads the runs of a program.

    Args:
        analysis: What its statements do.
        training: What trains it.
        nodes: The statements and functions that run the graph.

    Attributes:
        runs: The runs, by their call.
        values: What the model has to return.
        dictionaries: Dictionaries of feeds, each with what it has by path.
        zipped: Lists of placeholders that `dict(zip(..))` takes, with their paths.
        items: Placeholders that are keys of `feed[x] = ..`, with their paths.
    """

    def __init__(self, analysis: Analysis, training: Training, nodes: list[cst.CSTNode]):
        self.analysis = analysis
        self.training = training
        self.stability = Stability(analysis)
        self.values = Values()
        self.summaries = Summaries(analysis)
        self.dictionaries: dict[cst.Dict, dict[str, cst.BaseExpression]] = {}
        self.zipped: dict[cst.BaseExpression, list[str]] = {}
        self.items: dict[cst.BaseExpression, str] = {}
        self._filled: set[str] = set()
        self._bound: dict[str, list[cst.BaseExpression]] = {}
        for node in nodes:
            finder = _Finder(self)
            node.visit(finder)
        self.runs: dict[cst.Call, Run] = {}
        for node in nodes:
            for call in analysis.runs(node):
                self.runs[call] = self._run(call)

    def note(self, path: str, value: cst.BaseExpression) -> None:
        """Remember an assignment."""
        self._bound.setdefault(path, []).append(value)

    # -- one run ----------------------------------------------------------------------------------

    def _run(self, call: cst.Call) -> Run:
        function = cst.ensure_type(call.func, cst.Attribute)
        of_session = self._of_session(function)
        place = 1 if of_session else 0
        self._check_arguments(call, of_session=of_session)
        fetched = argument(call, "fetches", 0) if of_session else function.value
        if fetched is None:
            raise Refused("Nothing is fetched.", call)
        feed = argument(call, "feed_dict", place)
        if feed is not None and code(feed) in ("None", "{}"):
            feed = None
        fed = {} if feed is None else self._fed(feed)
        structure = self._structure(fetched)
        if not of_session and function.attr.value == "run" and isinstance(structure, Fetch):
            structure = Fetch("none", structure.key) if structure.kind == "value" else structure
        wanted = [one.key for one in flat(structure) if one.kind == "summary"]
        summarized = [key for path in wanted for _, key in self.summaries.scalars(path, self.values)]
        return Run(call, structure, fed, feed, summarized)

    @staticmethod
    def _check_arguments(call: cst.Call, *, of_session: bool) -> None:
        # `options` say how to run: how long to wait, what to trace.
        allowed = {"fetches", "feed_dict", "options"} if of_session else {"feed_dict", "session"}
        given = argument(call, "run_metadata", 3) if of_session else None
        if given is not None and code(given) != "None":
            raise Refused("Metadata of a run are asked for (run_metadata): a Keras model has none.", call)
        for at, one in enumerate(call.args):
            if one.star or (one.keyword.value not in allowed if one.keyword else at > 2):
                raise Refused(f"`{code(call.func)}` is given more than what is fetched and fed.", call)

    def _of_session(self, function: cst.Attribute) -> bool:
        if function.attr.value != "run":
            return False
        path = path_of(function.value)
        return path in self.analysis.body.sessions or (
            call_symbol(self.analysis.names, function.value) == "get_default_session"
        )

    def _structure(self, node: cst.BaseExpression) -> Structure:
        if isinstance(node, cst.List | cst.Tuple):
            parts = [self._structure(one.value) for one in node.elements]
            return parts if isinstance(node, cst.List) else tuple(parts)
        if isinstance(node, cst.Dict):
            return self._mapping(node)
        path = path_of(node)
        if path is not None:
            return self._named(path, node)
        return self._expression(node)

    def _is_rate(self, path: str) -> bool:
        """Whether what is bound to a path is the learning rate of what trains."""
        calls = [one.optimizer.call for one in self.training.operations.values()]
        rates = [[arg for arg in call.args if is_rate(arg, call)] if call is not None else [] for call in calls]
        return bool(rates) and all(one and path_of(one[0].value) == path for one in rates)

    def _mapping(self, node: cst.Dict) -> Structure:
        found = {}
        for one in node.elements:
            if not isinstance(one, cst.DictElement) or not isinstance(one.key, cst.SimpleString):
                raise Refused("What is fetched is a dictionary whose keys are not literal strings.", node)
            found[code(one.key)] = self._structure(one.value)
        return found

    def _named(self, path: str, node: cst.BaseExpression) -> Structure:
        analysis = self.analysis
        kind = analysis.known.get(path)
        if kind == kinds.TRAINING:
            if path in self.training.operations:
                return Fetch("train", path)
            raise Refused(f"`{path}` is fetched; a Keras model's gradients are its optimizer's affair.", node)
        if kind == kinds.INIT:
            return Fetch("init" if analysis.resets(node) else "idle")
        if kind == kinds.STEP:
            return Fetch("step")
        if kind == kinds.SUMMARY:
            return Fetch("summary", path)
        if kind == kinds.SCHEDULE and self._is_rate(path):
            return Fetch("rate")
        if path in analysis.built:
            return Fetch("value", self.values.key(node, analysis))
        bound = self._bound.get(path, [])
        if len(bound) == 1 and isinstance(bound[0], cst.List | cst.Tuple | cst.Dict):
            return self._structure(bound[0])
        raise Refused(f"What `{path}` is, which is fetched, could not be found out.", node)

    def _expression(self, node: cst.BaseExpression) -> Structure:
        names = self.analysis.names
        symbol = call_symbol(names, node)
        if self.analysis.is_initializer(node):
            return Fetch("init" if self.analysis.resets(node) else "idle")
        reason = symbols.refusal(symbol or "")
        if reason:
            raise Refused(f"tf.{symbol}: {reason}.", node)
        loads = read(node).loads & self.analysis.built
        if not symbol and not loads:
            raise Refused(f"What `{code(node)}` is, which is fetched, could not be found out.", node)
        if not self.stability.is_stable(node):
            for path in sorted(loads - set(self.analysis.placeholders)):
                self.values.key(expression(path), self.analysis)
            return Fetch("local", node=node)
        return Fetch("value", self.values.key(node, self.analysis))

    # -- feeds ------------------------------------------------------------------------------------

    def _fed(self, node: cst.BaseExpression) -> dict[str, cst.BaseExpression] | None:
        found = self.analysis.fed(node)
        if found:
            self.check(found, node)
            return found
        if isinstance(node, cst.Call) and node in self.zipped:
            return None
        path = path_of(node)
        if path in self._filled:
            return None
        bound = self._bound.get(path or "", [])
        before = [one for one in bound if self._line(one) <= self._line(node)]
        if not before or not all(isinstance(one, cst.Dict) for one in before):
            return None
        return self.dictionaries.get(cst.ensure_type(before[-1], cst.Dict)) if len(before) == 1 else None

    def look(self, node: cst.CSTNode) -> None:
        """Remember `feed[x] = value`, `feed.update({..})`, `dict(zip([x, y], values))`."""
        target = node.targets[0].target if isinstance(node, cst.Assign) else node
        filled = self.analysis.filled(target)
        if filled is not None and isinstance(node, cst.Assign | cst.Call):
            self._filled.add(filled[0])
            if filled[1] is not None:
                self.items[filled[1]] = path_of(filled[1]) or ""
        zipped = self.analysis.zipped(node) if isinstance(node, cst.Call) else None
        if zipped is not None:
            self.zipped[cst.ensure_type(node, cst.Call)] = self.zipped[zipped[0]] = zipped[1]

    def _line(self, node: cst.CSTNode) -> int:
        return self.analysis.names.range_of(node).start.line

    def check(self, fed: dict[str, cst.BaseExpression], node: cst.BaseExpression) -> None:
        """Check that only placeholders are fed."""
        for path in fed:
            if path not in self.analysis.placeholders:
                raise Refused(f"`{path}`, which is fed, is no placeholder: a value in the middle of the graph.", node)

    # -- what follows from all of them ------------------------------------------------------------

    def flags(self) -> dict[str, tuple[cst.BaseExpression | None, cst.BaseExpression | None]]:
        """Return the placeholders that only say whether the program is training.

        Returns:
            What is fed to train, and otherwise, by path: expressions that are the same in every run. None: never fed.
        """
        return {
            path: found
            for path, placeholder in self.analysis.placeholders.items()
            if (found := self._flag(placeholder)) is not None
        }

    def _flag(self, placeholder: Placeholder) -> tuple[cst.BaseExpression | None, cst.BaseExpression | None] | None:
        if not placeholder.boxed:
            return None
        seen: dict[bool, set[str]] = {True: set(), False: set()}
        for run in self.runs.values():
            if run.fed is None:
                return None
            given = run.fed.get(placeholder.path)
            if given is None and any(one.kind in ("value", "train", "none", "summary", "local") for one in run.all):
                given = placeholder.default
            if given is not None:
                seen[bool(run.trains)].add(code(given))
        if len(seen[True]) > 1 or len(seen[False]) > 1 or not (seen[True] | seen[False]):
            return None
        if not all(_is_fixed(text) for text in seen[True] | seen[False]):
            return None
        train, other = (expression(next(iter(seen[one]))) if seen[one] else None for one in (True, False))
        if train is None and placeholder.default is not None:
            train = placeholder.default
        if other is None and placeholder.default is not None:
            other = placeholder.default
        return train, other

    def always(self, needed: Callable[[Run], frozenset[str]]) -> set[str]:
        """Return the placeholders that every run feeds that fetches a value, or trains.

        Args:
            needed: Says what a run cannot do without: what it is fed where that is known at run time only.
        """
        found = set(self.analysis.placeholders)
        for run in self.runs.values():
            if any(one.kind not in ("init", "idle", "step", "rate") for one in run.all) and self.asks(run):
                found &= needed(run) if run.fed is None else set(run.fed)
        return found

    def asks(self, run: Run) -> bool:
        """Say whether a run needs the model at all."""
        if all(one.kind == "local" for one in run.all):
            return any(read(node).loads & self.analysis.built - set(self.analysis.placeholders) for node in run.local)
        return True

    def train_keys(self) -> list[str]:
        """Return the keys that are fetched together with training."""
        return list(dict.fromkeys(key for run in self.runs.values() if run.trains for key in run.keys))


def _is_fixed(text: str) -> bool:
    """Whether an expression is a literal, or a name or attribute: whether it changes is checked with other names."""
    node = expression(text)
    return isinstance(node, cst.Integer | cst.Float | cst.UnaryOperation) or path_of(node) is not None


class _Finder(cst.CSTVisitor):
    """Finds assignments, and dictionaries of feeds."""

    def __init__(self, runs: Runs):
        super().__init__()
        self.runs = runs

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Assign):
            found = assigned(node)
            if found:
                self.runs.note(*found)
        if isinstance(node, cst.Dict):
            fed = self.runs.analysis.fed(node)
            if fed:
                self.runs.check(fed, node)
                self.runs.dictionaries[node] = fed
        self.runs.look(node)
        return True
