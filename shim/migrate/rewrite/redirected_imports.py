"""Imports of TensorFlow become imports of `onevar.v1`, under the names that they had.

What TensorFlow keeps in internal modules and `onevar.v1` has under a public name is imported by that; modules of
whose names only some are here are imported from below `onevar.v1`, whose stand-ins look the names up.
"""

from collections.abc import Iterator

import libcst as cst

from onevar.migrate import bindings, judge, paths, virtual
from onevar.migrate.rewrite.context import Replacement
from onevar.migrate.rewrite.ledger import Ledger
from onevar.migrate.rewrite.names import Names, dotted, imported_module, text_of

_ROOT = virtual.ROOT
_VERSION_2 = "It is the API of TensorFlow 2, which onevar does not offer."
_KEPT = "Imports onevar.v1."


def edits(names: Names, ledger: Ledger) -> dict[cst.CSTNode, Replacement]:
    """Return what becomes of a module's imports of TensorFlow.

    Args:
        names: The module.
        ledger: Gets a mark for each of them.
    """
    found: dict[cst.CSTNode, Replacement] = {}
    for node in names.parents:
        if isinstance(node, cst.Import):
            new: Replacement | None = _import(node, names, ledger)
        elif isinstance(node, cst.ImportFrom):
            new = _from(node, names, ledger)
        elif isinstance(node, cst.Call):
            new = _import_module(node, names, ledger)
        else:
            continue
        if isinstance(new, cst.FlattenSentinel):
            line = names.parents[node]
            if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
                # A line for each, where the one had a line of its own.
                lines = [line.with_changes(body=[part]) for part in new]
                blank = [one.with_changes(leading_lines=[]) for one in lines[1:]]
                node, new = line, cst.FlattenSentinel([lines[0], *blank])
        if new is not None:
            found[node] = new
    return found


def refusal(path: str) -> str:
    """Return why what is imported will not work on `onevar.v1` either; empty if it will."""
    if not path:
        return ""
    if _is_version_2(path):
        return _VERSION_2
    verdict = judge.verdict(path)
    if verdict.level in (judge.NOT, judge.FOREIGN):
        return verdict.advice or f"onevar.v1 does not have tf.{path}."
    return ""


def _is_version_2(path: str) -> bool:
    return path == "compat.v2" or path.startswith("compat.v2.")


def _is_ours(name: str) -> bool:
    return name == _ROOT or name.startswith(f"{_ROOT}.")


def _import(node: cst.Import, names: Names, ledger: Ledger) -> cst.Import | None:
    """Return what an `import a.b as c` becomes; None if it stays."""
    aliases, changed = [], False
    for one in node.names:
        spelled = dotted(one.name)
        path = bindings.tensorflow(spelled)
        if path is None:
            aliases.append(one)
            continue
        stays = _is_ours(spelled) or _is_version_2(path)
        new = one if stays else _renamed(one, path)
        reason = refusal(path)
        if reason:
            ledger.needs_you(one, reason)
        elif stays:
            ledger.left(one, _KEPT)
        else:
            ledger.rewritten(one, f"import {_code(new)}")
        aliases.append(new)
        changed = changed or not stays
    return node.with_changes(names=aliases) if changed else None


def _code(alias: cst.ImportAlias) -> str:
    return cst.Module([]).code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT))


def _renamed(alias: cst.ImportAlias, path: str) -> cst.ImportAlias:
    # Without `as` it is `tensorflow` that is bound, whatever module is imported below it.
    module = f"{_ROOT}.{path}".rstrip(".") if alias.asname else _ROOT
    asname = alias.asname or _as("tensorflow")
    return alias.with_changes(name=_dotted(module), asname=asname)


def _as(name: str) -> cst.AsName:
    return cst.AsName(cst.Name(name), whitespace_before_as=cst.SimpleWhitespace(" "))


def _dotted(name: str) -> cst.Attribute | cst.Name:
    parts = name.split(".")
    found: cst.Attribute | cst.Name = cst.Name(parts[0])
    for part in parts[1:]:
        found = cst.Attribute(found, cst.Name(part))
    return found


def _from(node: cst.ImportFrom, names: Names, ledger: Ledger) -> Replacement | None:
    """Return what a `from a import b` becomes: one statement, or one for each module; None if it stays."""
    module = imported_module(node, names.source)
    path = bindings.tensorflow(module)
    if path is None or node.relative:
        return None
    if isinstance(node.names, cst.ImportStar):
        return _star(node, module, path, ledger)
    moved: dict[str, list[cst.ImportAlias]] = {}
    for one in node.names:
        home, name = _home(path, one, ledger, _is_ours(module))
        new = one if name == dotted(one.name) else _taken_as(one, name)
        moved.setdefault(home, []).append(new)
    if len(moved) == 1:
        home = next(iter(moved))
        if home == module:
            return None
        same = [new for found in moved.values() for new in found]
        return node.with_changes(module=_dotted(home), names=same)
    statements = [
        cst.ImportFrom(_dotted(home), [one.with_changes(comma=cst.MaybeSentinel.DEFAULT) for one in aliases])
        for home, aliases in moved.items()
    ]
    return cst.FlattenSentinel(statements)


