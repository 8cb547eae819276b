"""Plans a module: finds the program in it, and makes a Keras model of its graph, or says why not."""

from dataclasses import replace

import libcst as cst

from onevar.migrate.rewrite import remarks
from onevar.migrate.rewrite.context import Converted, Left, Options, Plan
from onevar.migrate.rewrite.imports import ModuleImports
from onevar.migrate.rewrite.names import Names
from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import shown, symbols
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.checkpoints import Checkpoints
from onevar.migrate.rewrite.programs.checks import listed, refuse_still_norms, refuse_symbols, saves
from onevar.migrate.rewrite.programs.emission import BLANK, Mixed
from onevar.migrate.rewrite.programs.leaves import Body, Flattening, Leaf, Refused, call_symbol, called_symbols, is_line
from onevar.migrate.rewrite.programs.model import ModelWriter
from onevar.migrate.rewrite.programs.reading import assigned, code, path_of, read, statements, suite
from onevar.migrate.rewrite.programs.repeats import happens_again, refuse_draws
from onevar.migrate.rewrite.programs.rewriting import Made, SessionRewriter
from onevar.migrate.rewrite.programs.runs import Runs
from onevar.migrate.rewrite.programs.steps import Steps
from onevar.migrate.rewrite.programs.training import Training

_NO_PROGRAM = (
    "It builds a graph for others; where its callers are not converted, what it is given are tensors of a graph."
)
_SEED = "keras.utils.set_random_seed seeds NumPy and `random` as well, which the program seeds itself."
_SAVES = (
    "It saves, and looks for, files of Keras's weights (.weights.h5). A program that stays on TensorFlow 1 finds no"
    " checkpoint there, and `if checkpoint:` may hide that; `onevar convert` brings weights from one to the other."
)
_EAGER = "It runs in the Keras model's `call`, on tensors of Keras's backend."


def plan(names: Names, imports: ModuleImports, options: Options) -> Plan:
    """Say what becomes of a module at the stages "eager" and "keras3".

    Args:
        names: What its names mean.
        imports: Its new imports.
        options: How far to go.

    Returns:
        One unit for the program in it, if it is one; otherwise one for each function and class that builds a graph.
    """
    if options.stage == "shim":
        return Plan()
    owners = _owners(names)
    if not owners:
        return Plan(_library(names))
    name, owner, found = owners[0]
    if len(owners) > 1:
        several = ", ".join(one[0] for one in owners)
        return Plan([Left(one[0], one[1], f"Several graphs are built: {several}.") for one in owners])
    try:
        return Plan([_Program(names, imports, options, owner, found).converted(name)])
    except Refused as refused:
        line = "" if refused.node is None else _place(names, refused.node)
        return Plan([Left(name, owner, refused.reason + line)])


def _place(names: Names, node: cst.CSTNode) -> str:
    try:
        line, places = names.range_of(node).start.line, names.source.places
    except KeyError:
        return ""
    cell, line = places[line - 1] if 0 < line <= len(places) else (0, line)
    return f" (cell {cell}, line {line})" if cell else f" (line {line})"


def _owners(names: Names) -> list[tuple[str, cst.CSTNode, list[cst.BaseStatement]]]:
    """Return the suites that make placeholders, each with what the report calls it."""
    found: list[tuple[str, cst.CSTNode, list[cst.BaseStatement]]] = []
    waiting: list[tuple[str, cst.CSTNode, list[cst.BaseStatement]]] = [
        ("the script", names.module, list(names.module.body))  # type: ignore[arg-type]
    ]
    while waiting:
        name, owner, body = waiting.pop(0)
        if any(_builds(names, one) for one in body):
            found.append((name, owner, body))
        for one in _inner(body):
            if isinstance(one, cst.FunctionDef):
                waiting.append((f"function {one.name.value}", one, suite(one.body)))
            elif isinstance(one, cst.ClassDef):
                waiting.append((f"class {one.name.value}", one, suite(one.body)))
            elif isinstance(one, cst.If):
                waiting.append((f"`if {code(one.test)}`", one, suite(one.body)))
    return found


