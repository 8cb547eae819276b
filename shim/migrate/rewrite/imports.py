"""The imports that rewritten code needs, and names that a module does not use yet."""

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from onevar.migrate.rewrite.names import Names, dotted

#: What an import gives that a module may have made of TensorFlow under the same name: `flags = tf.app.flags`.
_SAME = {("absl", "flags"): ("flags", "app.flags", "python.platform.flags")}


@dataclass(frozen=True)
class Line:
    """One import.

    Attributes:
        module: What is imported, or what from.
        name: What is taken from it; empty for `import module`.
        local: The name that it gets.
    """

    module: str
    name: str
    local: str

    @property
    def text(self) -> str:
        """The statement."""
        taken = self.name or self.module
        start = f"from {self.module} import {self.name}" if self.name else f"import {self.module}"
        return start if taken == self.local else f"{start} as {self.local}"


class ModuleImports:
    """The new imports of one module, each once.

    Args:
        names: What the module's names mean.
    """

    def __init__(self, names: Names):
        self._taken = set(names.identifiers)
        self._there = {(one.module, one.name): one.local for one in top_imports(names.module) if _stays(one, names)}
        self._lines: dict[tuple[str, str], Line] = {}
        self._names = names

    def require(self, text: str) -> str:
        """Have an import statement, once.

        Args:
            text: `"from keras import ops"`, `"import keras"`.

        Returns:
            The name that it binds: the statement's own, unless the module uses that for something else.
        """
        (wanted,) = lines_of(cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine))
        key = (wanted.module, wanted.name)
        if key in self._there:
            return self._there[key]
        if key not in self._lines:
            plain = wanted.local not in self._taken or self._is_same(wanted)
            stem = wanted.local if plain else f"{wanted.module.replace('.', '_')}_{wanted.name}".rstrip("_")
            self._lines[key] = Line(wanted.module, wanted.name, self.fresh("keras3" if stem == "keras" else stem))
            if plain:
                self._lines[key] = wanted
                self._taken.add(wanted.local)
        return self._lines[key].local

    def _is_same(self, wanted: Line) -> bool:
        """Whether the name that an import binds means the same in the module already."""
        meant, unsure = self._names.path_of(cst.Name(wanted.local))
        return meant is not None and not unsure and meant in _SAME.get((wanted.module, wanted.name), ())

    def fresh(self, stem: str) -> str:
        """Return a name that the module does not use, `stem` itself if it can be; it is used from now on."""
        number, name = 2, stem
        while name in self._taken:
            name, number = f"{stem}_{number}", number + 1
        self._taken.add(name)
        return name

    def lines(self, used: set[str]) -> list[str]:
        """Return the statements to add, sorted.

        Args:
            used: The names that the rewritten module reads; what it does not is not imported.
        """
        wanted = [line for line in self._lines.values() if line.local in used]
        return [line.text for line in sorted(wanted, key=lambda line: (bool(line.name), line.module, line.name))]


def lines_of(statement: cst.SimpleStatementLine) -> list[Line]:
    """Return the imports of a statement, one for each name; none for any other statement, or for a star."""
    return [line for part in statement.body for line in _of(part)]


def _of(part: cst.BaseSmallStatement) -> Iterator[Line]:
    if isinstance(part, cst.Import):
        for one in part.names:
            local = one.evaluated_alias or one.evaluated_name.partition(".")[0]
            # `import a.b` binds `a`.
            yield Line(one.evaluated_name if one.evaluated_alias else local, "", local)
    elif isinstance(part, cst.ImportFrom) and not isinstance(part.names, cst.ImportStar) and not part.relative:
        for one in part.names:
            yield Line(dotted(part.module), one.evaluated_name, one.evaluated_alias or one.evaluated_name)


def top_imports(module: cst.Module) -> list[Line]:
    """Return the imports that a module always makes, at its top."""
    return [line for one in module.body if isinstance(one, cst.SimpleStatementLine) for line in lines_of(one)]


def _stays(line: Line, names: Names) -> bool:
    """Whether an import's name means nothing else in any scope of the module."""
    bound = 0
    for node, parent in names.parents.items():
        if isinstance(node, cst.Name) and node.value == line.local:
            bound += isinstance(parent, cst.AssignTarget | cst.Param | cst.AsName | cst.For | cst.CompFor)
            bound += isinstance(parent, cst.FunctionDef | cst.ClassDef | cst.NamedExpr) and parent.children[0] is node
    return bound <= (line.local != (line.name or line.module))
