"""Rewrites the statements that run a graph: `sess.run(..)` becomes `model.train_on_batch(..)` and its like."""

from dataclasses import dataclass
from typing import cast

import libcst as cst

from onevar.migrate.rewrite import remarks
from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.emission import Substitution
from onevar.migrate.rewrite.programs.leaves import Body, Flattening, Leaf, Refused, call_symbol
from onevar.migrate.rewrite.programs.model import ModelWriter
from onevar.migrate.rewrite.programs.reading import (
    code,
    expression,
    only_statement,
    path_of,
    read,
    statements,
)
from onevar.migrate.rewrite.programs.runs import Fetch, Run, Structure
from onevar.migrate.rewrite.programs.saving import Saving

Made = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel
_GONE = (kinds.GONE, kinds.INIT, kinds.SAVER, kinds.SUMMARY, kinds.STEP, kinds.PLACEHOLDER, kinds.TRAINING)


@dataclass
class Parts:
    """What a run becomes.

    Attributes:
        before: Statements that must come first.
        values: The expression of all values.
    """

    before: list[str]
    values: str


class SessionRewriter(cst.CSTTransformer):
    """Rewrites original statements; what builds the graph is not touched here.

    Args:
        writer: Of the model.
        replaced: What becomes of some original statements.
        summaries: The name of the function that makes a summary of the values; None: there is none.
        remade: Whether initializers are run several times: each makes the model anew.
    """

    def __init__(self, writer: ModelWriter, replaced: dict[cst.CSTNode, Made], summaries: str | None, *, remade: bool):
        super().__init__()
        self.writer = writer
        self.analysis: Analysis = writer.analysis
        self.replaced = replaced
        self.summaries = summaries
        self.remade = remade
        self.scopes = {
            scope for leaf in self.analysis.body.leaves if leaf.kind == kinds.GRAPH for scope in leaf.wrappers
        }
        self.saving = Saving(writer, self._step, self._code)
        self._name = ""
        self._now = ""

    # -- statements -------------------------------------------------------------------------------

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Leave alone what is replaced as a whole."""
        return node not in self.replaced and self._picked(node) is None

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Made:  # type: ignore[override]
        """Return what becomes of a node."""
        if original_node in self.replaced:
            return self.replaced[original_node]
        picked = self._picked(original_node)
        if picked is not None:
            return self._one(*picked)
        if isinstance(original_node, cst.With) and isinstance(updated_node, cst.With):
            return self._block(original_node, updated_node)
        if isinstance(original_node, cst.SimpleStatementLine) and isinstance(updated_node, cst.SimpleStatementLine):
            return self._line(original_node, updated_node)
        if isinstance(updated_node, cst.IndentedBlock) and not updated_node.body:
            return updated_node.with_changes(body=statements("pass\n"))
        if isinstance(original_node, cst.Call) and isinstance(updated_node, cst.Call):
            return self._call(original_node, updated_node)
        if isinstance(updated_node, cst.FunctionDef) and updated_node.name.value in self.analysis.running:
            return self._function(updated_node)
        if isinstance(updated_node, cst.BooleanOperation) and code(updated_node.left) == code(updated_node.right):
            # `state and state.model_checkpoint_path`: both are the path now.
            return updated_node.left
        if isinstance(original_node, cst.Dict) and original_node in self.writer.runs.dictionaries:
            return self._dictionary(original_node, cst.ensure_type(updated_node, cst.Dict))
        return self._fed_key(original_node, updated_node)

    def _fed_key(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        """Return a node with the model's names where it was placeholders that are fed."""
        runs, placeholders = self.writer.runs, self.analysis.placeholders
        if isinstance(original, cst.BaseExpression) and original in runs.items:
            return cst.SimpleString(f'"{placeholders[runs.items[original]].key}"')
        if isinstance(original, cst.List | cst.Tuple) and original in runs.zipped:
            elements = [*cst.ensure_type(updated, type(original)).elements]
            keys = [placeholders[path].key for path in runs.zipped[original]]
            pairs = zip(elements, keys, strict=True)
            return updated.with_changes(
                elements=[one.with_changes(value=cst.SimpleString(f'"{key}"')) for one, key in pairs]
            )
        return updated

    def _block(self, original: cst.With, updated: cst.With) -> Made:
        gone = original in self.analysis.body.dissolved
        if not gone and any(self._opens(item) for item in original.items):
            if len(original.items) > 1:
                raise Refused("A session is opened together with something else.", original)
            gone = True
        if not gone:
            return updated
        inner = remarks.without_pass(cast("list[cst.BaseStatement]", updated.body.body))
        if original not in self.scopes:  # their comments went with what is built in them
            above = remarks.of_the_gone(original.leading_lines, blank=bool(inner))
            inner = [*above, *inner, *remarks.at_the_end(updated)]
        return cst.FlattenSentinel(inner) if inner else cst.RemoveFromParent()

    def _opens(self, item: cst.WithItem) -> bool:
        body = Body(self.analysis.body.owner, sessions=self.analysis.body.sessions, graphs=self.analysis.body.graphs)
        return Flattening(self.analysis.names, body)._role(item) == "dissolved"

    def _line(self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine) -> Made:
        small = only_statement(original)
        if small is None:
            if self.analysis.runs(original):
                raise Refused("A run shares its line with other statements.", original)
            return updated
        value = small.value if isinstance(small, cst.Expr | cst.Assign | cst.Return | cst.AugAssign) else None
        if isinstance(value, cst.Call) and value in self.writer.runs.runs:
            return self._run_line(self.writer.runs.runs[value], small, updated)
        saved = self.saving.text(small)
        if saved is not None:
            return self._several(statements(saved), updated)
        kind = self.analysis._kind(Leaf(original))
        return cst.RemoveFromParent() if kind in _GONE else updated

    def _run_line(self, run: Run, small: cst.BaseSmallStatement, updated: cst.SimpleStatementLine) -> Made:
        """Return what a statement becomes that is a run, or binds what one returns."""
        fetched = run.all
        if fetched and all(one.kind in ("init", "idle") for one in fetched):
            made = self.writer.compiled() if self.remade and any(one.kind == "init" for one in fetched) else []
            return self._several(made, updated)
        parts = self._parts(run)
        if isinstance(small, cst.Expr):
            return self._several(statements("\n".join([*parts.before, parts.values]) + "\n"), updated)
        inline = self._inline(run, parts)
        if inline is not None and not parts.before:
            return self._with_value(updated, inline)
        single = self._single(run, small, parts)
        if single is not None and not parts.before:
            return self._several(statements(f"{single}\n"), updated)
        name = self._values_name()
        head = statements("\n".join([*parts.before, f"{name} = {parts.values}"]) + "\n")
        tail = self._unpacked(run, small, updated, name)
        return self._several([*head, tail], updated)

    def _single(self, run: Run, small: cst.BaseSmallStatement, parts: Parts) -> str | None:
        """Return a statement that binds the one value that is wanted; None if it is not one."""
        if len(run.keys) != 1 or run.summarized or run.local or not isinstance(run.fetches, list | tuple):
            return None
        made = self._pairs(run, small, "values")
        if made is None or len(made) != 1:
            return None
        return f'{made[0][0]} = {parts.values}["{run.keys[0]}"]'

    def _several(self, made: list[cst.BaseStatement], old: cst.SimpleStatementLine) -> Made:
        if not made:
            return cst.RemoveFromParent()
        first, last = made[0], made[-1]
        made[0] = first.with_changes(leading_lines=old.leading_lines)
        if isinstance(last, cst.SimpleStatementLine):
            made[-1] = made[-1].with_changes(trailing_whitespace=old.trailing_whitespace)
        return cst.FlattenSentinel(made)

    @staticmethod
    def _with_value(line: cst.SimpleStatementLine, text: str) -> cst.SimpleStatementLine:
        small = line.body[0].with_changes(value=expression(text))
        return line.with_changes(body=[small])

    def _values_name(self) -> str:
        if not self._name:
            self._name = self.writer.context.fresh("values")
        return self._name

    def _unpacked(
        self, run: Run, small: cst.BaseSmallStatement, line: cst.SimpleStatementLine, name: str
    ) -> cst.SimpleStatementLine:
        """Return the statement that takes what it wants out of the values."""
        pairs = self._pairs(run, small, name)
        if pairs is not None:
            if not pairs:
                raise Refused("Only what is run for its effect is bound.", small)
            left, right = (", ".join(part) for part in zip(*pairs, strict=True))
            (made,) = statements(f"{left} = {right}\n")
            return cst.ensure_type(made, cst.SimpleStatementLine)
        return self._with_value(line, self._taken(run.fetches, name, run)).with_changes(leading_lines=[])

    def _pairs(self, run: Run, small: cst.BaseSmallStatement, name: str) -> list[tuple[str, str]] | None:
        """Return targets and values of an assignment to several names; None for any other statement."""
        structure = run.fetches
        if not isinstance(small, cst.Assign) or not isinstance(structure, list | tuple) or len(small.targets) != 1:
            return None
        target = small.targets[0].target
        elements = target.elements if isinstance(target, cst.Tuple | cst.List) else []
        if len(elements) != len(structure) or any(isinstance(one, cst.StarredElement) for one in elements):
            return None
        pairs = []
        for element, one in zip(elements, structure, strict=True):
            bound = code(element.value)
            if not isinstance(one, Fetch) or one.kind not in ("train", "none", "init", "idle") or self._is_read(bound):
                pairs.append((bound, self._taken(one, name, run)))
        return pairs

    def _is_read(self, name: str) -> bool:
        """Whether the module reads a name somewhere."""
        names = self.analysis.names
        return any(
            isinstance(node, cst.Name) and node.value == name and isinstance(parent, cst.Arg | cst.BinaryOperation)
            for node, parent in names.parents.items()
        )

    # -- what a run becomes -----------------------------------------------------------------------

    def _parts(self, run: Run) -> Parts:
        writer = self.writer
        model, before = writer.model_name, []
        if run.trains:
            if run.feed is None:
                raise Refused("It trains without feeds: its data are a part of the graph.", run.call)
            if writer.rate is not None and run.fed is None:
                raise Refused(
                    f"What is fed for the learning rate, `{writer.rate}`, is known at run time only.", run.call
                )
            if writer.rate is not None and run.fed is not None and writer.rate in run.fed:
                rate = code(cast(cst.BaseExpression, run.fed[writer.rate].visit(self)))
                before.append(f"{model}.optimizer.learning_rate = {rate}")
            if any(one.kind == "rate" for one in run.all):
                # It is the rate that this step takes: once it is taken, there is the next one's.
                before.append(f"{self._rate_name()} = {self._rate()}")
            method = "train_and_fetch" if writer.shaped and run.keys else "train_on_batch"
            more = ", return_dict=True" if run.keys and method == "train_on_batch" else ""
            return Parts(before, f"{model}.{method}({self._fed(run)}{more})")
        return Parts(before, f"{model}.predict_on_batch({self._fed(run)})")

    def _fed(self, run: Run) -> str:
        if run.feed is None:
            return "{}"
        made = run.feed.visit(self)
        assert isinstance(made, cst.BaseExpression)
        return f"{self.writer.model_name}.feed({code(made)})"

    def _inline(self, run: Run, parts: Parts) -> str | None:
        """Return a run as one expression, if it is of one value."""
        structure = run.fetches
        if all(one.kind in ("step", "rate") for one in run.all):
            return self._taken(structure, "", run)
        if isinstance(structure, Fetch) and structure.kind == "local" and not self.writer.runs.asks(run):
            return self._local(cast(cst.BaseExpression, structure.node), "", run)
        if isinstance(structure, Fetch) and structure.kind == "value":
            return f'{parts.values}["{structure.key}"]'
        keys = run.keys
        plain = isinstance(structure, list | tuple) and all(
            isinstance(one, Fetch) and one.kind == "value" for one in structure
        )
        if plain and len(keys) == 1:
            found = f'{parts.values}["{keys[0]}"]'
            return f"[{found}]" if isinstance(structure, list) else f"({found},)"
        return None

    def _step(self) -> str:
        keras = self.writer.keras
        return f"{keras}.ops.convert_to_numpy({self.writer.model_name}.optimizer.iterations)"

    def _rate(self) -> str:
        return f"{self.writer.keras}.ops.convert_to_numpy({self.writer.model_name}.optimizer.learning_rate)"

    def _rate_name(self) -> str:
        if not self._now:
            self._now = self.writer.context.fresh("rate")
        return self._now

    def _taken(self, structure: Structure, name: str, run: Run) -> str:
        """Return the expression that takes a structure out of the values."""
        if isinstance(structure, list | tuple):
            inner = ", ".join(self._taken(one, name, run) for one in structure)
            return f"[{inner}]" if isinstance(structure, list) else f"({inner},)"
        if isinstance(structure, dict):
            return "{" + ", ".join(f"{key}: {self._taken(one, name, run)}" for key, one in structure.items()) + "}"
        if structure.kind == "value":
            return f'{name}["{structure.key}"]'
        if structure.kind == "step":
            return self._step()
        if structure.kind == "rate":
            return self._rate_name() if run.trains else self._rate()
        if structure.kind == "summary":
            return f"{self.summaries}({name})"
        return "None" if structure.node is None else self._local(structure.node, name, run)

    def _local(self, node: cst.BaseExpression, values: str, run: Run) -> str:
        """Return an expression that is computed from values where they are fetched."""
        writer = self.writer
        writer.context.hoists, writer.context.trains = False, None
        made = writer.context.convert(node)
        for use in self.analysis.names.uses_in(node):
            if code(use.node) in code(made):
                raise Refused(f"{use.symbol} is called where the graph is run.", use.node)
        given = {path: f'{values}["{key}"]' for path, key in writer.runs.values.keys.items()}
        for path, value in (run.fed or {}).items():
            numpy = writer.context.imports("import numpy as np")
            given[path] = f'{numpy}.asarray({code(value)}, "{self.analysis.placeholders[path].dtype}")'
        for path in read(node).loads & self.analysis.built:
            if path not in given:
                raise Refused(f"`{path}` is a part of what is fetched, and is not known there.", node)
        changed = made.visit(Substitution(given))
        assert isinstance(changed, cst.BaseExpression)
        return f"{writer.keras}.ops.convert_to_numpy({code(changed)})"

    # -- expressions ------------------------------------------------------------------------------

    def _call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        run = self.writer.runs.runs.get(original)
        parent = self.analysis.names.parents.get(original)
        if run is not None:
            if isinstance(parent, cst.Expr | cst.Assign | cst.Return | cst.AugAssign) and self._is_line(parent):
                return updated
            return self._nested(run)
        if path_of(original.func) in self.analysis.running:
            return self._without_session(original, updated)
        symbol = call_symbol(self.analysis.names, original)
        if symbol in symbols.WRITERS:
            kept = [
                one for at, one in enumerate(updated.args) if not (at == 1 and one.keyword is None)
                and not (one.keyword is not None and one.keyword.value == "graph")
            ]  # fmt: skip
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            return updated.with_changes(args=kept)
        if symbol == "train.global_step":
            return expression(self._step())
        return updated

    def _without_session(self, original: cst.Call, updated: cst.Call) -> cst.Call:
        """Return a call of a function that runs the graph, which is not given the session any more."""
        pairs = zip(original.args, updated.args, strict=True)
        kept = [new for old, new in pairs if path_of(old.value) not in self.analysis.body.sessions]
        if len(kept) == len(updated.args):
            return updated
        if kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(args=kept)

    def _function(self, updated: cst.FunctionDef) -> cst.FunctionDef:
        """Return a function that runs the graph without its parameter for the session."""
        sessions = self.analysis.body.sessions
        kept = [one for one in updated.params.params if one.name.value not in sessions]
        if len(kept) == len(updated.params.params):
            return updated
        if kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(params=updated.params.with_changes(params=kept))

    def _is_line(self, small: cst.CSTNode) -> bool:
        parent = self.analysis.names.parents.get(small)
        return isinstance(parent, cst.SimpleStatementLine) and len(parent.body) == 1

    def _nested(self, run: Run) -> cst.BaseExpression:
        """Return a run in the middle of an expression."""
        parts = self._parts(run)
        if parts.before:
            raise Refused("A run that feeds the learning rate is a part of an expression.", run.call)
        inline = self._inline(run, parts)
        if inline is not None:
            return expression(inline)
        structure = run.fetches
        plain = isinstance(structure, list | tuple) and all(
            isinstance(one, Fetch) and one.kind == "value" for one in structure
        )
        if plain:
            getter = self.writer.context.imports("from operator import itemgetter")
            keys = ", ".join(f'"{one.key}"' for one in run.all)
            found = f"{getter}({keys})({parts.values})"
            return expression(f"list({found})" if isinstance(structure, list) else found)
        raise Refused("A run of several things is a part of an expression.", run.call)

    def _picked(self, node: cst.CSTNode) -> tuple[Run, Fetch] | None:
        """Return the run and the value of `sess.run([a, b])[0]`; None for anything else."""
        if not isinstance(node, cst.Subscript) or node.value not in self.writer.runs.runs or len(node.slice) != 1:
            return None
        run, index = self.writer.runs.runs[cst.ensure_type(node.value, cst.Call)], code(node.slice[0])
        fetches, digits = run.fetches, index.removeprefix("-")
        if not isinstance(fetches, list | tuple) or not digits.isdigit():
            return None
        if not -len(fetches) <= int(index) < len(fetches):
            raise Refused(f"`{code(node)}` has no such value.", node)
        fetch = fetches[int(index)]
        return (run, fetch) if isinstance(fetch, Fetch) and fetch.kind == "value" else None

    def _one(self, run: Run, fetch: Fetch) -> cst.BaseExpression:
        parts = self._parts(run)
        if parts.before:
            raise Refused("A run that feeds the learning rate is a part of an expression.", run.call)
        return expression(f'{parts.values}["{fetch.key}"]')

    def _dictionary(self, original: cst.Dict, updated: cst.Dict) -> cst.Dict:
        """Return a dictionary of feeds with the model's names as its keys."""
        elements = []
        placeholders = self.analysis.placeholders
        for old, new in zip(original.elements, updated.elements, strict=True):
            path = path_of(cst.ensure_type(old, cst.DictElement).key) or ""
            if path in self.writer.flags or path == self.writer.rate:
                continue
            elements.append(new.with_changes(key=cst.SimpleString(f'"{placeholders[path].key}"')))
        if elements:
            elements[-1] = elements[-1].with_changes(comma=updated.elements[-1].comma)
        return updated.with_changes(elements=elements)

    def _code(self, node: cst.BaseExpression) -> str:
        return code(cast(cst.BaseExpression, node.visit(self)))