def _inner(body: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
    found: list[cst.BaseStatement] = []
    for one in body:
        found += _inner(suite(one.body)) if isinstance(one, cst.With) else [one]
    return found


def _builds(names: Names, node: cst.BaseStatement) -> bool:
    """Whether a statement, or one in its blocks, binds a placeholder."""
    if isinstance(node, cst.With):
        return any(_builds(names, one) for one in suite(node.body))
    if not isinstance(node, cst.SimpleStatementLine):
        return False
    return any(symbol in symbols.PLACEHOLDERS for _, symbol in called_symbols(names, node))


def _library(names: Names) -> list[Converted | Left]:
    units: list[Converted | Left] = []
    for node in names.module.body:
        if not isinstance(node, cst.FunctionDef | cst.ClassDef):
            continue
        if any(not symbols.neutral(symbol) for _, symbol in called_symbols(names, node)):
            kind = "function" if isinstance(node, cst.FunctionDef) else "class"
            units.append(Left(f"{kind} {node.name.value}", node, _NO_PROGRAM))
    return units


class _Program:
    """One program.

    Args:
        names: What the module's names mean.
        imports: Its new imports.
        options: How far to go.
        owner: Whose suite builds the graph.
        found: The suite's statements.
    """

    def __init__(
        self, names: Names, imports: ModuleImports, options: Options, owner: cst.CSTNode,
        found: list[cst.BaseStatement],
    ):  # fmt: skip
        self.names = names
        self.imports = imports
        self.options = options
        self.owner = owner
        self.found = found
        self.body = Body(owner, sessions=_sessions(names))
        Flattening(names, self.body).run(found)
        functions = {one.node.name.value: one.node for one in self.body.leaves if isinstance(one.node, _DEFINITIONS)}
        top = {one.name.value: one for one in names.module.body if isinstance(one, _DEFINITIONS) and one is not owner}
        self.analysis = Analysis(names, self.body, {**top, **functions})
        self.outside = [
            node for name, node in top.items() if name in self.analysis.running and node not in functions.values()
        ]

    def converted(self, name: str) -> Converted:
        """Return what becomes of it.

        Args:
            name: How the report calls it.

        Raises:
            Refused: Nothing does.
        """
        analysis = self.analysis
        refuse_symbols(analysis)
        refuse_still_norms(analysis)
        refuse_draws(analysis)
        if self.outside and not isinstance(self.owner, cst.Module):
            raise Refused("Another function runs the graph.", self.outside[0])
        running = [leaf.node for leaf in self.body.leaves if leaf.kind == kinds.SESSION]
        if not running:
            raise Refused("Nothing runs the graph here; who does is not known.")
        nodes: list[cst.CSTNode] = [*running, *self.outside]
        training = Training(self.names, [leaf for leaf in self.body.leaves if leaf.kind == kinds.TRAINING])
        runs = Runs(analysis, training, nodes)
        self._unhandled(nodes, runs)
        lists = listed(analysis)
        if any(one.rpartition(".")[2] not in _VARIABLES for one in lists):
            # The losses that it asks for are those that tf.losses and tf.layers have kept.
            self.options = replace(self.options, stage="eager")
        writer = ModelWriter(analysis, training, runs, self.imports, self.options, hoists=not lists)
        try:
            made = writer.statements()
        except Mixed:
            writer = ModelWriter(analysis, training, runs, self.imports, self.options, hoists=False)
            made = writer.statements()
        Steps(analysis, writer.operation).check(runs, writer.optimizers())
        remade = self._remade(runs)
        summaries = self._summaries(runs)
        made += summaries
        checkpoints = Checkpoints(analysis, writer, [*self.found, *self.outside])
        made += checkpoints.made
        made += [] if remade else writer.compiled()
        replaced = {**self._replaced(writer, made), **checkpoints.replaced}
        rewriter = SessionRewriter(writer, replaced, "summarize" if summaries else None, remade=remade)
        unit = Converted(name, self.owner)
        self._seeds(writer, rewriter.replaced)
        for node in [*self.found, *self.outside]:
            changed = node.visit(rewriter)
            if not isinstance(changed, cst.CSTNode) or not changed.deep_equals(node):
                unit.edits[node] = changed
        unit.edits.update(writer.functions.edits)
        self._settled([node.visit(rewriter) for node in nodes])
        self._account(unit, writer, runs)
        return unit

    def _remade(self, runs: Runs) -> bool:
        """Whether variables are initialized several times."""
        initial = [node for node, run in runs.runs.items() if any(one.kind == "init" for one in run.all)]
        return len(initial) > 1 or any(happens_again(self.names, node, self.owner) for node in initial)

    def _replaced(self, writer: ModelWriter, made: list[cst.BaseStatement]) -> dict[cst.CSTNode, Made]:
        gone = (
            kinds.GRAPH, kinds.TRAINING, kinds.SCHEDULE, kinds.PLACEHOLDER, kinds.STEP, kinds.SUMMARY, kinds.SAVER,
            kinds.INIT, kinds.GONE, kinds.SHOWN,
        )  # fmt: skip
        found: dict[cst.CSTNode, Made] = {}
        for leaf in self.body.leaves:
            if leaf.kind in gone:
                found[leaf.node] = cst.RemoveFromParent()
        found[self.body.leaves[writer.stability.anchor].node] = cst.FlattenSentinel(made)
        for node, edit in writer.functions.edits.items():
            if any(leaf.node is node for leaf in self.body.leaves):
                found[node] = edit
        return found

    def _seeds(self, writer: ModelWriter, replaced: dict[cst.CSTNode, Made]) -> None:
        """Set Keras's seed where TensorFlow's was set."""
        text = code(self.names.module)
        for leaf in self.body.leaves:
            line = is_line(leaf)
            if self.options.stage != "keras3" or leaf.kind != kinds.PLAIN or not isinstance(line, cst.Call):
                continue
            if call_symbol(self.names, line) != "set_random_seed" or len(line.args) != 1:
                continue
            if "random.seed(" in text:
                writer.context.ledger.left(line.func, _SEED)
                continue
            (made,) = statements(f"{writer.keras}.utils.set_random_seed({code(line.args[0].value)})\n")
            replaced[leaf.node] = remarks.taken_over(made, leaf.node, blank=True)
            writer.context.ledger.rewritten(line, "Keras draws other numbers; Python's and NumPy's are seeded as well.")

    def _summaries(self, runs: Runs) -> list[cst.BaseStatement]:
        """Return the function that makes a summary of the values."""
        paths = {one.key for run in runs.runs.values() for one in run.all if one.kind == "summary"}
        if not paths:
            return []
        if len(paths) > 1:
            raise Refused("Several summaries are fetched.")
        tf = runs.summaries.tf
        if not tf:
            raise Refused("How the module calls TensorFlow, for its summaries, could not be found out.")
        items = [
            f'        {tf}.Summary.Value(tag="{tag}", simple_value=float(values["{key}"])),'
            for tag, key in runs.summaries.scalars(paths.pop(), runs.values)
        ]
        name = "summarize"
        text = "\n".join([f"def {name}(values):", f"    return {tf}.Summary(value=[", *items, "    ])", ""])
        (made,) = statements(text)
        return [made.with_changes(leading_lines=[BLANK] * 2)]

    def _unhandled(self, nodes: list[cst.CSTNode], runs: Runs) -> None:
        """Raise Refused for what builds a graph where it is run, outside of what is fetched."""
        fetched = {call for run in runs.runs for call in read(run).calls}
        for node in nodes:
            for call, symbol in called_symbols(self.names, node):
                if call in fetched or symbols.neutral(symbol) or symbol == "train.global_step":
                    continue
                raise Refused(f"tf.{symbol} is called where the graph is run.", call)

    def _settled(self, nodes: list[object]) -> None:
        """Raise Refused if something of the graph is still used where it was run."""
        analysis = self.analysis
        gone = analysis.built | self.body.sessions | self.body.graphs
        gone |= {path for path, kind in analysis.known.items() if kind not in (kinds.WRITER, "settings")}
        for one in nodes:
            for node in one.nodes if isinstance(one, cst.FlattenSentinel) else [one]:
                if isinstance(node, cst.CSTNode):
                    reading = read(node)
                    for path in sorted((reading.loads - reading.binds) & gone):
                        raise Refused(f"`{path}` is used where the graph is run, other than by the session.")

    def _notes(self) -> list[str]:
        gone = [leaf.node for leaf in self.body.leaves if leaf.kind == kinds.SHOWN]
        notes = [shown.said(node) + _place(self.names, node) for node in gone]
        return [*notes, _SAVES] if saves(self.analysis) else notes

    def _account(self, unit: Converted, writer: ModelWriter, runs: Runs) -> None:
        ledger = unit.ledger
        unit.notes += self._notes()
        for leaf in self.body.leaves:
            if leaf.kind == kinds.GRAPH and self.options.stage != "keras3":
                ledger.left(leaf.node, _EAGER)
            elif leaf.kind not in (kinds.PLAIN, kinds.SESSION, kinds.WRITER, kinds.GRAPH):
                ledger.rewritten(leaf.node)
        for scope in self.body.dissolved:
            for item in scope.items:
                ledger.rewritten(item.item)
        if self.options.stage != "keras3":
            for one in writer.functions.reached:
                ledger.left(self.analysis.functions[one], _EAGER)
        for call in runs.runs:
            ledger.rewritten(call)
        ledger.update(writer.context.ledger)


_VARIABLES = ("trainable_variables", "global_variables", "all_variables", "get_collection")
_DEFINITIONS = (cst.FunctionDef, cst.ClassDef)


def _sessions(names: Names) -> set[str]:
    """Return the paths that the module binds to sessions."""
    found = set()
    for node in names.parents:
        if isinstance(node, cst.WithItem) and node.asname is not None:
            path = path_of(node.asname.name) if isinstance(node.asname.name, cst.Name) else None
            if path and call_symbol(names, node.item) in symbols.SESSIONS:
                found.add(path)
        elif isinstance(node, cst.Param) and node.name.value in ("sess", "session"):
            found.add(node.name.value)
        elif isinstance(node, cst.Assign):
            pair = assigned(node)
            if pair and call_symbol(names, pair[1]) in symbols.SESSIONS:
                found.add(pair[0])
    return found


def leaf_of(body: Body, node: cst.CSTNode) -> Leaf | None:
    """Return the leaf of an original statement."""
    return next((leaf for leaf in body.leaves if leaf.node is node), None)
