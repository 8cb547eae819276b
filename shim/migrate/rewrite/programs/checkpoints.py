"""Checkpoints: which a program looks for, and what it looks for once its Saver writes files of Keras's weights."""

import libcst as cst

from onevar.migrate.rewrite.names import Names
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis
from onevar.migrate.rewrite.programs.checks import saves
from onevar.migrate.rewrite.programs.leaves import Refused, argument, call_symbol, called_symbols
from onevar.migrate.rewrite.programs.model import ModelWriter
from onevar.migrate.rewrite.programs.reading import assigned, code, expression, statements

_STATE, _LATEST, _EXISTS = "train.get_checkpoint_state", "train.latest_checkpoint", "train.checkpoint_exists"
_PATH = "model_checkpoint_path"
_ALL = ("global_variables", "all_variables")
_ENDINGS = (".index", ".meta", ".data-00000-of-00001", "/checkpoint")
_FIRST = ("checkpoint_dir", "checkpoint_prefix")
_SUFFIX = ".weights.h5"
_NEWEST = '''\
def {name}(folder):
    """Return the path of the newest weights in a folder, without `.weights.h5`; None: there are none."""
    found = {glob}.glob({os}.path.join({glob}.escape(folder), "*.weights.h5"))
    if not found and {glob}.glob({os}.path.join({glob}.escape(folder), "*.index")):
        raise FileNotFoundError(f"{{folder}} has TensorFlow's checkpoints: use `onevar convert`")
    return max(found, key={os}.path.getmtime).removesuffix(".weights.h5") if found else None
'''


class Checkpoints:
    """What a program with a Saver does about checkpoints.

    Args:
        analysis: What its statements do.
        writer: Of the model.
        nodes: The statements that are rewritten.

    Attributes:
        made: Statements to add.
        replaced: What becomes of some original expressions.
    """

    def __init__(self, analysis: Analysis, writer: ModelWriter, nodes: list[cst.CSTNode]):
        self.analysis = analysis
        self.names: Names = analysis.names
        self.writer = writer
        self.made: list[cst.BaseStatement] = []
        self.replaced: dict[cst.CSTNode, cst.BaseExpression] = {}
        self._nodes = nodes
        self._newest = ""
        if saves(analysis):
            self._savers()
            self._files()
            for call, symbol in called_symbols(self.names, self.names.module):
                if symbol in (_STATE, _LATEST, _EXISTS):
                    self._call(call, symbol)

    def _savers(self) -> None:
        """Refuse Savers of some variables only."""
        for call, symbol in called_symbols(self.names, self.names.module):
            chosen = argument(call, "var_list", 0) if symbol == symbols.SAVER else None
            if chosen is None or code(chosen) == "None" or call_symbol(self.names, chosen) in _ALL:
                continue
            raise Refused(f"It saves or restores some of the variables only: {code(chosen)}.", chosen)

    def _files(self) -> None:
        """Refuse programs that look for the files of TensorFlow's checkpoints themselves."""
        for node in self.names.parents:
            text = node.raw_value if isinstance(node, cst.SimpleString) else ""
            if text.endswith(_ENDINGS) or (text == "checkpoint" and self._looked_for(node)):
                raise Refused(f"It looks for a file of TensorFlow's checkpoints, {code(node)}, by its name.", node)

    def _looked_for(self, node: cst.CSTNode) -> bool:
        """Whether a string is a part of the path of a file that is looked for."""
        parent = self.names.parents.get(node)
        while parent is not None and not isinstance(parent, cst.BaseStatement):
            if isinstance(parent, cst.Call) and code(parent.func).endswith(("xists", "isfile")):
                return True
            parent = self.names.parents.get(parent)
        return False

    def _call(self, call: cst.Call, symbol: str) -> None:
        leaves = self.analysis.body.leaves[: self.writer.stability.anchor + 1]
        if any(self.names.is_in(call, one.node) for one in leaves if isinstance(one.node, cst.SimpleStatementLine)):
            raise Refused(f"tf.{symbol} looks for a checkpoint before the graph is built.", call)
        if not any(self.names.is_in(call, node) for node in self._nodes):
            raise Refused(f"tf.{symbol} looks for a checkpoint in a function that is not converted.", call)
        given = [one for one in call.args if one.star or (one.keyword and one.keyword.value not in _FIRST)]
        first = argument(call, call.args[0].keyword.value if call.args and call.args[0].keyword else "", 0)
        if given or len(call.args) != 1 or first is None:
            raise Refused(f"tf.{symbol} is given more than where to look.", call)
        note = f"It looks for files that end in {_SUFFIX}."
        self.writer.context.ledger.rewritten(call, note)
        if symbol == _EXISTS:
            os = self.writer.context.imports("import os")
            self.replaced[call] = expression(f'{os}.path.exists(({code(first)}) + "{_SUFFIX}")')
            return
        self.replaced[call] = expression(f"{self._function()}({code(first)})")
        if symbol == _STATE:
            self._state(call)

    def _function(self) -> str:
        """Return the name of the function that finds the newest weights."""
        if not self._newest:
            context = self.writer.context
            self._newest = context.fresh("newest_weights")
            text = _NEWEST.format(
                name=self._newest, os=context.imports("import os"), glob=context.imports("import glob")
            )
            (made,) = statements(text)
            self.made.append(made.with_changes(leading_lines=[cst.EmptyLine(indent=False)] * 2))
        return self._newest

    def _state(self, call: cst.Call) -> None:
        """Follow the object that says which checkpoints there are: it becomes the path of the newest."""
        parent = self.names.parents.get(call)
        if isinstance(parent, cst.Attribute) and parent.attr.value == _PATH:
            self.replaced[parent] = self.replaced.pop(call)
            self.replaced[call] = self.replaced[parent]
            return
        bound = assigned(parent) if isinstance(parent, cst.Assign) else None
        if bound is None or not isinstance(cst.parse_expression(bound[0]), cst.Name):
            raise Refused(f"What becomes of `{code(call)}` could not be found out.", call)
        for node, user in list(self.names.parents.items()):
            if isinstance(node, cst.Name) and node.value == bound[0]:
                self._use(node, user, call)

    def _use(self, node: cst.Name, user: cst.CSTNode | None, call: cst.Call) -> None:
        if isinstance(user, cst.Attribute) and user.value is node and user.attr.value == _PATH:
            self.replaced[user] = node
        elif isinstance(user, cst.AssignTarget):
            pair = assigned(self.names.parents[user])
            if pair is None or call_symbol(self.names, pair[1]) != _STATE:
                raise Refused(f"`{node.value}` is bound to several things.", node)
        elif isinstance(user, cst.Attribute | cst.Arg) and node in (
            getattr(user, "attr", 0),
            getattr(user, "keyword", 0),
        ):
            return
        elif not isinstance(user, cst.If | cst.IfExp | cst.BooleanOperation | cst.UnaryOperation | cst.Comparison):
            what = code(user) if isinstance(user, cst.BaseExpression) else node.value
            raise Refused(f"`{what}`: of what {code(call)} returns, only `{_PATH}` has an equivalent.", node)