def _taken_as(alias: cst.ImportAlias, name: str) -> cst.ImportAlias:
    return alias.with_changes(name=cst.Name(name), asname=alias.asname or _as(dotted(alias.name)))


def _star(node: cst.ImportFrom, module: str, path: str, ledger: Ledger) -> cst.ImportFrom | None:
    reason = refusal(path)
    stays = _is_ours(module) or _is_version_2(path)
    new = f"{_ROOT}.{path}".rstrip(".")
    if reason:
        ledger.needs_you(node, reason)
    elif stays:
        ledger.left(node, _KEPT)
    else:
        ledger.rewritten(node, f"from {new} import *")
    if stays:
        return None
    return node.with_changes(module=_dotted(new))


def _home(path: str, alias: cst.ImportAlias, ledger: Ledger, ours: bool) -> tuple[str, str]:
    """Return the module and the name that an imported name is now taken from; write what becomes of it."""
    name = dotted(alias.name)
    full = paths.canonical(f"{path}.{name}".lstrip("."))
    reason = refusal(full)
    if _is_version_2(full):
        home, new = f"tensorflow.{path}".rstrip("."), name
    else:
        # The root of the API: `from tensorflow.compat import v1 as tf`.
        home, new = _public(full) if full else ("onevar", "v1")
    if reason:
        ledger.needs_you(alias, reason)
    elif ours and (home, new) == (f"{_ROOT}.{path}".rstrip("."), name):
        ledger.left(alias, _KEPT)
    else:
        ledger.rewritten(alias, f"from {home} import {new}")
    return home, new


def _public(path: str) -> tuple[str, str]:
    """Return the module, and the name in it, by which a path below `tensorflow` is imported from `onevar.v1`."""
    found = next((name for name in paths.public_names(path) if virtual.is_value(name)), None)
    if found is None:
        found = virtual.supported(path) or path
    home, _, name = found.rpartition(".")
    return f"{_ROOT}.{home}".rstrip("."), name


def _import_module(node: cst.Call, names: Names, ledger: Ledger) -> cst.Call | None:
    """Return what `import_module("tensorflow.x")`, or `__import__`, becomes; None if it stays."""
    function = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    called = function.value if isinstance(function, cst.Name) else ""
    text = text_of(node.args[0].value) if called in ("import_module", "__import__") and node.args else None
    path = bindings.tensorflow(text) if text is not None else None
    if text is None or path is None:
        return None
    use = _longest(node, names)
    if _is_ours(text):
        ledger.left(use, _KEPT)
        return None
    if called == "__import__" and len(node.args) > 1:
        ledger.needs_you(use, "__import__ of tensorflow: write an import of onevar.v1.")
        return None
    # `__import__` gives the package at the top, unless something is taken from the module.
    new = _ROOT if called == "__import__" else f"{_ROOT}.{path}".rstrip(".")
    rest = [cst.parse_expression('f(fromlist=["Session"])').args[0]] if called == "__import__" else node.args[1:]  # type: ignore[attr-defined]
    reason = refusal(path)
    if reason:
        ledger.needs_you(use, reason)
    elif names.use_of(node) is not None:
        ledger.rewritten(use, f'{called}("{new}")')
    first = node.args[0].with_changes(value=cst.SimpleString(f'"{new}"'))
    if called == "__import__":
        first = first.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return node.with_changes(args=[first, *rest])


def _longest(node: cst.CSTNode, names: Names) -> cst.CSTNode:
    """Return the use that a call belongs to: `import_module("tensorflow").nn.relu` is one."""
    while names.use_of(node) is None and isinstance(names.parents.get(node), cst.Attribute):
        node = names.parents[node]
    return node


def unused(names: Names, wanted: frozenset[str]) -> Iterator[tuple[cst.Import | cst.ImportFrom, cst.ImportAlias]]:
    """Yield the imports of `onevar.v1` whose names a module does not read.

    Args:
        names: The module.
        wanted: Names that others take from it.
    """
    for local, alias in unread(names):
        statement = names.parents.get(alias)
        if local not in wanted and isinstance(statement, cst.Import | cst.ImportFrom):
            yield statement, alias


def unread(names: Names) -> Iterator[tuple[str, cst.ImportAlias]]:
    """Yield the imports of TensorFlow, by the name that they bind, which a module does not read itself."""
    read = {node.value for node, parent in names.parents.items() if isinstance(node, cst.Name) and _reads(node, parent)}
    for use in names.uses:
        if isinstance(use.node, cst.ImportAlias):
            local = use.node.evaluated_alias or use.node.evaluated_name.partition(".")[0]
            if local not in read:
                yield local, use.node


def _reads(node: cst.Name, parent: cst.CSTNode) -> bool:
    if isinstance(parent, cst.Attribute):
        return parent.value is node
    return not isinstance(parent, cst.AsName | cst.ImportAlias)
