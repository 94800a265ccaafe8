"""How bad a pool stands, as an exit code: by what is used, and by what a published forecast expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota.cli.output import from_iso
from ytquota.clock import SystemClock
from ytquota.intelligence.published import VALID, read_published

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

NEARLY, ALMOST, GONE = 10, 20, 30
LIKELY = 0.5

Ahead = dict[tuple[str, str], tuple[float, str]]
"""By (project, bucket): the probability of a run-out before the reset, and when ("" where not known)."""


def code_of(pool: Mapping[str, Any], likely: float | None = None) -> int:
    """0 fine, 10 over 80 % used, 20 over 95 % or more likely than not to run out, 30 exhausted."""
    if pool["exhausted_until"] or pool["left"] <= 0:
        return GONE
    if pool["share"] > 0.95 or (likely or 0.0) > LIKELY:  # noqa: PLR2004 - the shares named above
        return ALMOST
    return NEARLY if pool["share"] > 0.8 else 0  # noqa: PLR2004


def dead_sets(sets: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The sets (as `CredentialSet.to_json` gives them) that no call can be made with until somebody acts."""
    return [
        one
        for one in sets
        if one["state"] in {"missing", "unusable"} or (one["state"] == "quarantined" and not one["retry_at"])
    ]


def dead_line(one: Mapping[str, Any]) -> str:
    """What is wrong with such a set, in a line of `check`."""
    return f"{'broken':<7}set {one['number']}: {one['why']}"


def published_ahead(memory: Path) -> Ahead | None:
    """What the forecast of the last half hour expects; None where there is none."""
    found = read_published(memory)
    if found is None or not 0 <= SystemClock().time() - from_iso(found["made_at"]).timestamp() <= VALID:
        return None
    return ahead_of(found["pools"])


def ahead_of(pools: Sequence[Mapping[str, Any]]) -> Ahead:
    """What forecasts (as `Forecast.as_dict` gives them) expect."""
    return {
        (one["project"], one["bucket"]): (
            one["run_out_probability"],
            one["run_out_at"]["middle"] or one["run_out_at"]["low"] or "",
        )
        for one in pools
        if one.get("run_out_probability") is not None
    }
