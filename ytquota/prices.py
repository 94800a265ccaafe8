"""What a call costs: dated prices with their provenance, kept as data in prices.csv.

A method is named as in the discovery document without the leading ``youtube.``: ``videos.list``. A price is a
number of quota units (or of calls, in the buckets that count calls) taken from one bucket of the project. The
price of a call is the newest row not after its quota day; on a tie the documented row wins; before the first
row the first row is used and flagged; a method without any row costs the dearest known price of its kind and
is flagged, never silently 1.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from ytquota.clock import bounds_at, quota_day
from ytquota.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Provenance = Literal["documented", "community", "assumed", "override", "refuted"]
Flag = Literal["", "before-first-row", "unpriced"]
Profile = Literal["current", "pessimistic"]

DEFAULT_LIMITS = {"default": 10_000, "search_list": 100, "video_insert": 100, "video_batch_get_stats": 10_000}
"""What a new project may use per quota day (Google's figures since 2026-06-03); yours may differ."""
BUCKETS = tuple(DEFAULT_LIMITS)
PROFILES: tuple[Profile, ...] = get_args(Profile)

PRICES_FILE = Path(__file__).with_name("prices.csv")
EDITIONS = (date(2026, 9, 15), date(2026, 10, 3))
"""The two editions of Google's table that are published side by side and disagree on live methods."""

_ALIASES = dict.fromkeys(
    (
        "youtube.v3.liveChat.messages.stream",  # the discovery document's name
        "liveChat.messages.stream",
        "liveChatMessages.stream",
    ),
    "liveChatMessages.streamList",
)
_READS = ("list", "get", "download", "batchGet", "stream")
_RANK: dict[Provenance, int] = {"override": 3, "documented": 2, "community": 1, "assumed": 0, "refuted": -1}


@dataclass(frozen=True, slots=True)
class Price:
    """One dated price.

    Attributes:
        method: canonical name, as ``videos.list``.
        bucket: which daily allowance of the project it is taken from.
        units: how much of that allowance one call takes.
        provenance: documented by Google, measured by the community, assumed, or the operator's own override;
            refuted, where it was published and measured to be wrong: kept to be shown, never charged.
        valid_from: first quota day the price holds.
        source: where the figure comes from.
        flag: empty, or why the figure should be doubted: "before-first-row" or "unpriced".
    """

    method: str
    bucket: str
    units: int
    provenance: Provenance
    valid_from: date
    source: str
    flag: Flag = ""


def price_of(method: str, *, on: date | None = None, book: PriceBook | None = None) -> Price:
    """Return what one call of a method costs.

    Args:
        method: with or without the leading ``youtube.``; aliases are accepted.
        on: the quota day of the call; without it, today's.
        book: another price book than the built-in one with current prices.
    """
    day = bounds_at(time.time()).day if on is None else on
    return (book or _built_in()).price_of(method, on=day)


def canonical(method: str) -> str:
    """Return the one name of a method: without the leading ``youtube.``, aliases resolved."""
    name = method.removeprefix("youtube.")
    return _ALIASES.get(name) or _ALIASES.get(method) or name


def is_write(method: str) -> bool:
    """Tell whether a method changes something, by the verb after its last dot."""
    return not canonical(method).rpartition(".")[2].startswith(_READS)


class PriceBook:
    """All rows of a price list, answering what a method costs on a quota day.

    There are two profiles. ``current`` is the newest row in force. ``pessimistic`` is, from 2026-09-15 on,
    the dearest of the row in force and the rows dated 2026-09-15 and 2026-10-03: two editions of Google's
    table that are both still published and disagree on live methods, the true date of the second being
    unknown. An operator's override wins over both.

    Args:
        rows: the price list; see :meth:`load` for the built-in one.
        profile: "current" or "pessimistic".
    """

    def __init__(self, rows: Iterable[Price], *, profile: str = "current") -> None:
        if profile not in PROFILES:
            raise SettingsError(
                f"Price profile {profile!r} does not exist; choose one of {', '.join(PROFILES)}."
            )
        self.profile = profile
        self._rows: dict[str, list[Price]] = {}
        self._refuted: list[Price] = []
        for row in sorted(rows, key=lambda row: (row.valid_from, _RANK[row.provenance])):
            its = self._refuted if row.provenance == "refuted" else self._rows.setdefault(row.method, [])
            its.append(row)
        self._memo: dict[tuple[str, date], Price] = {}

    @classmethod
    def load(cls, profile: str = "current", overrides: Path | None = None) -> PriceBook:
        """Return the built-in price list, with the rows of an overrides file on top.

        Args:
            profile: "current" or "pessimistic".
            overrides: a CSV file with the columns of prices.csv. Only ``method`` and ``units`` are needed:
                without ``valid_from`` a row holds for every day, without ``bucket`` it keeps the bucket.

        Raises:
            SettingsError: the file cannot be read, or a row is wrong; names file and line.
        """
        rows = list(_read(PRICES_FILE))
        if overrides is not None:
            known = {row.method: row.bucket for row in sorted(rows, key=lambda row: row.valid_from)}
            rows += _read(overrides, override=True, known=known)
        return cls(rows, profile=profile)

    def price_of(self, method: str, *, on: date) -> Price:
        """Return what one call of a method costs on a quota day (a Pacific date)."""
        key = (method, on)
        price = self._memo.get(key)
        if price is None:
            if isinstance(on, datetime):
                return self.price_of(method, on=quota_day(on))
            price = self._memo[key] = self._find(canonical(method), on)
        return price

    def methods(self) -> tuple[str, ...]:
        """Return the canonical names of all methods that have a row, sorted."""
        return tuple(sorted(self._rows))

    def rows(self) -> tuple[Price, ...]:
        """Return every row that may be charged, by method and then by date."""
        return tuple(row for method in self.methods() for row in self._rows[method])

    def known_of(self, method: str) -> tuple[Price, ...]:
        """Return all that is known of a method, the newest row first, refuted ones included."""
        name = canonical(method)
        refuted = [row for row in self._refuted if row.method == name]
        rows = [*refuted, *self._rows.get(name, ())]
        return tuple(sorted(rows, key=lambda row: (row.valid_from, _RANK[row.provenance]), reverse=True))

    def _find(self, method: str, day: date) -> Price:
        rows = self._rows.get(method)
        if not rows:
            return self._dearest_of_kind(method, day)
        in_force = [row for row in rows if row.valid_from <= day]
        if not in_force:
            first = max((row for row in rows if row.valid_from == rows[0].valid_from), key=_rank)
            return replace(first, flag="before-first-row")
        overrides = [row for row in in_force if row.provenance == "override"]
        chosen = (overrides or in_force)[-1]
        return chosen if overrides or self.profile == "current" else _dearest_edition(chosen, rows, day)

    def _dearest_of_kind(self, method: str, day: date) -> Price:
        write = is_write(method)
        kind = [self._find(known, day) for known in self._rows if is_write(known) == write]
        dearest = max((price for price in kind if price.bucket == "default"), key=lambda price: price.units)
        source = f"no price is known; taken from {dearest.method}, the dearest {'write' if write else 'read'}"
        return replace(dearest, method=method, provenance="assumed", source=source, flag="unpriced")


def _dearest_edition(chosen: Price, rows: list[Price], day: date) -> Price:
    if day < EDITIONS[0]:
        return chosen
    published = [row for row in rows if row.valid_from in EDITIONS and row.bucket == chosen.bucket]
    return max([chosen, *published], key=lambda row: row.units)


def _rank(row: Price) -> int:
    return _RANK[row.provenance]


@cache
def _built_in() -> PriceBook:
    return PriceBook.load()


def _read(path: Path, *, override: bool = False, known: dict[str, str] | None = None) -> Iterator[Price]:
    """Yield the rows of a price file; an error names the file and the line."""
    import csv  # noqa: PLC0415 - only a process that asks for a price pays for it

    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Price file {path} cannot be read: {error}") from error
    reader = csv.DictReader(lines)
    missing = {"method", "units"} - set(reader.fieldnames or ())
    if missing:
        raise SettingsError(
            f"Price file {path}, line 1: the column {' and '.join(sorted(missing))} is missing."
        )
    seen: set[tuple[str, str, date]] = set()
    for line in reader:
        cells = {name: (value or "").strip() for name, value in line.items() if isinstance(name, str)}
        try:
            yield _once(seen, _row(cells, override=override, known=known or {}, path=path))
        except ValueError as error:
            raise SettingsError(f"Price file {path}, line {reader.line_num}: {error}.") from error


def _once(seen: set[tuple[str, str, date]], price: Price) -> Price:
    key = (price.method, price.provenance, price.valid_from)
    if key in seen:
        raise ValueError(f"{price.method} has a price of the same date already; keep one of them")
    seen.add(key)
    return price


def _row(cells: dict[str, str], *, override: bool, known: dict[str, str], path: Path) -> Price:
    method = canonical(cells["method"])
    if "." not in method:
        raise ValueError(f"method {method!r} is not of the form videos.list")
    bucket = cells.get("bucket") or known.get(method, "default")
    if bucket not in BUCKETS:
        raise ValueError(f"bucket {bucket!r} is none of {', '.join(BUCKETS)}")
    if not cells["units"].isdecimal():
        raise ValueError(f"units {cells['units']!r} is not a whole number of at least 0")
    return Price(
        method=method,
        bucket=bucket,
        units=int(cells["units"]),
        provenance="override" if override else _provenance(cells.get("provenance", "")),
        valid_from=_date(cells.get("valid_from", "")),
        source=cells.get("source") or path.name,
    )


def _provenance(word: str) -> Provenance:
    if word not in _RANK:
        raise ValueError(f"provenance {word!r} is none of {', '.join(_RANK)}")
    return word


def _date(text: str) -> date:
    if not text:
        return date.min
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"valid_from {text!r} is not a date like 2026-10-03") from None
