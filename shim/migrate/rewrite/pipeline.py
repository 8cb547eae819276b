"""One file through all stages: read, planned, edited, its imports settled, checked, and accounted for.

Whatever goes wrong in a stage takes back that stage for that file, or that unit: the rest of the file stays on
`onevar.v1`, which runs it, and the report says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache

import libcst as cst
from libcst.metadata import MetadataWrapper

from onevar.migrate import bindings, judge
from onevar.migrate.bindings import Exports
from onevar.migrate.rewrite import documents, edits, long_lines, redirected_imports, shared_lines
from onevar.migrate.rewrite.context import BaseContext, Converted, Left, Options, Replacement
from onevar.migrate.rewrite.documents import Damaged, Document
from onevar.migrate.rewrite.expressions import unsupported
from onevar.migrate.rewrite.finding import LEFT, NEEDS_YOU, REWRITTEN, Failure, Finding, Rewriting
from onevar.migrate.rewrite.imports import ModuleImports
from onevar.migrate.rewrite.ledger import Ledger, Mark
from onevar.migrate.rewrite.names import Names, Use
from onevar.migrate.sources import Source

_STAYS = {
    "shim": "Stage shim: it stays as it is, on onevar.v1.",
    "eager": "Outside of what this stage rewrites: it stays on onevar.v1.",
    "keras3": "Outside of what is rewritten: it stays on onevar.v1.",
}
_FOREIGN = "TensorFlow 1 has nothing of this name: it may be TensorFlow 2's, or a slip."
_GONE = "No longer needed."
_PARTNER = (
    "{partner} shares its checkpoints and stays on onevar.v1: what a converted program saves are Keras's weights, which"
    " TensorFlow 1 code does not find. Migrate it alone, once that file needs no checkpoints of it."
)
_PARSERS_LIMIT = "libcst cannot parse it, although Python can: {error}. Its imports can be changed by hand: {cure}."
_CURE = "import onevar.v1 as tf"


@dataclass
class Text:
    """A program on its way.

    Attributes:
        source: What Python reads.
        text: What it says.
    """

    source: Source
    text: str


@dataclass
class File:
    """One file of a project.

    Attributes:
        document: The file.
        shown: Its name in the report.
        given: What the project's modules have at their top.
        wanted: The names that other modules take from it.
        partner: The file that shares its checkpoints and stays on `onevar.v1`, so that it has to stay, too.
    """

    document: Document
    shown: str
    given: Exports
    wanted: frozenset[str] = frozenset()
    partner: str = ""

    @property
    def is_face(self) -> bool:
        """Whether its imports are there for others: a package's, or what `__all__` lists."""
        return self.document.path.name == "__init__.py" or "__all__" in self.document.text


@dataclass
class _Work:
    """What is known of a file while it is rewritten."""

    file: File
    names: Names
    ledger: Ledger = field(default_factory=Ledger)
    notes: list[str] = field(default_factory=list)
    reasons: dict[cst.CSTNode, str] = field(default_factory=dict)
    modelled: bool = False


def rewrite(file: File, options: Options) -> Rewriting | Failure:
    """Return what becomes of one file.

    Args:
        file: The file.
        options: What is wanted.
    """
    source = file.document.source
    if source.tree is None:
        return Failure(file.shown, source.line, source.problem)
    try:
        names = named(Text(source, file.document.text), file.given)
    except cst.ParserSyntaxError as error:
        reason = _PARSERS_LIMIT.format(error=str(error).splitlines()[0], cure=_CURE)
        return Failure(file.shown, error.raw_line, reason)
    except RecursionError:
        return Failure(file.shown, 0, "nested too deep to be rewritten")
    work = _Work(file, names)
    if not names.uses:
        return _done(work, file.document.content)
    if options.stage != "shim":
        return _apart(work, options)
    return _finished(work, options)


def _apart(work: _Work, options: Options) -> Rewriting | Failure:
    """Return what becomes of a file at a stage that converts: statements on one line may each become something else.

    A file that is not converted keeps its lines; the reasons why are those of its statements apart.
    """
    names, file = work.names, work.file
    document = shared_lines.apart(file.document, {use.line for use in names.uses})
    if document is None:
        return _finished(work, options)
    other = _Work(replace(file, document=document), named(Text(document.source, document.text), file.given))
    found = _finished(other, options)
    if not isinstance(found, Rewriting) or len(names.uses) != len(found.findings):
        return _finished(work, options)
    lines = file.document.source.lines
    rows = tuple(
        replace(row, column=use.column, text=lines[use.line - 1].strip())
        for row, use in zip(found.findings, names.uses, strict=True)
    )
    if other.modelled:
        return replace(found, findings=rows, modelled=True)
    plain = _finished(work, options)
    if not isinstance(plain, Rewriting):
        return plain
    pairs = zip(plain.findings, rows, strict=True)
    return replace(plain, findings=tuple(_better(one, row) for one, row in pairs))


