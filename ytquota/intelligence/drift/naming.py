"""From amounts to causes: what is named, how sure it is, and what it cannot be told apart from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota.intelligence.drift import words
from ytquota.intelligence.drift.amounts import SURE_ENOUGH
from ytquota.intelligence.drift.causes import Cause
from ytquota.intelligence.drift.rules import OURS
from ytquota.intelligence.sends import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from ytquota.intelligence.drift.amounts import Amounts
    from ytquota.intelligence.drift.beliefs import Belief
    from ytquota.intelligence.drift.causes import Kind
    from ytquota.intelligence.drift.series import Floats, Series
    from ytquota.prices import PriceBook

_EVEN = 0.5
_WORTH_A_WORD = 0.05  # probability from which another explanation is mentioned


@dataclass(frozen=True, eq=False, slots=True)
class Findings:
    """All that was found out about one series.

    Attributes:
        series: what Google counted, and what we did.
        amounts: the units of each cause.
        belief: what is believed of its price.
        lost: how probable it is that the source lost what is lacking, by day.
        ledgers: other ledgers' addresses, and how probable it is that their calls count here.
        book: the price list of today.
    """

    series: Series
    amounts: Amounts
    belief: Belief
    lost: Floats
    ledgers: Mapping[str, float]
    book: PriceBook


def name_causes(days: Iterable[date], findings: Findings) -> Iterator[Cause]:
    """The causes of one series, day by day."""
    for number, day in enumerate(days):
        yield from _Day(day, number, findings).causes()


class _Day:
    """One series on one day."""

    def __init__(self, day: date, number: int, findings: Findings) -> None:
        self._day, self._number, self._series = day, number, findings.series
        self._found, self._ledgers, self._book = findings.amounts, findings.ledgers, findings.book
        self._sent = findings.series.sent[:, number].sum(axis=-1)
        self._alone, self._lost = float(findings.belief.alone[number]), float(findings.lost[number])
        self._told = bool(findings.belief.told[number])
        self._logged = int(findings.series.price[number])

    def causes(self) -> Iterator[Cause]:
        """What explains the day's difference."""
        found, number = self._found, self._number
        if round(found.price[number]):
            yield self._price(round(found.price[number]))
        for place, ending in enumerate(ENDINGS):
            units = round(found.rule[place, number])
            if units:
                yield self._rule(ending, units, float(found.rule_chance[place]))
        for address, second in found.second.items():
            if round(second[number]):
                yield self._second(address, round(second[number]))
        if round(found.gap[number]):
            units = round(found.gap[number])
            yield self._cause("source", "", units, 0.95, words.source(-units))
        if abs(found.rest[number]) > found.leeway[number]:
            yield self._rest(round(found.rest[number]))

    def _price(self, units: int) -> Cause:
        believed = int(self._found.priced[self._number])
        chance = float(self._found.price_chance[self._number])
        sends = int(self._sent.sum() - self._sent[ENDINGS.index("not_sent")])
        if believed == self._logged:  # the log changed its mind in the course of the day
            chance = 1.0 - chance
        listed = self._book.price_of(self._series.method, on=self._day).units
        text = words.price(self._series.method, self._logged, believed, sends=sends, listed=listed)
        return self._cause("price", f"{believed} instead of {self._logged}", units, chance, text)

    def _rule(self, ending: str, units: int, chance: float) -> Cause:
        kind: Kind = "over_counted" if OURS[ending] else "under_counted"
        sends = int(self._sent[ENDINGS.index(ending)])
        return self._cause(kind, ending, units, chance, words.rule(ending, sends, more=units > 0))

    def _second(self, address: str, units: int) -> Cause:
        text = words.second_ledger(address, units)
        return self._cause("second_ledger", address, units, self._ledgers[address], text)

    def _rest(self, units: int) -> Cause:
        if units < 0 and self._lost >= _EVEN:
            return self._cause("source", "", units, self._lost, words.short(-units))
        if units < 0:
            return self._cause("unexplained", "", units, 1.0 - self._lost, words.UNEXPLAINED)
        ours = int(self._sent.sum())
        moments = "few moments tell them apart"
        if not self._told:
            moments = (
                "ours come too evenly to tell whether their price is right, so there may be fewer or more"
            )
        elif self._alone < 1 - SURE_ENOUGH:
            moments = "they come when we call and when we do not"
        text = words.elsewhere(units, self._series.method, ours=ours, moments=moments)
        return self._cause("elsewhere", "", units, float(self._found.more_chance[self._number]), text)

    def _cause(self, kind: Kind, detail: str, units: int, chance: float, text: tuple[str, str]) -> Cause:
        series = self._series
        others = self._others(kind, detail) if chance < SURE_ENOUGH else ()
        chance = min(1.0, max(0.0, chance))
        return Cause(self._day, series.bucket, series.method, kind, detail, units, chance, *text, others)

    def _others(self, kind: Kind, detail: str) -> tuple[str, ...]:
        """What else may be at work that day."""
        found, number = self._found, self._number
        chances = {
            ("price", ""): (f"another price than {self._logged}", float(found.price_chance[number])),
            ("elsewhere", ""): ("calls made elsewhere", float(found.more_chance[number])),
            ("gap", ""): (
                "minutes that Google's counters lost",
                self._lost if kind == "unexplained" else 0.0,
            ),
        }
        for place, ending in enumerate(ENDINGS):
            if self._sent[place]:
                text = f"{words.ENDING_WORDS[ending]} that Google charges otherwise"
                chances["rule", ending] = (text, float(found.rule_chance[place]))
        mine = ("rule", detail) if kind in {"over_counted", "under_counted"} else (kind, "")
        return tuple(
            f"{text} ({chance:.0%})"
            for key, (text, chance) in chances.items()
            if key != mine and chance >= _WORTH_A_WORD
        )
