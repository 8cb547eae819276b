"""What trains a program: the optimizer, what it minimises, and what happens to the gradients on the way."""

from dataclasses import dataclass, replace

import libcst as cst

from onevar.migrate.rewrite.names import Names
from onevar.migrate.rewrite.programs import symbols
from onevar.migrate.rewrite.programs.leaves import Leaf, Refused, argument, call_symbol, is_trainables
from onevar.migrate.rewrite.programs.reading import code, expression, only_statement, path_of, suite

_NOT_UNDERSTOOD = "What `{}` does to the gradients is not a pattern that Keras's optimizers have."


@dataclass(frozen=True)
class Optimizer:
    """An optimizer.

    Attributes:
        call: What makes it; None: a branch of the program chooses it, and binds it to `path`.
        path: What it is bound to; None: nothing.
    """

    call: cst.Call | None
    path: str | None = None


@dataclass(frozen=True)
class Variables:
    """Variables to train.

    Attributes:
        chosen: The expression that chooses them; None: all.
    """

    chosen: cst.BaseExpression | None = None


@dataclass(frozen=True)
class Clip:
    """A limit for gradients.

    Attributes:
        argument: Keras's argument for it: `clipvalue`, `clipnorm`, `global_clipnorm`.
        limit: The expression of the limit.
    """

    argument: str
    limit: cst.BaseExpression


@dataclass(frozen=True)
class Gradients:
    """Gradients of a loss.

    Attributes:
        loss: Its expression.
        variables: What they are taken with respect to.
        clip: How they are limited.
        optimizer: The optimizer that computed them; None: `tf.gradients` did.
    """

    loss: cst.BaseExpression
    variables: Variables
    clip: Clip | None = None
    optimizer: Optimizer | None = None


@dataclass(frozen=True)
class Pairs:
    """Gradients with their variables."""

    gradients: Gradients


@dataclass(frozen=True)
class TrainOp:
    """An operation that trains.

    Attributes:
        optimizer: Its optimizer.
        loss: What it minimises.
        variables: What it trains.
        clip: How gradients are limited.
        step: What it counts the steps in; None: nothing.
    """

    optimizer: Optimizer
    loss: cst.BaseExpression
    variables: Variables
    clip: Clip | None
    step: cst.BaseExpression | None


Value = Optimizer | Variables | Gradients | Pairs | TrainOp | tuple["Value | None", ...] | None


