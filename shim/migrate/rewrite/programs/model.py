"""Writes the class that a graph becomes: a keras.Model that takes what is fed and returns what is fetched."""

from typing import cast

import libcst as cst

from onevar.migrate.rewrite import remarks
from onevar.migrate.rewrite.context import Options
from onevar.migrate.rewrite.finding import LEFT
from onevar.migrate.rewrite.imports import ModuleImports
from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.analysis import Analysis, Placeholder
from onevar.migrate.rewrite.programs.checks import Dependencies, Stability, is_scalar, makes_variables, restores, saves
from onevar.migrate.rewrite.programs.emission import (
    BLANK,
    Block,
    Filling,
    Making,
    Mixed,
    Tidy,
    chosen,
    is_rate,
    one_of,
    restoring,
)
from onevar.migrate.rewrite.programs.functions import Functions
from onevar.migrate.rewrite.programs.leaves import Leaf, Refused, call_symbol
from onevar.migrate.rewrite.programs.optimizing import Optimizers
from onevar.migrate.rewrite.programs.reading import assigned, code, path_of, read, statements
from onevar.migrate.rewrite.programs.runs import Run, Runs
from onevar.migrate.rewrite.programs.state import ModelContext
from onevar.migrate.rewrite.programs.training import Training, TrainOp

INDENT = "    "