def _better(one: Finding, apart: Finding) -> Finding:
    """Return a finding with the reason that its statement has on a line of its own."""
    return replace(one, reason=apart.reason) if one.status == apart.status == LEFT else one


def _finished(work: _Work, options: Options) -> Rewriting | Failure:
    file = work.file
    after = _structured(work, options)
    after = _settled(work, after, options)
    try:
        content = file.document.content if after == file.document.text else file.document.back(after)
    except (Damaged, UnicodeEncodeError) as error:
        return _whole(work, options, str(error))
    return _done(work, content, options)


def named(text: Text, given: Exports) -> Names:
    """Return a program's tree with what its names mean.

    Raises:
        libcst.ParserSyntaxError: libcst cannot parse it.
        RecursionError: It is nested too deep.
    """
    wrapper = MetadataWrapper(cst.parse_module(text.text), unsafe_skip_copy=True)
    return Names(text.source, wrapper, given)


def _structured(work: _Work, options: Options) -> str:
    """Return the text with the units converted that can be; the original's at stage shim."""
    before = work.file.document.text
    if options.stage == "shim":
        return before
    try:
        good, text = _converted(work, options)
    except Exception as error:  # noqa: BLE001 - a fault of ours in one file is a line about that file
        work.notes.append(f"Only its imports were rewritten: {type(error).__name__}: {error}")
        return before
    for unit in good:
        work.ledger.update(unit.ledger)
        work.notes += [f"{unit.unit}: {note}" for note in unit.notes]
    return text


def _converted(work: _Work, options: Options) -> tuple[list[Converted], str]:
    """Return the units that are converted, and the text with them."""
    from onevar.migrate.rewrite import programs

    imports = ModuleImports(work.names)
    plan = programs.plan(work.names, imports, options)
    units = [_kept(unit, work.file.partner) if work.file.partner else unit for unit in plan.units]
    for unit in units:
        if isinstance(unit, Left):
            work.reasons[unit.node] = f"{unit.unit}: {unit.reason}"
    good, text = _accepted(work, imports, [unit for unit in units if isinstance(unit, Converted)])
    work.modelled = bool(good)
    if options.stage == "keras3":
        rest = _rest(work, imports, good)
        good, text = _accepted(work, imports, [*good, rest]) if rest.edits else (good, text)
    return good, text


def _kept(unit: Converted | Left, partner: str) -> Left:
    return unit if isinstance(unit, Left) else Left(unit.unit, unit.node, _PARTNER.format(partner=partner))


def _rest(work: _Work, imports: ModuleImports, units: list[Converted]) -> Converted:
    """Return what becomes of uses outside of units which are none of a tensor: files, folders, flags."""
    context = BaseContext(work.names, imports, eager=False)
    unit = Converted("the module", work.names.module)
    taken = {node for one in units for node in one.edits}
    for use in work.names.uses:
        node = use.node
        parent = work.names.parents.get(node)
        if use.is_import or use.unsure or not isinstance(node, cst.BaseExpression):
            continue
        if isinstance(parent, cst.Call) and parent.func is node:
            node = parent
        if _lies_in(work.names, node, taken):
            continue
        new = context.convert(node)
        if context.ledger.marks.get(node, Mark(LEFT)).status == REWRITTEN:
            unit.edits[node] = new
            taken.add(node)
    unit.ledger.marks = {node: mark for node, mark in context.ledger.marks.items() if mark.status == REWRITTEN}
    return unit


def _lies_in(names: Names, node: cst.CSTNode | None, outer: set[cst.CSTNode]) -> bool:
    while node is not None and node not in outer:
        node = names.parents.get(node)
    return node is not None


def _accepted(work: _Work, imports: ModuleImports, units: list[Converted]) -> tuple[list[Converted], str]:
    """Return the units that give a sound program together, and its text."""
    text = _text(work, imports, units)
    wrong = _wrong(work, text)
    if not wrong:
        return units, text
    good: list[Converted] = []
    for unit in units:
        wrong = _wrong(work, _text(work, imports, [*good, unit]))
        if wrong:
            work.reasons[unit.node] = f"{unit.unit}: rewritten, {wrong}."
        else:
            good.append(unit)
    return good, _text(work, imports, good)


