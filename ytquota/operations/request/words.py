"""How figures and tables are written in a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ytquota.intelligence.ensemble import Band
    from ytquota.intelligence.need import PoolNeed
    from ytquota.intelligence.need.evidence import Counted

_COUNTED: dict[Counted, str] = {"local": "local", "official": "official", "both": "local and official"}
_LIMIT_SOURCES = {"operator": "as set here", "server": "says Google", "default": "the default"}
_SMALL = 0.01


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """A Markdown table; columns named by number are aligned to the right."""
    rules = ["--:" if place in right else "---" for place in range(len(heads))]
    lines = [heads, rules, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def span(first: date, last: date) -> str:
    """Two days, the first and the last."""
    return f"{first} to {last}"


def unit_of(bucket: str) -> str:
    """What a pool counts."""
    return "units" if bucket == "default" else "calls"


def percent(share: float) -> str:
    """A share, small ones with a decimal."""
    return f"{share:.1%}" if 0 < share < _SMALL * 10 else f"{share:.0%}"


def band(need: Band) -> str:
    """Three quantiles."""
    return ", ".join(f"{value:,.0f}" for value in need)


def counted(by: Counted) -> str:
    """Who counted."""
    return _COUNTED[by]


def limit_source(source: str) -> str:
    """Who says what the limit is."""
    return _LIMIT_SOURCES.get(source, source)


def advised_cell(one: PoolNeed) -> str:
    """The limit to ask for, in a table."""
    if one.advised.limit is None:
        return "not known yet"
    return f"**{one.advised.limit:,}**" if one.advised.is_more else "no more than now"
