"""`v[1:3].assign(x)`: parts of variables that can be assigned to."""

from typing import Any

from onevar.core.operation import Tensor


class AssignableSlice(Tensor):
    """A part of a variable's value, as `v[...]` gives it: a tensor with a method `assign`."""

    # Nothing of its own, so that a tensor can become one: what `assign` needs is kept with the operation.
    __slots__ = ()

    @staticmethod
    def of(part: Tensor, variable: Any, bounds: tuple[Any, Any, Any], masks: dict[str, int], name: str | None) -> None:
        """Let `part` be assigned to.

        Args:
            part: What the strided slice returned.
            variable: What it is a part of.
            bounds: Begin, end and strides.
            masks: The slice's five masks.
            name: The slice's name.
        """
        part.op.kept = (variable, bounds, masks, name)
        part.__class__ = AssignableSlice

    def assign(self, value: Any, name: str | None = None) -> Any:
        """Return the operation that replaces this part of the variable by `value`.

        Args:
            value: Broadcasts to the part's shape.
            name: Of the operation.
        """
        variable, (begin, end, strides), masks, own_name = self.op.kept
        if name is None:
            name = f"{own_name or ''}_assign"
        return variable._strided_slice_assign(begin, end, strides, value=value, name=name, **masks)
