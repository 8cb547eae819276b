"""The global step: Keras's optimizers count by themselves, TensorFlow 1's what `minimize` is given, or nothing."""

import libcst as cst

from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.checks import is_saver
from onevar.migrate.rewrite.programs.leaves import Refused, argument, call_symbol, called_symbols
from onevar.migrate.rewrite.programs.optimizing import Optimizers
from onevar.migrate.rewrite.programs.reading import assigned, code, path_of, read
from onevar.migrate.rewrite.programs.runs import Runs
from onevar.migrate.rewrite.programs.training import TrainOp
from onevar.migrate.schedules import KERAS_SCHEDULES

_ZEROS = ("0", "0.0", "0L", "tf.zeros([])", "tf.constant(0)")


class Steps:
    """Checks that what the program takes for the step is what Keras's optimizer counts.

    Args:
        analysis: What the statements do.
        operation: What trains; None: nothing does.
    """

    def __init__(self, analysis: Analysis, operation: TrainOp | None):
        self.analysis = analysis
        self.names = analysis.names
        self.counted = None if operation is None else operation.step
        self.operation = operation

    def check(self, runs: Runs, optimizers: Optimizers) -> None:
        """Check all uses of the step.

        Raises:
            Refused: Another step is asked for than the one that is counted, or none is counted.
        """
        for run in runs.runs.values():
            if any(one.kind == "step" for one in run.all):
                self._one(run.call, None)
        for call in read(self.names.module).calls:
            method = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
            if method == "save" and is_saver(self.analysis, cst.ensure_type(call.func, cst.Attribute).value):
                given = argument(call, "global_step", 2)
                if self.analysis.known.get(path_of(given) or "" if given else "") == kinds.STEP:
                    self._one(call, given)
        self._rate(optimizers)

    def _rate(self, optimizers: Optimizers) -> None:
        """Check what the learning rate changes by."""
        call = None if self.operation is None else self.operation.optimizer.call
        for one in call.args if call is not None else ():
            if optimizers.moves(one.value):
                path = path_of(one.value)
                for decay, symbol in self._decays(one.value if path is None else None, path):
                    rule = KERAS_SCHEDULES.get(symbol)
                    step = argument(decay, rule.step, list(rule.parameters).index(rule.step)) if rule else None
                    self._one(decay, step)

    def _decays(self, node: cst.BaseExpression | None, path: str | None) -> list[tuple[cst.Call, str]]:
        nodes: list[cst.CSTNode] = [] if node is None else [node]
        for leaf in self.analysis.body.leaves:
            found = assigned(leaf.node)
            if path is not None and found is not None and found[0] == path:
                nodes.append(found[1])
        return [pair for one in nodes for pair in called_symbols(self.names, one) if pair[1] in symbols.DECAYS]

    def _one(self, place: cst.Call, step: cst.BaseExpression | None) -> None:
        what = "the step" if step is None else f"`{code(step)}`"
        if self.counted is None:
            raise Refused(
                f"Nothing counts {what}: it stays what it is in TensorFlow 1 (minimize has no global_step=), and"
                " Keras's optimizer counts by itself. Give it, if it is meant to be counted.",
                place,
            )
        if step is not None and self._meant(step) != self._meant(self.counted):
            raise Refused(f"{what} is no count of steps that Keras's optimizer has.", place)
        pairs = [assigned(leaf.node) for leaf in self.analysis.body.leaves]
        bound = [found[1] for found in pairs if found is not None and found[0] == path_of(self.counted)]
        if any(not self._begins_at_zero(one) for one in bound):
            raise Refused(f"`{code(self.counted)}` does not begin at zero.", place)

    def _meant(self, node: cst.BaseExpression) -> str:
        """Return which step an expression is: the path of a variable, or the graph's own."""
        if call_symbol(self.names, node) in symbols.STEPS:
            return "the graph's"
        path = path_of(node)
        for leaf in self.analysis.body.leaves:
            found = assigned(leaf.node)
            if found is not None and found[0] == path and call_symbol(self.names, found[1]) in symbols.STEPS:
                return "the graph's"
        return code(node) if path is None else path

    def _begins_at_zero(self, node: cst.BaseExpression) -> bool:
        symbol = call_symbol(self.names, node)
        if not isinstance(node, cst.Call) or symbol != "Variable":
            given = argument(node, "initializer", 3) if isinstance(node, cst.Call) else None
            return given is None or "zero" in code(given) or code(given).replace(" ", "").endswith(("er(0)", "er(0.0)"))
        first = argument(node, "initial_value", 0)
        return first is not None and (code(first).replace(" ", "") in _ZEROS or "zeros" in code(first))
