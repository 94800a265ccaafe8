"""Faster where much is said, slower where little is, for the same number of polls.

::

    wait = even * usual / busy, between even / 4 and even * 2

`even` is the wait at which the budget lasts. `busy` is the cube root of the messages per second of late and a
fiftieth, and `usual` its mean over the time so far: so the polls of busy and quiet times balance, and what
imbalance remains is evened out by `even`, which is reckoned anew from the ledger before each poll.

Why the cube root: a message waits for half the time between two polls on average. With a given number of
polls the mean wait is least if the time between polls goes with the square root of how quiet it is, and the
mean *square* of the waits if it goes with the cube root. The latter makes long waits rare, the former short
waits shorter at their expense.
"""

from __future__ import annotations

from math import exp

FASTEST, SLOWEST = 1 / 4, 2.0
"""Bounds of the wait, in even waits."""

_POWER = 1 / 3
_HUSH = 1 / 50  # messages per second added to what is heard: whether one came or none in a hush is chance
_FALLS = 30.0  # seconds in which a burst is forgotten; that one has begun is believed at once
_SETTLES = 1800.0  # seconds after which the past says as much about what is usual as the present does


class Rhythm:
    """Learns how busy it is and how busy it usually is."""

    def __init__(self) -> None:
        self._rate: float | None = None
        self._sum = self._seconds = 0.0

    def heard(self, news: int, seconds: float) -> None:
        """Note how many messages came in the last so many seconds."""
        if seconds <= 0:
            return
        now = news / seconds
        if self._rate is None:
            self._rate = now
        fallen = now + (self._rate - now) * exp(-seconds / _FALLS)
        self._rate = max(now, fallen)
        self._sum += seconds * _busy(self._rate)
        self._seconds += seconds

    @property
    def factor(self) -> float:
        """What an even wait is to be multiplied with; 1 as long as nothing was heard."""
        if self._rate is None:
            return 1.0
        busy, past = _busy(self._rate), self._sum / self._seconds
        trust = self._seconds / (self._seconds + _SETTLES)
        usual = trust * past + (1 - trust) * busy
        return min(max(usual / busy, FASTEST), SLOWEST)


def _busy(rate: float) -> float:
    return float((rate + _HUSH) ** _POWER)
