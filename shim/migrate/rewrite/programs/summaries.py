"""Summaries of scalars: made from the values that a model returns, where the graph made them."""

import libcst as cst

from onevar.migrate.rewrite.names import text_of
from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.leaves import Leaf, Refused, argument, call_symbol, is_line
from onevar.migrate.rewrite.programs.reading import assigned, code, path_of
from onevar.migrate.rewrite.programs.values import Values

_SHORT = "summary.scalar"


class Summaries:
    """The summaries of a program.

    Args:
        analysis: What its statements do.

    Attributes:
        tf: How the module calls TensorFlow; empty if there are no summaries.
    """

    def __init__(self, analysis: Analysis):
        self.analysis = analysis
        self.tf = ""
        self._calls: list[tuple[str, cst.Call, Leaf]] = []
        for leaf in analysis.body.leaves:
            if leaf.kind == kinds.SUMMARY:
                found = assigned(leaf.node)
                value = found[1] if found else is_line(leaf)
                if not isinstance(value, cst.Call):
                    raise Refused("What these summaries are could not be found out.", leaf.node)
                self._calls.append((found[0] if found else "", value, leaf))

    def scalars(self, path: str, values: Values) -> list[tuple[str, str]]:
        """Return the tag and the value's key of each scalar of a summary.

        Args:
            path: What the summary, or several merged, is bound to.
            values: What the model returns; what is needed is added.

        Raises:
            Refused: There is something else than scalars in it.
        """
        call = next(call for bound, call, _ in reversed(self._calls) if bound == path)
        symbol = call_symbol(self.analysis.names, call)
        if symbol not in symbols.MERGES:
            chosen = [one for one in self._calls if one[1] is call]
        elif "all" in symbol:
            chosen = [one for one in self._calls if call_symbol(self.analysis.names, one[1]) not in symbols.MERGES]
        else:
            chosen = self._merged(call)
        return [self._scalar(one, leaf, values) for _, one, leaf in chosen]

    def _merged(self, call: cst.Call) -> list[tuple[str, cst.Call, Leaf]]:
        given = argument(call, "inputs", 0)
        paths = [path_of(one.value) for one in given.elements] if isinstance(given, cst.List | cst.Tuple) else [None]
        found = [one for path in paths for one in self._calls if path and one[0] == path]
        if len(found) != len(paths):
            raise Refused("Which summaries are merged could not be found out.", call)
        return found

    def _scalar(self, call: cst.Call, leaf: Leaf, values: Values) -> tuple[str, str]:
        symbol = call_symbol(self.analysis.names, call)
        if symbol not in symbols.SCALARS:
            raise Refused(f"tf.{symbol}: only summaries of scalars can be made from what a model returns.", call)
        name, value = argument(call, "name", 0), argument(call, "tensor", 1)
        tag = None if name is None else text_of(name)
        if tag is None or value is None or argument(call, "family", 3) is not None:
            raise Refused("The name of a summary is not a literal string.", call)
        text = code(call.func)
        self.tf = self.tf or (text.removesuffix(f".{_SHORT}") if text.endswith(f".{_SHORT}") else "")
        return "/".join([*self._scopes(leaf), tag.replace(" ", "_")]), values.key(value, self.analysis)

    def _scopes(self, leaf: Leaf) -> list[str]:
        found = []
        for scope in leaf.wrappers:
            for item in scope.items:
                symbol = call_symbol(self.analysis.names, item.item) or ""
                if symbol in ("name_scope", "variable_scope") and isinstance(item.item, cst.Call):
                    text = text_of(item.item.args[0].value) if item.item.args else None
                    if text is None:
                        raise Refused("A summary's scope is not a literal string.", item.item)
                    found.append(text)
        return found
