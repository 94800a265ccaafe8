"""What was measured of prices, as a person or a program is told of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date

PriceVerdict = Literal["agrees", "differs", "open"]
ChargeVerdict = Literal["charged", "free", "one unit", "in part", "open"]


@dataclass(frozen=True, slots=True)
class MeasuredPrice:
    """The price of one method.

    Attributes:
        method: the method.
        bucket: the daily allowance.
        table: what the price list says, in quota units.
        provenance: where the list has it from.
        measured: the estimate, in quota units.
        low: lower end of the interval that holds the price with 95 %; never below 0.
        high: its upper end.
        whole: the only whole number in the interval, None where there are none or several.
        calls: sends of ours that it rests on.
        days: quota days that it rests on.
        since: the first of them: the price was another one before, or the comparison begins there.
        verdict: agrees with the table, differs, or open where the calls are too few to tell.
    """

    method: str
    bucket: str
    table: int
    provenance: str
    measured: float
    low: float
    high: float
    whole: int | None
    calls: int
    days: int
    since: date
    verdict: PriceVerdict

    def to_json(self) -> dict[str, Any]:
        """The price as plain values."""
        return asdict(self) | {"since": self.since.isoformat()}

    def __str__(self) -> str:
        return f"{self.method}: table {self.table}, measured {self.figure}"

    @property
    def figure(self) -> str:
        """What was measured, as in `20 ± 0.4 over 812 calls`."""
        half = (self.high - self.low) / 2
        calls = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        return f"{_short(self.measured)} ± {_short(half)} over {calls}"


@dataclass(frozen=True, slots=True)
class MeasuredCharge:
    """What a send that ended in some other way costs.

    Attributes:
        ending: how: unchanged (304), 4xx, 5xx, lost, refused or free (bad credentials).
        measured: the share of the method's price that it costs, from 0 to 1.
        low: lower end of the interval that holds the share with 95 %.
        high: its upper end.
        sends: how many it rests on.
        verdict: charged, free, one unit whatever the method, in part, or open.
    """

    ending: str
    measured: float
    low: float
    high: float
    sends: int
    verdict: ChargeVerdict

    def to_json(self) -> dict[str, Any]:
        """The charge as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        half = (self.high - self.low) / 2
        return (
            f"{self.ending}: {self.verdict}, {_short(self.measured)} ± {_short(half)} of the price "
            f"over {self.sends:,} sends"
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured: prices by method, and what other endings cost."""

    prices: tuple[MeasuredPrice, ...]
    charges: tuple[MeasuredCharge, ...]

    def to_json(self) -> dict[str, Any]:
        """All as plain values."""
        return {
            "prices": [price.to_json() for price in self.prices],
            "charges": [charge.to_json() for charge in self.charges],
        }


def _short(value: float) -> str:
    """A figure with the digits that matter: 20, 0.4, 0.02."""
    return f"{value:.2g}" if abs(value) < 1 else f"{value:.4g}"
