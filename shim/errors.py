"""Every error that onevar raises on its own account.

Each class derives from the builtin that a user of the frameworks would expect
(`TypeError`, `ValueError`, ...), so that existing `except` clauses keep working.
A message says what was called, what came in, and what to do about it.
"""

__all__ = [
    "AdapterError",
    "BackendMismatch",
    "CopyRequired",
    "DeviceMissing",
    "FrameworkMissing",
    "OnevarError",
    "TracedAssignment",
    "Unsupported",
]


class OnevarError(Exception):
    """Base of every error that onevar raises on its own account."""


class AdapterError(OnevarError, TypeError):
    """An adapter does not fulfil `onevar.adapters.contract`, or clashes with another."""


class BackendMismatch(OnevarError, ValueError):
    """Two parts of a program compute with different frameworks, where they have to share one."""


class FrameworkMissing(OnevarError, ImportError):
    """A framework was asked for that no adapter serves, or that is not installed."""


class DeviceMissing(OnevarError, ValueError):
    """A device was asked for that the framework does not have on this machine."""


class CopyRequired(OnevarError, BufferError):
    """Memory cannot be shared as it is; the message has the reason and the cure.

    Derives from `BufferError`, which is what the DLPack protocol raises for
    `copy=False` (array API standard, `__dlpack__`).

    Attributes:
        reason: Why the memory cannot cross (a clause, no final stop).
        cure: What to do instead (a clause, no final stop).
    """

    def __init__(self, call: str, reason: str, cure: str):
        self.call, self.reason, self.cure = call, reason, cure
        super().__init__(f"{call}: {reason}. {cure}.")

    def __reduce__(self) -> tuple:
        return type(self), (self.call, self.reason, self.cure)


class TracedAssignment(OnevarError, RuntimeError):
    """State was assigned inside a traced function, where the write would be lost."""


class Unsupported(OnevarError, NotImplementedError):
    """The adapter says in its `lacks` table that its framework cannot do this."""
