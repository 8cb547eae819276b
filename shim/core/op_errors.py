"""TensorFlow's errors: what a failing op raises, `tf.errors.*`.

Programs catch them by class (`except tf.errors.OutOfRangeError`) and read `error.message`, `error.op` and
`error.error_code`, so these are TensorFlow's own. All are `OnevarError`s as well.
"""

import traceback
from typing import Any, ClassVar

from onevar.errors import OnevarError

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(OnevarError):
    """An op failed while it ran; what is raised is one of the subclasses.

    Args:
        node_def: The definition of the op's node, or None.
        op: The `Operation`, or None.
        message: What went wrong.
        error_code: One of the codes of this module.
        *args: At most one more: a dictionary of details.
    """

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int, *args: Any):
        super().__init__()
        self._node_def, self._op, self._message, self._error_code = node_def, op, message, error_code
        self._payloads: dict[Any, Any] = args[0] if args else {}

    @property
    def message(self) -> str:
        """What went wrong."""
        return self._message

    @property
    def op(self) -> Any:
        """The `Operation` that failed, or None."""
        return self._op

    @property
    def node_def(self) -> Any:
        """The definition of the node that failed, or None."""
        return self._node_def

    @property
    def error_code(self) -> int:
        """The error's number, one of the constants of `tf.errors`."""
        return self._error_code

    @property
    def experimental_payloads(self) -> dict[Any, Any]:
        """Further details."""
        return self._payloads

    def __str__(self) -> str:
        """Return the message, and where the program made the op."""
        if self._op is None:
            return self._message
        parts = [f"{self._message}\n\nOriginal stack trace for {self._op.name!r}:\n"]
        frames = getattr(self._op, "traceback", None) or []
        parts += traceback.format_list([f if len(f) == 4 else traceback.FrameSummary(*f) for f in frames])
        return "".join(parts)

    def __reduce__(self) -> tuple:
        # An Operation belongs to the graph of this process and stays here.
        return _rebuild, (type(self), self._node_def, self._message, self._error_code, self._payloads)


def _rebuild(cls: type[OpError], node_def: Any, message: str, code: int, payloads: dict[Any, Any]) -> OpError:
    error = cls.__new__(cls)
    OpError.__init__(error, node_def, None, message, code, payloads)
    return error


class _CodedError(OpError):
    """An error whose class says its code."""

    code: ClassVar[int]

    def __init__(self, node_def: Any, op: Any, message: str, *args: Any):
        super().__init__(node_def, op, message, self.code, *args)


class CancelledError(_CodedError):
    """The op was cancelled, for example because its queue was closed."""

    code = CANCELLED


class UnknownError(_CodedError):
    """The op failed for a reason that has no class of its own, such as an exception in a `py_func`."""

    code = UNKNOWN


class InvalidArgumentError(_CodedError):
    """The op got a value that it cannot work with."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(_CodedError):
    """The op did not finish in the time given to it."""

    code = DEADLINE_EXCEEDED


class NotFoundError(_CodedError):
    """Something that the op needs, such as a file or a key of a checkpoint, does not exist."""

    code = NOT_FOUND


class AlreadyExistsError(_CodedError):
    """What the op should make exists."""

    code = ALREADY_EXISTS


class PermissionDeniedError(_CodedError):
    """The op may not do this."""

    code = PERMISSION_DENIED


class UnauthenticatedError(_CodedError):
    """The caller did not say who they are."""

    code = UNAUTHENTICATED


class ResourceExhaustedError(_CodedError):
    """There is not enough of something, such as memory."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(_CodedError):
    """The system is not in the state that the op needs: typically, a variable was not initialized."""

    code = FAILED_PRECONDITION


class AbortedError(_CodedError):
    """The op was stopped by something that went on at the same time."""

    code = ABORTED


class OutOfRangeError(_CodedError):
    """The op went beyond the end: typically, a dataset or a queue has no more elements."""

    code = OUT_OF_RANGE


class UnimplementedError(_CodedError):
    """The op cannot do this."""

    code = UNIMPLEMENTED


class InternalError(_CodedError):
    """Something that must hold did not."""

    code = INTERNAL


class UnavailableError(_CodedError):
    """What the op needs is not there at the moment."""

    code = UNAVAILABLE


class DataLossError(_CodedError):
    """Data was lost or is damaged, as in a checkpoint cut short."""

    code = DATA_LOSS


class NoArrayError(NotImplementedError, TypeError):
    """A tensor of a graph is used where an array is needed.

    TensorFlow raises NotImplementedError. It is a TypeError too, by which the operators of a framework's own tensors
    know that they should leave the other operand to do it.
    """


class OperatorNotAllowedInGraphError(OnevarError, TypeError):
    """Python asked a tensor of a graph for its value: its truth, or its elements."""


class InaccessibleTensorError(OnevarError, ValueError):
    """A tensor was used outside the graph or the loop that it belongs to."""


_CLASSES: dict[int, type[_CodedError]] = {cls.code: cls for cls in _CodedError.__subclasses__()}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """Return the class of the errors of a code.

    Args:
        error_code: One of the codes of this module, except `OK`.

    Raises:
        KeyError: It is not.
    """
    return _CLASSES[error_code]


def error_code_from_exception_type(cls: type) -> int | None:
    """Return the code of a class of errors; `UNKNOWN` for other classes.

    Args:
        cls: One of the classes of this module.
    """
    return getattr(cls, "code", UNKNOWN) if issubclass(cls, _CodedError) else UNKNOWN


def make_error(node_def: Any, op: Any, message: str, error_code: int) -> OpError:
    """Return an error of the class that belongs to a code.

    Args:
        node_def: The definition of the op's node, or None.
        op: The `Operation`, or None.
        message: What went wrong.
        error_code: One of the codes of this module; an unknown one gives `UnknownError`.
    """
    cls = _CLASSES.get(error_code)
    return UnknownError(node_def, op, message, error_code) if cls is None else cls(node_def, op, message)
