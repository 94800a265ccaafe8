"""Who pays what: a counter per project, bucket and quota day, and per minute where a limit asks for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ytquota.sandbox import quota_errors
from ytquota.sandbox.pacific import DayFinder, QuotaDay
from ytquota.sandbox.price_list import DAILY_LIMITS, Price, price_on
from ytquota.sandbox.usage import SeriesKey, Usage

if TYPE_CHECKING:
    from datetime import date

_MINUTE = 60.0


@dataclass
class Project:
    """A Google Cloud project: what owns quota.

    Args:
        number: its number, as a string of digits.
        limits: bucket -> units a day.
        per_minute: bucket -> units a minute; a bucket that is not named has no such limit.
        enforced: False bills without ever refusing.
        enabled: False answers every call with `accessNotConfigured`.
        in_testing: its consent screen has the publishing status Testing, so that logins end after 7 days.
    """

    number: str
    limits: dict[str, int] = field(default_factory=lambda: dict(DAILY_LIMITS))
    per_minute: dict[str, int] = field(default_factory=dict)
    enforced: bool = True
    enabled: bool = True
    in_testing: bool = False


class Billing:
    """Admits calls and counts their price.

    `usage`: the same units by minute, as Cloud Monitoring shows them; `server_errors_free`: a 5xx costs
    nothing, which nobody outside Google knows.
    """

    def __init__(self) -> None:
        self.usage = Usage()
        self.server_errors_free = False
        self._used: defaultdict[tuple[date, str, str], int] = defaultdict(int)
        self._minutes: dict[tuple[str, str], tuple[float, int]] = {}
        self._own_prices: dict[str, list[tuple[date, int]]] = {}
        self._days = DayFinder()

    def set_price(self, method: str, units: int, since: date) -> None:
        """Bill a method at another price than the list's, from a quota day on."""
        self._own_prices.setdefault(method, []).append((since, units))
        self._own_prices[method].sort(key=lambda row: row[0])

    def price(self, method: str, at: float) -> Price:
        """What a call of `method` costs at epoch second `at`."""
        day = self._days.at(at).date
        price = price_on(method, day)
        for since, units in self._own_prices.get(method, ()):
            if since <= day:
                price = Price(price.bucket, units)
        return price

    def admit(self, project: Project, method: str, at: float) -> Price:
        """Charge one call of `method` at epoch second `at`; the price it was charged.

        Raises:
            ApiError: it does not fit, and nothing was charged.
        """
        price = self.price(method, at)
        if project.enforced:
            self._check_day(project, price, self._days.at(at))
        if project.per_minute:
            self._count_minute(project, price, at)
        self.charge(project, method, price, at)
        return price

    def charge(self, project: Project, method: str, price: Price, at: float, times: int = 1) -> None:
        """Count calls at epoch second `at` without asking whether they fit; a negative `times` refunds."""
        units = price.units * times
        self._used[self._days.at(at).date, project.number, price.bucket] += units
        self.usage.add(SeriesKey(project.number, price.bucket, method), at, units)

    def fitting(self, project: Project, price: Price, at: float, times: int) -> int:
        """How many of so many calls still fit into the day of `at`, no matter how many in a minute."""
        if not project.enforced or not price.units:
            return times
        left = project.limits[price.bucket] - self.used(project.number, price.bucket, at)
        return max(0, min(times, left // price.units))

    def day(self, at: float) -> QuotaDay:
        """The quota day of epoch second `at`."""
        return self._days.at(at)

    def used(self, project: str, bucket: str, at: float) -> int:
        """Units charged on the quota day of `at`."""
        return self.used_on(self._days.at(at).date, project, bucket)

    def used_on(self, day: date, project: str, bucket: str) -> int:
        """Units charged on a quota day."""
        return self._used[day, project, bucket]

    def _check_day(self, project: Project, price: Price, day: QuotaDay) -> None:
        limit = project.limits[price.bucket]
        if self._used[day.date, project.number, price.bucket] + price.units > limit:
            raise quota_errors.used_up(project.number, price.bucket, limit, day.start)

    def _count_minute(self, project: Project, price: Price, at: float) -> None:
        limit = project.per_minute.get(price.bucket)
        if limit is None:
            return
        minute = at - at % _MINUTE
        start, units = self._minutes.get((project.number, price.bucket), (minute, 0))
        units = units if start == minute else 0
        if units + price.units > limit:
            raise quota_errors.too_fast(project.number, price.bucket, limit, minute)
        self._minutes[project.number, price.bucket] = (minute, units + price.units)