def _wrong(work: _Work, text: str) -> str:
    return edits.problem(text, work.file.document.text)


def _text(work: _Work, imports: ModuleImports, units: list[Converted]) -> str:
    """Return the program with some units converted, and the imports that they need."""
    changes: dict[cst.CSTNode, Replacement] = {}
    for unit in units:
        changes.update(unit.edits)
    if not changes:
        return work.file.document.text
    module = edits.without_echoes(edits.applied(work.names.module, changes))
    used = {node.value for node in _all_names(module)}
    made = edits.with_imports(module, imports.lines(used)).code
    return long_lines.broken(work.file.document.text, made)


def _all_names(node: cst.CSTNode) -> Iterable[cst.Name]:
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, cst.Name):
            yield found
        waiting += found.children


def _settled(work: _Work, text: str, options: Options) -> str:
    """Return the text with its imports of TensorFlow turned to `onevar.v1`; those that nobody uses are dropped."""
    original = work.file.document.text
    marks = Ledger()
    first = redirected_imports.edits(work.names, marks)
    for node, mark in marks.marks.items():
        work.ledger.marks.setdefault(node, mark)
    names, changes = work.names, first
    if text != original:
        names = _again(work, text)
        changes = redirected_imports.edits(names, Ledger())
    moved = edits.applied(names.module, changes).code
    same = text == original and not any(redirected_imports.unread(work.names))
    if options.stage == "shim" or work.file.is_face or same:
        return moved
    names = _again(work, moved)
    gone = list(redirected_imports.unused(names, work.file.wanted))
    final = edits.without_imports(names.module, gone).code if gone else moved
    if gone and edits.problem(final, original):
        return moved
    for alias in (alias for _, alias in gone):
        _mark_gone(work, _local(alias))
    return final


def _again(work: _Work, text: str) -> Names:
    """Return the names of a program that has changed."""
    old = work.file.document.source
    source = Source(old.path, old.module)
    documents.parse(source, text)
    given = {**work.file.given, source.module: bindings.at_top(source, work.file.given)}
    return named(Text(source, text), given)


def _local(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


def _mark_gone(work: _Work, local: str) -> None:
    for use in work.names.uses:
        if isinstance(use.node, cst.ImportAlias) and _local(use.node) == local:
            work.ledger.rewritten(use.node, _GONE)


def _whole(work: _Work, options: Options, why: str) -> Rewriting | Failure:
    """Return a file whose stage cannot be put back: at stage shim if that can be, else as it was."""
    work.modelled = False
    if options.stage != "shim":
        found = rewrite(work.file, Options(options.target, "shim"))
        if isinstance(found, Rewriting):
            return Rewriting(found.path, found.before, found.after, found.findings, (f"Stage shim only: {why}.",))
    return Failure(work.file.shown, 0, f"It was left as it is: {why}.")


def _done(work: _Work, content: bytes, options: Options | None = None) -> Rewriting:
    stage = options.stage if options is not None else "shim"
    rows = tuple(_finding(work, use, stage) for use in work.names.uses)
    return Rewriting(
        work.file.shown, work.file.document.content, content, rows, tuple(work.notes), modelled=work.modelled
    )


def _finding(work: _Work, use: Use, stage: str) -> Finding:
    source = work.file.document.source
    mark = _mark(work, use, stage)
    line, cell = use.line, 0
    if 0 < use.line <= len(source.places):
        cell, line = source.places[use.line - 1]
    text = source.lines[use.line - 1].strip() if 0 < use.line <= len(source.lines) else ""
    return Finding(work.file.shown, line, use.column, cell, use.symbol, mark.status, text, mark.reason)


@cache
def _level(path: str) -> str:
    return judge.verdict(path).level


def _mark(work: _Work, use: Use, stage: str) -> Mark:
    """Return what became of a use: the mark of the innermost node around it that has one."""
    node: cst.CSTNode | None = use.node
    found: Mark | None = None
    reason = ""
    while node is not None and found is None:
        found = work.ledger.marks.get(node)
        reason = reason or work.reasons.get(node, "")
        node = work.names.parents.get(node)
    if found is not None and found.status != LEFT:
        return found
    level = _level(use.path)
    if level == judge.NOT:
        return Mark(NEEDS_YOU, unsupported(use.path))
    if level == judge.FOREIGN:
        return Mark(NEEDS_YOU, _FOREIGN)
    return found or Mark(LEFT, reason or _STAYS[stage])
