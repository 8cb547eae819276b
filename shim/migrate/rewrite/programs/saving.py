"""What `saver.save(..)` and `saver.restore(..)` become: files of Keras's weights."""

from collections.abc import Callable

import libcst as cst

from onevar.migrate.rewrite.programs import leaves as kinds
from onevar.migrate.rewrite.programs.checks import is_saver
from onevar.migrate.rewrite.programs.leaves import Refused, argument
from onevar.migrate.rewrite.programs.model import ModelWriter
from onevar.migrate.rewrite.programs.reading import assigned, code, path_of


class Saving:
    """Writes the statements.

    Args:
        writer: Of the model.
        step: Returns the expression of the step.
        converted: Returns the code of an expression, converted.

    Attributes:
        suffixed: Paths that are bound to names of files with their ending.
    """

    def __init__(self, writer: ModelWriter, step: Callable[[], str], converted: Callable[[cst.BaseExpression], str]):
        self.writer = writer
        self.suffixed: set[str] = set()
        self._step = step
        self._converted = converted

    def text(self, small: cst.BaseSmallStatement) -> str | None:
        """Return what a statement becomes; None if it neither saves nor restores.

        Raises:
            Refused: It has no equivalent.
        """
        value = small.value if isinstance(small, cst.Expr | cst.Assign) else None
        if not isinstance(value, cst.Call) or not isinstance(value.func, cst.Attribute):
            return None
        if not is_saver(self.writer.analysis, value.func.value):
            return None
        method, model = value.func.attr.value, self.writer.model_name
        path = argument(value, "save_path", 1)
        named = argument(value, "latest_filename", 3) if method == "save" else None
        if path is None or named is not None or method not in ("save", "restore"):
            raise Refused(f"`{code(value.func)}` has no equivalent.", value)
        target = self._file(path, argument(value, "global_step", 2))
        if method == "restore":
            loads = "load_weights" if self.writer.operation is None else "restore"
            return f"{model}.{loads}({target})\n"
        found = assigned(small)
        if found is None:
            return f"{model}.save_weights({target})\n"
        self.suffixed.add(found[0])
        return f"{found[0]} = {target}\n{model}.save_weights({found[0]})\n"

    def _file(self, path: cst.BaseExpression, step: cst.BaseExpression | None) -> str:
        if step is not None:
            counted = self.writer.analysis.known.get(path_of(step) or "") == kinds.STEP
            count = self._step() if counted else self._converted(step)
            return f'"{{}}-{{}}.weights.h5".format({self._converted(path)}, {count})'
        if isinstance(path, cst.SimpleString) and not path.prefix:
            return f"{path.quote}{path.raw_value}.weights.h5{path.quote}"
        if path_of(path) in self.suffixed:
            return code(path)
        atom = isinstance(path, cst.Name | cst.Attribute | cst.Call | cst.Subscript)
        text = self._converted(path)
        return f'{text} + ".weights.h5"' if atom else f'({text}) + ".weights.h5"'
