"""Days and moments as people type them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import typer

_AGO = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def parse_day(text: str, today: date, *, option: str = "--day") -> date:
    """Return the quota day that was typed: an ISO date, ``today`` or ``yesterday``.

    Raises:
        typer.BadParameter: it is none of these.
    """
    if text == "today":
        return today
    if text == "yesterday":
        return today - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no day; write 2026-11-20, today or yesterday", param_hint=option
        ) from None


def parse_moment(text: str, now: datetime, *, option: str, ahead: bool = False) -> datetime:
    """Return the moment that was typed, aware: ``14:30``, ``2026-11-20T14:30``, or ``90m`` (``s m h d``).

    Args:
        text: What was typed; without a zone it is local time.
        now: The present moment (aware).
        option: The option it was typed for, for the error.
        ahead: Whether ``90m`` means in 90 minutes, and 14:30 the next one, rather than before now.

    Raises:
        typer.BadParameter: it is none of these.
    """
    ago = _AGO.fullmatch(text)
    if ago:
        distance = timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return now + distance if ahead else now - distance
    local = now.astimezone()
    if _TIME.fullmatch(text):
        text = f"{local.date().isoformat()}T{text.zfill(5) if text.count(':') == 1 else text}"
        is_time = True
    else:
        is_time = False
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time; write 14:30, 2026-11-20T14:30 or 90m"
        raise typer.BadParameter(message, param_hint=option) from None
    at = at.astimezone() if at.tzinfo is None else at
    return at + timedelta(days=1) if is_time and ahead and at <= now else at
