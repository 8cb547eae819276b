"""What only the host can do, but needs nothing except shapes and constants: done while the rest is being compiled."""

from collections.abc import Collection

from onevar.core.control_flow import BranchStep, body_of
from onevar.core.frame import KernelStep, Step
from onevar.core.plan import breaks
from onevar.core.reach import bodies


def folds(step: Step, reads: set[int], known: Collection[int]) -> bool:
    """Whether a step that a compiler cannot have does the same in every run of what is compiled.

    Args:
        step: A step.
        reads: The slots that it reads.
        known: The slots whose values are the same in every run.
    """
    return breaks(step) and all(slot in known for slot in reads) and _is_foldable(step)


def _is_foldable(step: Step) -> bool:
    """Whether a step's results follow from what it reads, by NumPy, and nothing else happens."""
    if isinstance(step, KernelStep):
        return _is_pure(step)
    if isinstance(step, BranchStep):
        inside = [inner for body in bodies(step.operation) for inner in body_of(body).steps]
        return all(inner.operation.type == "Const" or _is_foldable(inner) for inner in inside)
    return False


def _is_pure(step: KernelStep) -> bool:
    kernel, operation = step.kernel, step.operation
    if operation.type == "Assert":
        return True  # it may raise, and does so before anything has run
    if kernel.state or kernel.random or operation.op_def.is_stateful:
        return False
    # Operations on strings may read files, and Python functions do what they like.
    return "PyFunc" not in operation.type and not any(
        t.dtype.base_dtype.key == "string" for t in (*operation.inputs, *operation.outputs)
    )
