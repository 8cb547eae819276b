"""What each statement of a program does: which build the graph, which train, feed and run it, and which do neither."""

from dataclasses import dataclass

import libcst as cst

from onevar.migrate.rewrite.names import Names, canonical
from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import shown, symbols
from onevar.migrate.rewrite.programs.leaves import (
    Body,
    Leaf,
    Refused,
    argument,
    call_symbol,
    called_symbols,
    is_line,
    is_trainables,
    is_updates,
)
from onevar.migrate.rewrite.programs.reading import assigned, code, only_statement, path_of, prefixes, read

_RUNS = ("run", "eval")
_CLOSING = ("close", "finalize", "reset_default_graph", "as_default", "__enter__")


@dataclass(eq=False)
class Placeholder:
    """What is fed.

    Attributes:
        path: What it is bound to: `x`.
        key: How the model calls it.
        dtype: Its dtype's name.
        shape: The expression of its shape; None: it may be any.
        default: The expression of the value that it has if nothing is fed; None: it must be fed.
        node: The statement.
    """

    path: str
    key: str
    dtype: str
    shape: cst.BaseExpression | None
    default: cst.BaseExpression | None
    node: cst.CSTNode

    @property
    def boxed(self) -> bool:
        """Whether it is a scalar or may be one: Keras's batches have a dimension at least, so it gets one more."""
        return self.shape is None or code(self.shape).replace(" ", "") in ("[]", "()", "None", "tf.TensorShape([])")


