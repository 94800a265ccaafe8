"""What the doctor found: what it is, how bad, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The gravest first. An error stops calls or miscounts them, a warning will; a note is good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. It holds no secret.

    Attributes:
        check: which check found it; `docs/doctor.md` lists them.
        severity: "error", "warning" or "note".
        subject: the file, setting, set or pool that it is about.
        what: what is wrong, in a sentence.
        remedy: what to do, in a sentence with the command or the edit.
        done: what `fix` did about it, in a sentence; empty before, and where it failed.
        repair: does what is safe and returns a sentence about it; None where only a person can help.
    """

    check: str
    severity: Severity
    subject: str
    what: str
    remedy: str
    done: str = ""
    repair: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    @property
    def fixable(self) -> bool:
        """Whether `fix` (or `ytquota doctor --fix`) can do it."""
        return self.repair is not None

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "check": self.check,
            "severity": self.severity,
            "subject": self.subject,
            "what": self.what,
            "remedy": self.remedy,
            "fixable": self.fixable,
            "done": self.done,
        }