class ModelWriter:
    """Writes the model of a program.

    Args:
        analysis: What the statements do.
        training: What trains.
        runs: What is fetched and fed.
        imports: The module's new imports.
        options: How far to go.
        hoists: Whether layers and weights may become attributes of the model.

    Attributes:
        context: Of the class.
        class_name: The class.
        model_name: The object.
        flags: Placeholders that say whether the program trains, see `Runs.flags`.
        rate: The placeholder of the learning rate; None: it is not fed.
    """

    def __init__(
        self,
        analysis: Analysis,
        training: Training,
        runs: Runs,
        imports: ModuleImports,
        options: Options,
        *,
        hoists: bool,
    ):
        self.analysis = analysis
        self.runs = runs
        self.options = options
        self.stability = Stability(analysis)
        self.stability.check()
        self.operation = self._operation(training)
        self.training = training
        self.rate = self._rate()
        self.flags = {
            path: values
            for path, values in runs.flags().items()
            if path != self.rate and all(one is None or self.stability.is_stable(one) for one in values)
        }
        self.context = ModelContext(analysis.names, imports, self._outer)
        self.functions = Functions(analysis, self.context, options, hoists=hoists)
        self.dependencies = Dependencies(analysis)
        self.class_name = imports.fresh("Model")
        self.model_name = imports.fresh("model")
        self.keras = imports.require("import keras")
        self.fed = [one for path, one in analysis.placeholders.items() if path not in self.flags and path != self.rate]
        always = runs.always(self._needed)
        self.argument = "inputs" if "inputs" not in analysis.names.identifiers else imports.fresh("fed")
        self.optional = {one.path for one in self.fed if one.path not in always and one.default is None}
        self._check()

    def _needed(self, run: Run) -> frozenset[str]:
        """Return the placeholders without which a run cannot be."""
        wanted = [self.runs.values.expressions[key] for key in run.keys] + run.local
        wanted += [self.operation.loss] if run.trains and self.operation is not None else []
        return frozenset().union(*(self.dependencies.on(read(node).loads) for node in wanted))

    def _outer(self, path: str) -> bool:
        """Whether `__init__` sees a path: it is none of the graph's own."""
        return path.partition(".")[0] not in self.analysis.built and path not in self.analysis.built

    def _operation(self, training: Training) -> TrainOp | None:
        """Return the one operation that trains."""
        run = {path for one in self.runs.runs.values() for path in one.trains}
        if len(run) > 1:
            raise Refused(f"{len(run)} operations train ({', '.join(sorted(run))}); a Keras model has one optimizer.")
        found = training.operations[next(iter(run))] if run else None
        if found is not None and found.variables.chosen is not None:
            raise Refused("It trains some of the variables only (var_list).", found.variables.chosen)
        return found

    def _rate(self) -> str | None:
        if self.operation is None or self.operation.optimizer.call is None:
            return None
        call = self.operation.optimizer.call
        path = next((path_of(one.value) for one in call.args if is_rate(one, call)), None)
        if path not in self.analysis.placeholders:
            return None
        readers = [one for one in self.analysis.body.leaves if one.kind == kinds.GRAPH and path in read(one.node).loads]
        if readers:
            raise Refused(f"`{path}` is the learning rate and part of the graph.", readers[0].node)
        return path

    def _check(self) -> None:
        for path in sorted(self.analysis.built):
            if path.partition(".")[0] in ("self", "training") and path not in self.flags:
                raise Refused(f"`{path}` is a part of the graph: in a model's `call` the name has another meaning.")
        for one in self.fed:
            if one.dtype in ("string", "complex64", "complex128"):
                raise Refused(f"`{one.path}` is fed with {one.dtype}, which Keras's backends do not take.", one.node)
            if one.dtype == "bool" and one.boxed:
                raise Refused(f"`{one.path}` is fed; whether it says `training` could not be found out.", one.node)

    # -- statements of call -----------------------------------------------------------------------

    def body(self) -> Block:
        """Return the statements of the graph, converted, in their blocks."""
        top = Block()
        for leaf in self.analysis.body.leaves:
            if leaf.kind != kinds.GRAPH:
                continue
            guard = self._guard(leaf.depends)
            if guard and makes_variables(self.analysis, leaf.node):
                raise Refused(f"Variables are made where `{guard[0]}` is needed, which is not always fed.", leaf.node)
            block = top
            for scope in leaf.wrappers:
                last = block.parts[-1] if block.parts else None
                if not isinstance(last, Block) or last.scope is not scope:
                    last = Block(scope)
                    block.parts.append(last)
                block = last
                self.functions.opened(scope)
            self._guarded(block, guard).parts.append(self._converted(leaf))
        return top

    def _guard(self, depends: frozenset[str]) -> tuple[str, ...]:
        return tuple(path for path in self.analysis.placeholders if path in depends & self.optional)

    def _guarded(self, block: Block, guard: tuple[str, ...]) -> Block:
        if not guard:
            return block
        last = block.parts[-1] if block.parts else None
        if not isinstance(last, Block) or last.scope is not None or last.guard != guard:
            last = Block(guard=guard)
            block.parts.append(last)
        return last

    def _converted(self, leaf: Leaf) -> cst.BaseStatement:
        context = self.context
        found = assigned(leaf.node)
        context.target = found[0].rpartition(".")[2] if found else ""
        context.hidden = set()
        context.trains = "training"
        simple = isinstance(leaf.node, cst.SimpleStatementLine) and not self.functions.plain(leaf)
        context.hoists = simple and not self.functions.changes(leaf.wrappers)
        node: cst.CSTNode = leaf.node
        if self.options.stage == "keras3" and not self.functions.plain(leaf):
            node = self.functions.statement(leaf.node)
        return cast(cst.BaseStatement, self.functions.called(node))

    # -- the class --------------------------------------------------------------------------------

    def statements(self) -> list[cst.BaseStatement]:
        """Return the class, as statements."""
        body = self.body()
        returned = self._returned()
        methods = self.functions.convert()
        tracked = self.options.stage != "keras3" or self.functions.named or self._is_left()
        lines = [f"class {self.class_name}({self.keras}.Model):"]
        lines += [f'{INDENT}"""The graph: takes what is fed, by name, and returns what is fetched."""', ""]
        lines += self._init()
        lines += self._feed()
        lines += [f"{INDENT}_METHODS = None", ""] if methods else []
        if tracked:
            decorator = self.context.imports("from onevar.keras import track_v1_variables")
            # `compute_loss` is what the program minimized; what joins collections besides is a part of it, or idle.
            lines.append(f'{INDENT}@{decorator}(losses="returned")')
        lines += [f"{INDENT}def call(self, {self.argument}, training=False):", f"{INDENT * 2}_BODY = None"]
        lines += [f"{INDENT * 2}{line}" for line in returned]
        lines += self._trained()
        (node,) = statements("\n".join(lines) + "\n")
        inner = self._reads() + self._emitted(body, tracked)
        filled = cast(cst.CSTNode, node.visit(Filling({"_BODY": inner, "_METHODS": [*methods]})))
        if tracked and self.functions.collections and self.context.made and self.options.stage == "keras3":
            raise Mixed("Regularization losses of layers of Keras are in no collection.")
        if not tracked:
            filled = self.functions.untracked(filled)
            for call in [*self.functions.collections, *self.functions.opening]:
                self.context.ledger.rewritten(call)
                for use in self.analysis.names.uses_in(call):
                    self.context.ledger.rewritten(use.node)
        filled = cast(cst.CSTNode, filled.visit(Tidy()))
        return [cst.ensure_type(filled, cst.ClassDef).with_changes(leading_lines=[BLANK] * 2)]

    def _is_left(self) -> bool:
        """Whether anything in the class stays on onevar.v1, scopes and the collection of losses apart."""
        names = self.analysis.names
        for node, mark in self.context.ledger.marks.items():
            if mark.status == LEFT and not any(names.is_in(node, call) for call in self.functions.collections):
                symbol = names.name_of(node) if isinstance(node, cst.BaseExpression) else ""
                if symbol not in symbols.SCOPES:
                    return True
        return False

    def _init(self) -> list[str]:
        keywords = "autocast=False, " if any(one.dtype in ("float64", "float16") for one in self.fed) else ""
        if not self.context.made and not keywords:
            return []
        lines = ["def __init__(self, **kwargs):", f"{INDENT}super().__init__({keywords}**kwargs)"]
        lines += [f"{INDENT}{line}" for line in self.context.made]
        return [f"{INDENT}{line}" for line in lines] + [""]

    def _feed(self) -> list[str]:
        numpy = self.context.imports("import numpy as np")
        dtypes = ", ".join(f'"{one.key}": "{one.dtype}"' for one in self.fed if one.dtype)
        boxed = [one.key for one in self.fed if one.boxed]
        lines = ["@staticmethod", "def feed(values):"]
        why = f"{INDENT}# Keras's batches have a dimension at least: scalars get one, which `call` takes away."
        lines.append(f'{INDENT}"""Return what is fed as arrays of the dtypes that `call` takes."""')
        lines.append(f"{INDENT}dtypes = {{{dtypes}}}")
        lines.append(
            f"{INDENT}arrays = {{name: {numpy}.asarray(value, dtypes.get(name)) for name, value in values.items()}}"
        )
        if not boxed:
            lines[-1] = lines[-1].replace("arrays = ", "return ")
        else:
            lines.append(why)
            given = ", ".join(f'"{key}"' for key in boxed)
            boxes = "a[None]" if len(boxed) == len(self.fed) else f"a[None] if name in [{given}] else a"
            lines.append(f"{INDENT}return {{name: {boxes} for name, a in arrays.items()}}")
        return [f"{INDENT}{line}" for line in lines] + [""]

    def _reads(self) -> list[cst.BaseStatement]:
        """Return the statements that take what is fed."""
        lines = [(one, f"{one.path} = {self._taken(one)}") for one in self.fed]
        for path, (train, other) in self.flags.items():
            lines.append((self.analysis.placeholders[path], f"{path} = {chosen(train, other)}"))
        return [remarks.taken_over(statements(f"{line}\n")[0], one.node) for one, line in lines]

    def _taken(self, one: Placeholder) -> str:
        """Return the expression of what is fed: of the dtype that TensorFlow expects, where JAX has 32 bits only."""
        plain = f'{self.argument}["{one.key}"]'
        taken = f"{plain}[0]" if one.boxed else plain
        if one.dtype == "int64" and self.options.stage != "keras3":
            taken = f"{self._tensorflow()}.cast({taken}, {self._tensorflow()}.int64)"
        if one.default is not None:
            return f'{taken} if "{one.key}" in {self.argument} else {code(one.default)}'
        if one.path not in self.optional:
            return taken
        return (
            f'{self.argument}.get("{one.key}")'
            if taken == plain
            else f'{taken} if "{one.key}" in {self.argument} else None'
        )

    def _emitted(self, block: Block, tracked: bool) -> list[cst.BaseStatement]:
        found: list[cst.BaseStatement] = []
        for part in block.parts:
            if not isinstance(part, Block):
                found.append(part)
                continue
            inner = [*self._emitted(part, tracked), *remarks.at_the_end(part.scope)]
            if part.guard:
                test = " and ".join(f"{path} is not None" for path in part.guard)
                (made,) = statements(f"if {test}:\n    _ = 0\n")
                found.append(made.with_changes(body=cst.IndentedBlock(inner)))
            elif part.scope is not None and tracked:
                found.append(part.scope.with_changes(body=cst.IndentedBlock(inner)))
            else:
                found += [*(remarks.of_the_gone(part.scope.leading_lines) if part.scope else []), *inner]
        return found

    def _returned(self) -> list[str]:
        """Return the lines that return what is fetched."""
        groups: dict[tuple[str, ...], list[str]] = {}
        wanted = dict(self.runs.values.expressions)
        if self.operation is not None:
            wanted[self.loss_key] = self.operation.loss
        for key, node in wanted.items():
            guard = self._guard(self.dependencies.on(read(node).loads))
            groups.setdefault(guard, []).append(f'"{key}": {self._value(node)}')
        always = ", ".join(groups.pop((), []))
        if not groups:
            return [f"return {{{always}}}"]
        lines = [f"fetched = {{{always}}}"]
        for guard, items in groups.items():
            lines.append(f"if {' and '.join(f'{path} is not None' for path in guard)}:")
            lines.append(f"{INDENT}fetched.update({{{', '.join(items)}}})")
        return [*lines, "return fetched"]

    @property
    def loss_key(self) -> str:
        """The key of what is minimised."""
        if self.operation is None:
            raise Refused("Nothing trains.")
        return self.runs.values.key(self.operation.loss, self.analysis)

    def _value(self, node: cst.BaseExpression) -> str:
        path = path_of(node)
        if path is not None:
            return self._tensor(path) if self._is_variable(path) else path
        context = self.context
        context.target, context.hidden, context.trains, context.hoists = "", set(), "training", False
        made = context.convert(node) if self.options.stage == "keras3" else node
        text = code(self.functions.called(made))
        return self._tensor(text) if isinstance(node, cst.Subscript) else text

    def _tensor(self, text: str) -> str:
        """Return the value of what may be a Variable, of Keras's or of TensorFlow's making."""
        if self.options.stage == "keras3" and self.context.made:
            return f"{self.keras}.ops.convert_to_tensor({text})"
        return f"{self._tensorflow()}.identity({text})"

    def _tensorflow(self) -> str:
        """Return the name by which the module has TensorFlow."""
        for use in self.analysis.names.uses:
            alias = use.node.evaluated_alias if isinstance(use.node, cst.ImportAlias) else None
            if alias and use.symbol == "tensorflow":
                return alias
        return self.context.imports("import onevar.v1 as tf")

    def _is_variable(self, path: str) -> bool:
        for leaf in self.analysis.body.leaves:
            found = assigned(leaf.node)
            if (
                found
                and found[0] == path
                and call_symbol(self.analysis.names, found[1]) in ("Variable", "get_variable")
            ):
                return True
        return False

    # -- training ---------------------------------------------------------------------------------

    @property
    def shaped(self) -> bool:
        """Whether what is fetched with training may have dimensions, or be a list."""
        values = self.runs.values.expressions
        return not all(is_scalar(self.analysis, values[key]) for key in self.runs.train_keys())

    def _trained(self) -> list[str]:
        if self.operation is None:
            return []
        loss = f'y_pred["{self.loss_key}"]'
        if not is_scalar(self.analysis, self.operation.loss):
            loss = f"{self.keras}.ops.sum({loss})"
        lines = ["", "def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):"]
        lines.append(f"{INDENT}return {loss}")
        keys = self.runs.train_keys()
        ops = f"{self.keras}.ops"
        if keys or self.shaped:
            items = ", ".join(f'"{key}": y_pred["{key}"]' for key in keys)
            lines += ["", "def compute_metrics(self, x, y, y_pred, sample_weight=None):"]
            if self.shaped:
                lines.append(f"{INDENT}# Keras makes floats of arrays of one element: each value comes twice.")
                lines.append(f"{INDENT}fetched = {{{items}}}")
                lines.append(f"{INDENT}return {{key: {ops}.stack([value, value]) for key, value in fetched.items()}}")
            else:
                lines.append(f"{INDENT}return {{{items}}}")
        if self.shaped:
            lines += ["", "def train_and_fetch(self, inputs):"]
            lines.append(f'{INDENT}"""Train on a batch; return what is fetched, as arrays."""')
            lines.append(f"{INDENT}values = self.train_on_batch(inputs, return_dict=True)")
            lines.append(f"{INDENT}return {{key: {ops}.convert_to_numpy(value)[0] for key, value in values.items()}}")
        lines += self._restore()
        return [f"{INDENT}{line}" if line else "" for line in lines]

    def _restore(self) -> list[str]:
        """Return the method that restores what the optimizer keeps, too; a learning rate is no part of a checkpoint."""
        if self.operation is None or not restores(self.analysis):
            return []
        call, moves = self.operation.optimizer.call, kinds.SCHEDULE in self.analysis.known.values()
        if call is not None:
            moves = any(self.optimizers().moves(one.value) for one in call.args if is_rate(one, call))
        return restoring(moves=moves)

    def compiled(self) -> list[cst.BaseStatement]:
        """Return the statements that make the model, and compile it."""
        (first,) = statements(f"{self.model_name} = {self.class_name}()\n")
        lines = [first.with_changes(leading_lines=[BLANK] * 2)]
        if saves(self.analysis):
            lines += self._example()
        if self.operation is None:
            return lines
        for leaf in self.analysis.body.leaves:
            if leaf.kind == kinds.SCHEDULE or leaf in self.training.kept:
                lines.append(self._kept(leaf.node))
        optimizer = code(self._optimizer(self.operation))
        (made,) = statements(f"{self.model_name}.compile(optimizer={optimizer})\n")
        gone = [
            one for one in self.analysis.body.leaves if one.kind == kinds.TRAINING and one not in self.training.kept
        ]
        return [*lines, remarks.taken_over(made, *(leaf.node for leaf in gone))]

    def _example(self) -> list[cst.BaseStatement]:
        """Return the statement that makes the variables, before anything is fed: they are saved or restored."""
        numpy = self.context.imports("import numpy as np")
        items = []
        for one in self.fed:
            if one.default is not None:
                continue
            if one.shape is None:
                raise Refused(f"The shape of `{one.path}` is not given: variables can't be made before they are saved.")
            items.append(f'"{one.key}": {numpy}.zeros({one_of(one.shape)})')
        made = f"{self.model_name}({self.model_name}.feed({{{', '.join(items)}}}))"
        return statements(f"{made}  # makes the variables\n")

    def optimizers(self) -> Optimizers:
        """Return what writes the optimizer and its learning rate."""
        rates = {path for path, kind in self.analysis.known.items() if kind == kinds.SCHEDULE}
        looked_up = ("embedding_lookup", "gather", "safe_embedding")
        text = code(self.analysis.names.module)
        return Optimizers(self.context, rates, self.rate, rows=any(f".{one}" in text for one in looked_up))

    def _optimizer(self, operation: TrainOp) -> cst.BaseExpression:
        call = operation.optimizer.call
        if call is None:
            if operation.clip is not None:
                raise Refused("Gradients of an optimizer that a branch chooses are clipped.")
            return cst.parse_expression(operation.optimizer.path or "")
        clip = operation.clip
        return self.optimizers().optimizer(call, {} if clip is None else {clip.argument: clip.limit})

    def _kept(self, node: cst.CSTNode) -> cst.BaseStatement:
        """Return a statement that makes learning rates or optimizers, converted."""
        made = node.visit(Making(self.optimizers()))
        return cast(cst.BaseStatement, made)
