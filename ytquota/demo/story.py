"""Who is who in the demonstration: two projects, three bots, and the days on which something went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAMING = "482913375516"
RESEARCH = "730155829347"

SETS: Mapping[int, str] = {1: STREAMING, 10: RESEARCH}
CHANNELS: Mapping[int, str] = {1: "UCk3v9wQ2rTnXb5LhYf0aMdg", 10: "UC7eZpJ4sHc1VtGqNw8oRkUA"}
TITLES: Mapping[int, str] = {1: "Night Owl Live", 10: "Podcast Atlas"}

Kind = Literal["usual", "study", "runaway", "marathon"]


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot of the story: its tag, the credential set it calls with, and how much its calls matter."""

    tag: str
    credential_set: int
    priority: str

    @property
    def project(self) -> str:
        """The project number its calls are counted against."""
        return SETS[self.credential_set]


CHAT_BOT = Bot("chat-bot", 1, "high")
UPLOADER = Bot("uploader", 1, "high")
CRAWLER = Bot("crawler", 10, "low")

# How many days ago things went wrong, so that every demonstration has them wherever its today lies.
_INCIDENTS: Mapping[int, Kind] = {17: "study", 11: "runaway", 6: "marathon"}


def kind_of(day: date, today: date) -> Kind:
    """What sort of day it was.

    ``study``: the crawler asked for the captions of every video and its project ran out at noon.
    ``runaway``: a loop of the crawler asked for one video thousands of times. ``marathon``: a stream from
    the morning on, polled every few seconds, took its project's units by noon.
    """
    return _INCIDENTS.get((today - day).days, "usual")


def days_until(today: date, days: int) -> list[date]:
    """Return the last ``days`` quota days, oldest first, today included."""
    return [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]


def fleet_list() -> str:
    """The demonstration's list of ledgers: its own alone, with the names of its people and projects."""
    names = "".join(f'{project} = "{TITLES[number]}"\n' for number, project in SETS.items())
    return (
        '[[ledger]]\nname = "studio"\naddress = "."\nowner = "Streaming team"\n'
        f'sets = {{ {CRAWLER.credential_set} = "Podcast team" }}\n\n[projects]\n{names}'
    )
