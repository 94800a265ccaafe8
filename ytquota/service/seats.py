"""What a service may go out with when it may move: seats, each a credential set, kept by a roster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.service.errands import Errand
    from ytquota.service.per_thread import PerThreadHttp


@dataclass(frozen=True, slots=True)
class Seat:
    """A credential set as a service sees it.

    Attributes:
        number: the set.
        title: its name for people, with channel and project.
        project: whose quota it spends.
        channel: whom it speaks for; None if that is not known, or for an API key.
        speaker: the same in words for people.
        is_read_only: an API key.
        scopes: what its login may do; empty if that is not known.
        trouble: why no call may go out with it now; "" if one may.
        is_last: try it only where nothing else is left: it is half-open.
        is_missing: its files cannot be used, so that there is nothing to sign with.
    """

    number: int
    title: str
    project: str
    channel: str | None = None
    speaker: str = ""
    is_read_only: bool = False
    scopes: frozenset[str] = frozenset()
    trouble: str = ""
    is_last: bool = False
    is_missing: bool = False

    def speaks_as(self, other: Seat) -> bool:
        """Whether both speak for the same channel, as far as that is known."""
        return self.number == other.number or (self.channel is not None and self.channel == other.channel)


class Step(NamedTuple):
    """Calls of a bucket go another way from now on.

    Attributes:
        bucket: which calls; several joined by "+" for a batch that needs several.
        home: the seat of their first choice.
        seat: where they go now; `home` again when they return.
        why: in words for people.
        tag: of the call that went first.
    """

    bucket: str
    home: Seat
    seat: Seat
    why: str
    tag: str

    @property
    def is_return(self) -> bool:
        """Whether this is the way back."""
        return self.seat.number == self.home.number


class Roster(Protocol):
    """Knows the seats; handed down to a service by who knows credential sets."""

    def seats(self) -> Sequence[Seat]:
        """All sets that may stand in for one another, the first choice first, as they stand now; cheap."""

    def http(self, seat: Seat) -> PerThreadHttp:
        """Return what sends for a seat.

        Raises:
            CredentialError: its files are unusable.
        """

    def opened(self) -> Sequence[PerThreadHttp]:
        """Return what was made so far."""

    def moved(self, step: Step) -> None:
        """Be told, once, that calls go another way."""

    def nothing_left(self, errand: Errand, refusals: Sequence[Exception]) -> Exception:
        """Return the error for a call that no seat can make, which lists every set and its reason."""
