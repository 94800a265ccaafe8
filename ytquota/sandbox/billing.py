"""Who pays what: a counter per project, bucket and quota day, and per minute where a limit asks for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ytquota.sandbox import quota_errors
from ytquota.sandbox.pacific import DayFinder, QuotaDay
from ytquota.sandbox.price_list import DAILY_LIMITS, Price, price_on

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
    """

    number: str
    limits: dict[str, int] = field(default_factory=lambda: dict(DAILY_LIMITS))
    per_minute: dict[str, int] = field(default_factory=dict)
    enforced: bool = True
    enabled: bool = True


class Billing:
    """Admits calls and counts their price."""

    def __init__(self) -> None:
        self._used: defaultdict[tuple[date, str, str], int] = defaultdict(int)
        self._minutes: dict[tuple[str, str], tuple[float, int]] = {}
        self._days = DayFinder()

    def price(self, method: str, at: float) -> Price:
        """What a call of `method` costs at epoch second `at`."""
        return price_on(method, self._days.at(at).date)

    def admit(self, project: Project, method: str, at: float) -> Price:
        """Charge one call of `method` at epoch second `at`; the price it was charged.

        Raises:
            ApiError: it does not fit, and nothing was charged.
        """
        day = self._days.at(at)
        price = price_on(method, day.date)
        if project.enforced:
            self._check_day(project, price, day)
        if project.per_minute:
            self._count_minute(project, price, at)
        self._used[day.date, project.number, price.bucket] += price.units
        return price

    def charge_if_it_fits(self, project: Project, method: str, at: float) -> Price | None:
        """As `admit`, but None instead of an error, and no matter how many in a minute."""
        day = self._days.at(at)
        price = price_on(method, day.date)
        before = self._used[day.date, project.number, price.bucket]
        if project.enforced and before + price.units > project.limits[price.bucket]:
            return None
        self._used[day.date, project.number, price.bucket] = before + price.units
        return price

    def day(self, at: float) -> QuotaDay:
        """The quota day of epoch second `at`."""
        return self._days.at(at)

    def used(self, project: str, bucket: str, at: float) -> int:
        """Units charged on the quota day of `at`."""
        return self._used[self._days.at(at).date, project, bucket]

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
