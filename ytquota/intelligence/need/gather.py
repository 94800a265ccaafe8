"""Puts the evidence together: one reading of the log, one look ahead for each pool."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from ytquota import clock as clocks
from ytquota.intelligence import frames
from ytquota.intelligence.need.coming import advised, coming
from ytquota.intelligence.need.evidence import Evidence, PoolNeed
from ytquota.intelligence.need.record import methods, read, run_outs
from ytquota.intelligence.need.thrift import LATELY, thrift
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.official import TAG as OFFICIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.intelligence.advice import Advice
    from ytquota.intelligence.declared import Declaration
    from ytquota.intelligence.ensemble import PoolEnsembles
    from ytquota.intelligence.forecaster import Forecaster
    from ytquota.intelligence.need.record import Record
    from ytquota.monitor.ledger import Balance

DAYS = 90
"""Finished days that a request tells of."""


def gather(
    forecaster: Forecaster, project: str, *, days: int = DAYS, declared: Sequence[Declaration] = ()
) -> Evidence:
    """Gather the evidence for one project, from finished days alone.

    Args:
        forecaster: of the ledger.
        project: its number.
        days: how many finished days to tell of.
        declared: load to come.

    Raises:
        ValueError: the ledger does not know the project.
    """
    monitor = forecaster.monitor
    balances = monitor.ledger.usage(project).get(project, {})
    if not balances:
        raise ValueError(f"Nothing was ever counted for project {project}.")
    now = monitor.clock.time()
    today = clocks.quota_day(now)
    first = today - timedelta(days=days)
    record = read(monitor.log(clocks.day_start(first), clocks.day_start(today), project=project))
    limits = {(project, bucket): balance.limit for bucket, balance in balances.items()}
    saving = thrift(record.calls, pd.Timestamp(today - timedelta(days=LATELY)), limits)
    forecaster.reader.read()
    pools = [
        _pool(bucket, balance, record, saving.left, ahead)
        for bucket, balance in balances.items()
        if (record.all["bucket"] == bucket).any()
        for ahead in [forecaster.pool(PoolKey(project, bucket), balance.limit, declared)]
    ]
    counted = record.all[["day", "provenance"]].drop_duplicates()
    official = set(counted.loc[counted["provenance"] == OFFICIAL, "day"])
    local = set(counted.loc[counted["provenance"] != OFFICIAL, "day"])
    return Evidence(
        project=project,
        made_at=datetime.fromtimestamp(now, clocks.PACIFIC),
        first=first,
        last=today - timedelta(days=1),
        local_days=len(local),
        official_days=len(official - local),
        methods=methods(record),
        pools=tuple(pools),
        habits=saving.habits,
        done=saving.done,
        left=saving.left,
    )


def _pool(
    bucket: str, balance: Balance, record: Record, left: Sequence[Advice], ahead: PoolEnsembles
) -> PoolNeed:
    daily = frames.daily_burn(record.all[record.all["bucket"] == bucket])
    highest = int(daily["units"].max())
    highest_on = daily.loc[daily["units"] == highest, "day"].iloc[-1].date()
    expected = coming(ahead) if balance.limit > 0 else None
    spare = sum(one.saving for one in left if one.bucket == bucket)
    what = "units" if bucket == "default" else "calls"
    return PoolNeed(
        bucket=bucket,
        limit=balance.limit,
        limit_source=balance.limit_source,
        mean=float(daily["units"].mean()),
        highest=highest,
        highest_on=highest_on if highest else None,
        refused_calls=int(daily["refused"].sum()),
        refused_units=int(daily["unmet"].sum()),
        run_outs=run_outs(record, bucket, balance.limit),
        coming=expected,
        spare=spare,
        advised=advised(balance.limit, expected, spare, what=what),
    )
