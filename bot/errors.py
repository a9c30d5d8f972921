"""The small error tree. Adapters classify a platform's failures into it once; the core sees nothing else."""

from __future__ import annotations

from typing import Literal


class HeartseaseError(Exception):
    """Everything that we raise on purpose."""


class SettingsError(HeartseaseError):
    """A setting is wrong or missing: says its name and the fix. Ends a command with exit code 2."""

    def __init__(self, setting: str, fix: str) -> None:
        super().__init__(f"{setting}: {fix}")
        self.setting = setting
        self.fix = fix


class ContentError(HeartseaseError):
    """A content file does not hold to its rules; carries file and line."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file, self.line, self.problem = file, line, problem


class NotAllowedError(HeartseaseError):
    """Somebody decided what they may not: nothing of their turn is kept."""


StoreProblem = Literal[
    "locked",  # another program is writing
    "in_use",  # another `run` holds the file
    "read_only",
    "damaged",
    "missing",  # cannot be opened: no folder, no right, no such database
    "newer",  # written by a newer version
    "outdated",  # not yet migrated
    "full",
    "unreachable",  # no connection
    "conflict",  # a revision or a uniqueness that must hold did not: a bug
    "refused",  # anything else
]


class StoreError(HeartseaseError):
    """The database cannot be used as it is (locked, read-only, newer, damaged); says how to mend it."""

    def __init__(self, problem: str, kind: StoreProblem = "refused") -> None:
        super().__init__(problem)
        self.kind = kind


def is_the_stores(error: BaseException) -> bool:
    """Whether it is the store's own trouble, which nobody's input or turn has brought about."""
    return isinstance(error, StoreError) and error.kind != "conflict"


class LeaseLost(HeartseaseError):
    """Another process holds this installation now: stop sending and forget what is in flight."""


class DeliveryError(HeartseaseError):
    """A delivery did not succeed; the subclass says what to do next."""


class Retry(DeliveryError):
    """Not now: again after so many seconds. `counts` is False where the wait is no failed attempt (429)."""

    def __init__(self, after: float, scope: Literal["chat", "installation"] = "chat", *, counts: bool = False) -> None:
        super().__init__(f"retry in {after:.1f} s ({scope})")
        self.after, self.scope, self.counts = after, scope, counts


class Unreachable(DeliveryError):
    """The person cannot be reached there (blocked, deactivated, chat gone) until they come back."""


class Moved(DeliveryError):
    """The address has a new platform id."""

    def __init__(self, to: str) -> None:
        super().__init__("the address moved")
        self.to = to


class Ignored(DeliveryError):
    """The platform refused, and it does not matter ("message is not modified")."""


class Rejected(DeliveryError):
    """The platform says that what we sent is wrong: our bug. The row is dead and somebody must look."""
