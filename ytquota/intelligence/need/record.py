"""What the log shows of one project: use by method and day, and the days on which a pool was empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ytquota.clock import PACIFIC
from ytquota.intelligence import frames
from ytquota.intelligence.advice import read as read_calls
from ytquota.intelligence.need.evidence import MethodUse, RunOut
from ytquota.monitor.official import TAG as OFFICIAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ALL = 0.999  # of the limit: a day that used as much ran out, even if nobody asked again


@dataclass(frozen=True, slots=True)
class Record:
    """The log of a project.

    Attributes:
        calls: our own, with the columns of `advice.CALLS`.
        official: what Google counted on days without own calls, with the columns of `frames.CALLS`.
    """

    calls: pd.DataFrame
    official: pd.DataFrame

    @property
    def all(self) -> pd.DataFrame:
        """Both, with the columns of `frames.CALLS`."""
        parts = [one for one in (self.calls[list(frames.CALLS)], self.official) if len(one)]
        return pd.concat(parts, ignore_index=True) if parts else self.official


def read(rows: Iterable[Mapping[str, Any]]) -> Record:
    """Read rows as `QuotaMonitor.log()` yields them, of one project."""
    official: list[Mapping[str, Any]] = []

    def own() -> Iterator[Mapping[str, Any]]:
        for row in rows:
            if row["kind"] == OFFICIAL:
                official.append(row)
            else:
                yield row

    calls = read_calls(own())
    return Record(calls, frames.calls_frame(official))


def methods(record: Record) -> tuple[MethodUse, ...]:
    """Use by method, bucket by bucket, dearest first."""
    official = {
        (row["bucket"], row["method"]): int(row["units"])
        for row in frames.burn_by(record.official, "method").to_dict("records")
    }
    return tuple(
        MethodUse(
            bucket=row["bucket"],
            method=row["method"],
            calls=int(row["calls"]),
            units=int(row["units"]),
            failed=int(row["failed"]),
            refused=int(row["refused"]),
            official=official.get((row["bucket"], row["method"]), 0),
        )
        for row in frames.burn_by(record.all, "method").to_dict("records")
    )


def run_outs(record: Record, bucket: str, limit: int) -> tuple[RunOut, ...]:
    """The days on which a pool was empty before their end, oldest first.

    Args:
        record: the log.
        bucket: which pool.
        limit: in force now; what it was on earlier days is not in the log.
    """
    rows = record.all
    rows = rows[rows["bucket"] == bucket]
    found = [_run_out(pd.Timestamp(str(day)), one, limit) for day, one in rows.groupby("day", observed=True)]
    return tuple(one for one in found if one is not None)


def _run_out(day: pd.Timestamp, rows: pd.DataFrame, limit: int) -> RunOut | None:
    """What a day's rows of one pool tell: demand without quota after the last call that had any."""
    charged, wanted = rows[rows["units"] > 0], rows[rows["unmet"] > 0]
    last = charged["at"].max() if len(charged) else None
    after = wanted if last is None else wanted[wanted["at"] > last]
    if len(after):
        at = after["at"].min().tz_convert(PACIFIC).to_pydatetime()
        return RunOut(day.date(), at, int(after["calls"].sum()), int(after["unmet"].sum()))
    if last is None or limit <= 0 or charged["units"].sum() < _ALL * limit:
        return None
    is_ours = (charged["provenance"] != OFFICIAL).any()
    return RunOut(day.date(), last.tz_convert(PACIFIC).to_pydatetime() if is_ours else None, 0, 0)