class Analysis:
    """What the statements of one suite do.

    Args:
        names: What the module's names mean.
        body: The suite.
        functions: Functions and classes that it may call, by name.

    Attributes:
        built: Paths that the graph's values are bound to.
        known: The kind of what other paths are bound to.
        placeholders: By path.
        graphic: Names of functions that build a part of the graph.
        running: Names of functions that run the graph.
    """

    def __init__(self, names: Names, body: Body, functions: dict[str, cst.FunctionDef | cst.ClassDef]):
        self.names = names
        self.body = body
        self.functions = functions
        self.built: set[str] = set()
        self.known: dict[str, str] = {}
        self.placeholders: dict[str, Placeholder] = {}
        self.graphic: set[str] = set()
        self.running: set[str] = set()
        self._kinds()

    # -- functions --------------------------------------------------------------------------------

    def _functions(self) -> None:
        """Find which functions build, and which run."""
        self.graphic, self.running = set(), set()
        for name, node in self.functions.items():
            if self.runs(node):
                self.running.add(name)
            elif any(not symbols.neutral(canonical(use.path)) for use in self.names.uses_in(node)):
                self.graphic.add(name)
        changed = True
        while changed:
            before = len(self.graphic)
            for name, node in self.functions.items():
                if name not in self.running and read(node).loads & self.graphic:
                    self.graphic.add(name)
            changed = len(self.graphic) != before

    def runs(self, node: cst.CSTNode) -> list[cst.Call]:
        """Return the calls in a node that run the graph."""
        return [call for call in read(node).calls if self.is_run(call)]

    def is_run(self, call: cst.Call) -> bool:
        """Say whether a call is `sess.run(..)`, `tensor.eval(..)` or `operation.run(..)`."""
        if not isinstance(call.func, cst.Attribute) or call.func.attr.value not in _RUNS:
            return False
        base, method = call.func.value, call.func.attr.value
        path = path_of(base)
        if method == "run" and (path in self.body.sessions or call_symbol(self.names, base) == "get_default_session"):
            return True
        if path is not None:
            return path in self.built or path in self.known
        symbol = call_symbol(self.names, base)
        return bool(symbol) or bool(read(base).loads & self.built)

    # -- kinds ------------------------------------------------------------------------------------

    def _kinds(self) -> None:
        """Settle the kinds, until nothing changes: a statement may be known by what comes after it."""
        while True:
            before = [leaf.kind for leaf in self.body.leaves], len(self.built), len(self.known)
            self._functions()
            for leaf in self.body.leaves:
                leaf.kind = self._kind(leaf)
                self._note(leaf)
            if before == ([leaf.kind for leaf in self.body.leaves], len(self.built), len(self.known)):
                return

    def _note(self, leaf: Leaf) -> None:
        """Remember what a statement binds."""
        if leaf.kind == kinds.GRAPH:
            reading = read(leaf.node)
            for path in reading.binds | self._changed(leaf.node):
                if self.known.get(path) != kinds.PLACEHOLDER:
                    self.built.add(path)
        elif leaf.kind == kinds.PLACEHOLDER:
            placeholder = self._placeholder(leaf)
            self.placeholders[placeholder.path] = placeholder
            self.built.add(placeholder.path)
            self.known[placeholder.path] = kinds.PLACEHOLDER
        elif leaf.kind in kinds.NAMED:
            for path in read(leaf.node).binds:
                self.known[path] = leaf.kind

    def _changed(self, node: cst.CSTNode) -> set[str]:
        return {path for path in read(node).changes if self.names.name_of(cst.parse_expression(path)) is None}

    def _kind(self, leaf: Leaf) -> str:
        node = leaf.node
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            return self._definition(node)
        if self._imports(node):
            return kinds.PLAIN
        found = assigned(node)
        if found is not None:
            kind = self._assignment(*found)
            if kind is not None:
                return kind
        line = is_line(leaf)
        if line is not None:
            kind = self._line(line)
            if kind is not None:
                return kind
        if self._is_settings(node):
            return kinds.GONE
        return self._general(leaf)

    @staticmethod
    def _imports(node: cst.BaseStatement) -> bool:
        return isinstance(node, cst.SimpleStatementLine) and all(
            isinstance(one, cst.Import | cst.ImportFrom) for one in node.body
        )

    def _definition(self, node: cst.FunctionDef | cst.ClassDef) -> str:
        if self.runs(node):
            return kinds.SESSION
        loads = read(node).loads
        return kinds.GRAPH if loads & self.built - self.graphic and node.name.value not in self.running else kinds.PLAIN

    def is_initializer(self, node: cst.BaseExpression) -> bool:
        """Say whether an expression is what initializes variables: one operation, or a group or list of such."""
        if self.known.get(path_of(node) or "") == kinds.INIT:
            return True
        symbol = call_symbol(self.names, node)
        if symbol in symbols.INITIALIZERS:
            given = argument(node, "var_list", 0) if isinstance(node, cst.Call) else None
            return symbol not in symbols.CHOOSING or call_symbol(self.names, given or node) in symbols.LISTED
        if isinstance(node, cst.Call) and symbol == "group":
            grouped = [one for one in node.args if one.keyword is None or one.keyword.value != "name"]
            return bool(grouped) and not any(one.star for one in grouped) and all(
                self.is_initializer(one.value) for one in grouped
            )  # fmt: skip
        parts = node.elements if isinstance(node, cst.List | cst.Tuple) else ()
        return bool(parts) and all(self.is_initializer(one.value) for one in parts)

    def resets(self, node: cst.BaseExpression) -> bool:
        """Say whether what initializes variables does so with more than local ones, of which a model has none."""
        path = path_of(node)
        bound = [found[1] for leaf in self.body.leaves if (found := assigned(leaf.node)) and found[0] == path]
        if path is not None:
            return not bound or any(self.resets(one) for one in bound if path_of(one) is None)
        called = [symbol for _, symbol in called_symbols(self.names, node) if symbol in symbols.INITIALIZERS]
        inner = [one for one in read(node).loads if self.known.get(one) == kinds.INIT]
        return any("local" not in one for one in called) or any(self.resets(cst.Name(one)) for one in inner)

    def _assignment(self, path: str, value: cst.BaseExpression) -> str | None:
        if self.is_initializer(value):
            return kinds.INIT
        symbol = call_symbol(self.names, value)
        if symbol is None:
            return None
        if is_updates(self.names, value):
            return kinds.GONE
        for kind, found in (
            (kinds.PLACEHOLDER, symbol in symbols.PLACEHOLDERS),
            (kinds.SAVER, symbol == symbols.SAVER),
            (kinds.WRITER, symbol in symbols.WRITERS),
            (kinds.STEP, symbol in symbols.STEPS or self._is_step(path, symbol)),
            (kinds.SCHEDULE, symbol in symbols.DECAYS),
            (kinds.SUMMARY, symbols.is_summary(symbol)),
            (kinds.GONE, symbol in symbols.SESSIONS or symbol in ("Graph", "get_default_graph")),
            (kinds.TRAINING, is_trainables(self.names, value) and self._only_trains(path)),
        ):
            if found:
                return kind
        return None

    def _is_step(self, path: str, symbol: str) -> bool:
        """Whether a Variable counts the steps: it is what `minimize(.., global_step=)` or a decay is given."""
        if symbol not in ("Variable", "get_variable"):
            return False
        return any(
            path_of(given) == path
            for leaf in self.body.leaves
            for call in read(leaf.node).calls
            if (given := argument(call, "global_step", 1)) is not None and self._counts(call)
        )

    def _counts(self, call: cst.Call) -> bool:
        method = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
        return method in ("minimize", "apply_gradients") or (self.names.name_of(call.func) or "") in symbols.DECAYS

    def _only_trains(self, path: str) -> bool:
        """Whether a list of variables is only there for gradients."""
        loading = [leaf for leaf in self.body.leaves if path in read(leaf.node).loads]
        readers = [leaf for leaf in loading if not shown.shows(self.names, leaf.node)]
        return bool(readers) and all(self._trains(leaf.node) for leaf in readers)

    def _trains(self, node: cst.CSTNode) -> bool:
        """Whether a statement makes optimizers, gradients, or what trains."""
        for call in read(node).calls:
            symbol = self.names.name_of(call.func) or ""
            if symbols.is_optimizer(symbol) or symbol == "gradients" or symbol.startswith("clip_by_global_norm"):
                return True
            if isinstance(call.func, cst.Attribute) and call.func.attr.value in (
                "minimize",
                "compute_gradients",
                "apply_gradients",
            ):
                return True
        return any(self.known.get(path) == kinds.TRAINING for path in read(node).loads)

    def _line(self, value: cst.BaseExpression) -> str | None:
        symbol = call_symbol(self.names, value)
        if symbol == "reset_default_graph":
            return kinds.GONE
        if symbol and symbols.is_summary(symbol):
            return kinds.SUMMARY
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
            base = path_of(value.func.value) or ""
            owners = self.body.sessions | self.body.graphs
            closing = value.func.attr.value in _CLOSING
            if closing and any(part in owners for part in prefixes(base)):
                return kinds.GONE
            if value.func.attr.value == "add_graph" and self.known.get(base) == kinds.WRITER:
                return kinds.GONE
        return None

    def _is_settings(self, node: cst.BaseStatement) -> bool:
        """Whether a statement sets how a session works: `config.gpu_options.allow_growth = True`."""
        found = assigned(node)
        if found is None:
            return False
        path, value = found
        if call_symbol(self.names, value) in ("ConfigProto", "GPUOptions", "RunOptions", "RunMetadata"):
            self.known[path] = "settings"
        return any(self.known.get(one) == "settings" for one in prefixes(path))

    def _general(self, leaf: Leaf) -> str:
        node = leaf.node
        if self.runs(node) or self._of_session(node):
            return kinds.SESSION
        reading = read(node)
        if self._trains(node):
            return kinds.SHOWN if shown.shows(self.names, node) else kinds.TRAINING
        builds = [symbol for _, symbol in called_symbols(self.names, node) if not symbols.neutral(symbol)]
        if builds and all(symbols.is_summary(symbol) for symbol in builds):
            return kinds.SUMMARY
        if self._is_feed(node):
            return kinds.SESSION
        touched = (reading.binds | reading.changes) & self.built
        if builds or touched or reading.loads & (self.built | self.graphic):
            made = any(symbols.makes_variables(symbol) for symbol in builds) or reading.loads & self.graphic
            return kinds.SHOWN if not made and shown.shows(self.names, node) else kinds.GRAPH
        return kinds.PLAIN

    def _of_session(self, node: cst.CSTNode) -> bool:
        """Whether a statement uses the session, a saver, a writer, or a function that runs the graph."""
        loads = read(node).loads
        used = {self.known.get(path) for path in loads} & {kinds.SAVER, kinds.WRITER}
        return bool(used) or bool(loads & self.running) or bool(loads & self.body.sessions)

    def _is_feed(self, node: cst.CSTNode) -> bool:
        """Whether a statement makes a dictionary of what is fed, or adds to one."""
        found = assigned(node)
        small = only_statement(node) if isinstance(node, cst.SimpleStatementLine) else None
        if found is not None:
            return bool(self.fed(found[1]) or self.zipped(found[1]))
        if isinstance(small, cst.Assign):
            return len(small.targets) == 1 and self.filled(small.targets[0].target) is not None
        value = small.value if isinstance(small, cst.Expr) else None
        return isinstance(value, cst.Call) and self.filled(value) is not None

    def filled(self, node: cst.CSTNode) -> tuple[str, cst.BaseExpression | None] | None:
        """Return the dictionary, and the key, of `feed[x]` or `feed.update({x: ..})`; None for anything else."""
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "update":
            path = path_of(node.func.value)
            given = node.args[0].value if len(node.args) == 1 else node
            fed = bool(self.fed(given) or self.zipped(given))
            return (path, None) if path and path not in self.built and fed else None
        if not isinstance(node, cst.Subscript) or len(node.slice) != 1:
            return None
        path, index = path_of(node.value), node.slice[0].slice
        if path is None or path in self.built or not isinstance(index, cst.Index):
            return None
        return (path, index.value) if path_of(index.value) in self.placeholders else None

    def zipped(self, node: cst.BaseExpression) -> tuple[cst.BaseExpression, list[str]] | None:
        """Return the list in `dict(zip([x, y], values))`, and its placeholders' paths; None for anything else."""
        inner = node.args[0].value if isinstance(node, cst.Call) and len(node.args) == 1 else None
        if not isinstance(node, cst.Call) or code(node.func) != "dict" or not isinstance(inner, cst.Call):
            return None
        if code(inner.func) != "zip" or len(inner.args) != 2:
            return None
        first = inner.args[0].value
        paths = [path_of(one.value) for one in first.elements] if isinstance(first, cst.List | cst.Tuple) else []
        known = [path for path in paths if path in self.placeholders]
        return (first, known) if known and len(known) == len(paths) else None

    def fed(self, node: cst.BaseExpression) -> dict[str, cst.BaseExpression]:
        """Return what a dictionary of feeds has, by path; nothing if it is none."""
        if not isinstance(node, cst.Dict):
            return {}
        found: dict[str, cst.BaseExpression] = {}
        for element in node.elements:
            path = path_of(element.key) if isinstance(element, cst.DictElement) else None
            if path is None or path not in self.built:
                return {}
            found[path] = element.value
        return found

    # -- placeholders -----------------------------------------------------------------------------

    def _placeholder(self, leaf: Leaf) -> Placeholder:
        found = assigned(leaf.node)
        assert found is not None
        path, call = found
        assert isinstance(call, cst.Call)
        if path in self.placeholders and self.placeholders[path].node is not leaf.node:
            raise Refused(f"`{path}` is bound to several placeholders.", leaf.node)
        default = None
        if call_symbol(self.names, call) == "placeholder_with_default":
            default = argument(call, "input", 0)
        given = None if default is not None else argument(call, "dtype", 0)
        return Placeholder(
            path=path,
            key=path.rpartition(".")[2],
            dtype="" if given is None else self.dtype(given),
            shape=argument(call, "shape", 1),
            default=default,
            node=leaf.node,
        )

    def dtype(self, node: cst.BaseExpression) -> str:
        """Return the name of a dtype that an expression gives."""
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else self.names.name_of(node)
        if text is None and code(node) in ("bool", "int", "float"):
            text = {"bool": "bool", "int": "int32", "float": "float32"}[code(node)]
        if text is None and code(node).startswith(("np.", "numpy.")):
            text = code(node).rpartition(".")[2]
        short = {"float": "float32", "int": "int32", "double": "float64", "half": "float16"}
        if not isinstance(text, str) or not text:
            raise Refused(f"The dtype of a placeholder, {code(node)}, is known at run time only.", node)
        return short.get(text, text)