class Training:
    """Reads the statements that train.

    Args:
        names: What the module's names mean.
        leaves: The statements, in order.

    Attributes:
        values: What each path is bound to.
        kept: Statements that stay, converted: branches that choose an optimizer.
    """

    def __init__(self, names: Names, leaves: list[Leaf]):
        self.names = names
        self.values: dict[str, Value] = {}
        self.kept: list[Leaf] = []
        for leaf in leaves:
            self._leaf(leaf)

    @property
    def operations(self) -> dict[str, TrainOp]:
        """The operations that train, by path."""
        return {path: value for path, value in self.values.items() if isinstance(value, TrainOp)}

    def _leaf(self, leaf: Leaf) -> None:
        small = only_statement(leaf.node)
        if isinstance(small, cst.Assign) and len(small.targets) == 1:
            self._bind(small.targets[0].target, self.value(small.value))
        elif isinstance(leaf.node, cst.If):
            for path in self._chosen(leaf.node):
                self.values[path] = Optimizer(None, path)
            self.kept.append(leaf)
        elif isinstance(leaf.node, cst.For) and self._loop(leaf.node):
            return
        else:
            raise Refused(_NOT_UNDERSTOOD.format(_line(leaf.node)), leaf.node)

    def _bind(self, target: cst.BaseExpression, value: Value) -> None:
        path = path_of(target)
        if path is not None:
            self.values[path] = replace(value, path=path) if isinstance(value, Optimizer) else value
            return
        parts = target.elements if isinstance(target, cst.Tuple | cst.List) else []
        if not isinstance(value, tuple) or len(parts) != len(value):
            raise Refused(_NOT_UNDERSTOOD.format(code(target)), target)
        for part, one in zip(parts, value, strict=True):
            if one is not None:
                self._bind(part.value, one)

    def _chosen(self, node: cst.If) -> set[str]:
        """Return the paths that every branch binds to an optimizer."""
        found: set[str] = set()
        branch: cst.If | cst.Else | None = node
        while branch is not None:
            bound: set[str] = set()
            for one in suite(branch.body):
                small = only_statement(one)
                if isinstance(small, cst.Raise):
                    bound = found or bound
                    continue
                if not isinstance(small, cst.Assign) or not symbols.is_optimizer(
                    call_symbol(self.names, small.value) or ""
                ):
                    raise Refused(_NOT_UNDERSTOOD.format(_line(one)), one)
                bound.add(path_of(small.targets[0].target) or "")
            if found and bound != found:
                raise Refused("A branch binds an optimizer to another name than the others.", node)
            found = bound
            branch = branch.orelse if isinstance(branch, cst.If) else None
        return found

    def _loop(self, node: cst.For) -> bool:
        """Read `for i, (g, v) in enumerate(pairs): pairs[i] = (clip(g), v)`; say whether it is that."""
        inner, test = suite(node.body), ""
        # What is None has no gradient, and stays None.
        if len(inner) == 1 and isinstance(inner[0], cst.If) and inner[0].orelse is None:
            test, inner = f" if {code(inner[0].test)}", suite(inner[0].body)
        small = only_statement(inner[0]) if len(inner) == 1 else None
        target = node.target.elements if isinstance(node.target, cst.Tuple) else []
        if not isinstance(small, cst.Assign) or len(small.targets) != 1 or len(target) != 2 or node.orelse is not None:
            return False
        for path, value in self.values.items():
            listed = code(node.iter) == f"enumerate({path})"
            if (
                isinstance(value, Pairs)
                and listed
                and code(small.targets[0].target) == f"{path}[{code(target[0].value)}]"
            ):
                text = f"[{code(small.value)} for {code(target[1].value)} in {path}{test}]"
                self.values[path] = self.value(expression(text))
                return True
        return False

    # -- expressions ------------------------------------------------------------------------------

    def value(self, node: cst.BaseExpression) -> Value:
        """Return what an expression is.

        Raises:
            Refused: It is not understood.
        """
        path = path_of(node)
        if path is not None and path in self.values:
            return self.values[path]
        if isinstance(node, cst.Call):
            return self._call(node)
        if isinstance(node, cst.ListComp):
            return self._comprehension(node)
        if isinstance(node, cst.Subscript) and code(node.slice[0]) == "0" and len(node.slice) == 1:
            found = self.value(node.value)
            if isinstance(found, tuple):
                return found[0]
        raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)

    def _call(self, node: cst.Call) -> Value:
        symbol = call_symbol(self.names, node) or ""
        if symbols.is_optimizer(symbol):
            return Optimizer(node)
        if is_trainables(self.names, node):
            return Variables()
        if symbol in ("trainable_variables", "get_collection"):
            return Variables(node)
        if symbol == "gradients":
            return self._gradients(node)
        if symbol == "clip_by_global_norm":
            found = self._clipped(node)
            return (found, None)
        if isinstance(node.func, cst.Name) and node.func.value in ("zip", "list") and not symbol:
            return self._paired(node)
        if isinstance(node.func, cst.Attribute):
            base = self.value(node.func.value)
            if isinstance(base, Optimizer):
                return self._method(base, node.func.attr.value, node)
        raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)

    def _method(self, optimizer: Optimizer, method: str, node: cst.Call) -> Value:
        if argument(node, "grad_loss") is not None:
            raise Refused(
                "Gradients of the loss itself are given (grad_loss), which Keras's training has no place for."
            )
        if method == "minimize":
            loss = self._needed(node, "loss", 0)
            variables = self._variables(argument(node, "var_list", 2))
            return TrainOp(optimizer, loss, variables, None, _counter(argument(node, "global_step", 1)))
        if method == "compute_gradients":
            variables = self._variables(argument(node, "var_list", 1))
            return Pairs(Gradients(self._needed(node, "loss", 0), variables, optimizer=optimizer))
        if method == "apply_gradients":
            pairs = self.value(self._needed(node, "grads_and_vars", 0))
            if isinstance(pairs, Pairs):
                found = pairs.gradients
                step = _counter(argument(node, "global_step", 1))
                return TrainOp(optimizer, found.loss, found.variables, found.clip, step)
        raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)

    def _needed(self, node: cst.Call, keyword: str, position: int) -> cst.BaseExpression:
        found = argument(node, keyword, position)
        if found is None:
            raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)
        return found

    def _variables(self, node: cst.BaseExpression | None) -> Variables:
        if node is None:
            return Variables()
        path = path_of(node)
        known = self.values.get(path) if path else None
        if isinstance(known, Variables):
            return known
        found = self.value(node) if isinstance(node, cst.Call) and call_symbol(self.names, node) else None
        return found if isinstance(found, Variables) else Variables(node)

    def _gradients(self, node: cst.Call) -> Gradients:
        if len(node.args) > 2 and any(one.keyword is None or one.keyword.value != "name" for one in node.args[2:]):
            raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)
        return Gradients(self._needed(node, "ys", 0), self._variables(self._needed(node, "xs", 1)))

    def _clipped(self, node: cst.Call) -> Gradients:
        found = self.value(self._needed(node, "t_list", 0))
        limit = self._needed(node, "clip_norm", 1)
        if not isinstance(found, Gradients) or found.clip or argument(node, "use_norm", 2) is not None:
            raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)
        return replace(found, clip=Clip("global_clipnorm", limit))

    def _paired(self, node: cst.Call) -> Value:
        function = cst.ensure_type(node.func, cst.Name).value
        if function == "list" and len(node.args) == 1:
            return self.value(node.args[0].value)
        if function == "zip" and len(node.args) == 1 and node.args[0].star == "*":
            pairs = self.value(node.args[0].value)
            if isinstance(pairs, Pairs):
                return (pairs.gradients, pairs.gradients.variables)
        if function == "zip" and len(node.args) == 2:
            gradients = self.value(node.args[0].value)
            variables = self._variables(node.args[1].value)
            if isinstance(gradients, Gradients) and _same(gradients.variables, variables):
                return Pairs(gradients)
        raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)

    def _comprehension(self, node: cst.ListComp) -> Value:
        """Read `[(clip(g), v) for g, v in pairs]` and `[clip(g) for g in gradients]`."""
        loop = node.for_in
        found = self.value(loop.iter)
        gradients = found.gradients if isinstance(found, Pairs) else found
        parts = self._names(loop.target, paired=isinstance(found, Pairs))
        if not isinstance(gradients, Gradients) or parts is None or loop.inner_for_in is not None:
            raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)
        changed, same = node.elt, True
        if isinstance(found, Pairs):
            pair = node.elt.elements if isinstance(node.elt, cst.Tuple) else []
            same = len(pair) == 2 and code(pair[1].value) == parts[1]
            changed = pair[0].value if same else changed
        conditions = [code(one.test) for one in loop.ifs]
        if not same or conditions not in ([], [f"{parts[0]} is not None"]):
            raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)
        clipped = replace(gradients, clip=self._limit(changed, parts[0], gradients.clip))
        return Pairs(clipped) if isinstance(found, Pairs) else clipped

    @staticmethod
    def _names(target: cst.BaseExpression, *, paired: bool) -> tuple[str, str] | None:
        """Return how a comprehension calls a gradient and its variable; None: in no way that is known."""
        if isinstance(target, cst.Name):
            return (f"{target.value}[0]", f"{target.value}[1]") if paired else (target.value, "")
        parts = target.elements if isinstance(target, cst.Tuple) else []
        if not paired or len(parts) != 2:
            return None
        return code(parts[0].value), code(parts[1].value)

    def _limit(self, node: cst.BaseExpression, local: str, before: Clip | None) -> Clip | None:
        """Return what `clip(g)` does."""
        if isinstance(node, cst.IfExp) and code(node.test) in (f"{local} is not None", f"{local} is None"):
            node = node.body if "not" in code(node.test) else node.orelse
        if code(node) == local:
            return before
        symbol = call_symbol(self.names, node)
        if isinstance(node, cst.Call) and before is None and code(node.args[0].value) == local:
            if symbol == "clip_by_norm" and argument(node, "axes", 2) is None:
                return Clip("clipnorm", self._needed(node, "clip_norm", 1))
            low, high = argument(node, "clip_value_min", 1), argument(node, "clip_value_max", 2)
            if symbol == "clip_by_value" and low is not None and high is not None and _opposite(low, high):
                return Clip("clipvalue", high)
        raise Refused(_NOT_UNDERSTOOD.format(code(node)), node)


def _counter(node: cst.BaseExpression | None) -> cst.BaseExpression | None:
    return None if node is None or code(node) == "None" else node


def _opposite(low: cst.BaseExpression, high: cst.BaseExpression) -> bool:
    """Whether one expression is the other's negative."""
    first, second = code(low).replace(" ", ""), code(high).replace(" ", "")
    if first == f"-{second}":
        return True
    try:
        return float(first) == -float(second)
    except ValueError:
        return False


def _same(first: Variables, second: Variables) -> bool:
    texts = [None if one.chosen is None else code(one.chosen) for one in (first, second)]
    return texts[0] == texts[1]


def _line(node: cst.CSTNode) -> str:
    return next((line for line in code(node).strip().splitlines() if not line.lstrip().startswith("#")), "")
