"""How long a login lasts, as far as Google says so.

Where a consent has an end, Google's answers to a login and to each renewal hold `refresh_token_expires_in`:
the seconds that the refresh token is still good for. In publishing status Testing that begins at 604,799; a
person who allows access for a limited time is the other case. google_auth_oauthlib hands the figure on, and
google.oauth2.credentials drops it, so an answer to a renewal is overheard on its way. It is kept in the token
file as `login_ends_at`, a field that Google's own classes pass over.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ytquota.clock import moment, span

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD = "login_ends_at"
"""Where a token file says when its login ends (ISO 8601, UTC)."""

WARN_AHEAD = timedelta(hours=48)
"""How long before its end people are warned of it."""

PUBLISH = (
    "So that it does not end again, publish the app first (console, OAuth consent screen, 'Publish app'): a "
    "login keeps the end that it was given."
)
"""What ends the limit of publishing status Testing; to be said beside `ytquota login N`."""


def end_in(answer: object, now: datetime) -> datetime | None:
    """Return when the login behind an answer of the token address ends; None where it does not say so.

    Args:
        answer: the JSON that came, whatever it is.
        now: when it came (aware); the figure counts from then.
    """
    said = answer.get("refresh_token_expires_in") if isinstance(answer, dict) else None
    try:
        seconds = float(said)  # type: ignore[arg-type]  # whatever is no number is caught
        return now + timedelta(seconds=seconds) if seconds > 0 else None
    except (TypeError, ValueError, OverflowError):
        return None


def with_end(content: Mapping[str, Any], end: datetime | None) -> dict[str, Any]:
    """Return the content of a token file with the end of its login, or without where that is None."""
    said = {} if end is None else {FIELD: end.isoformat(timespec="seconds")}
    return {name: value for name, value in content.items() if name != FIELD} | said


def is_near(end: datetime | None, now: datetime) -> bool:
    """Whether a login ends soon enough for a warning, or has ended; both aware."""
    return end is not None and end - now <= WARN_AHEAD


def in_words(end: datetime, now: datetime) -> str:
    """Return "ends in 2 d 3 h, Sun 29 Nov 14:05 PST (23:05 CET)", or when it ended; both aware."""
    left = (end - now).total_seconds()
    verb = f"ends in {span(left)}" if left > 0 else f"ended {span(-left)} ago"
    return f"{verb}, {moment(end, now=now)}"


class Overheard:
    """A transport request of google.auth that notes what the answers say of the login's end.

    Args:
        request: what really asks.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self.end: datetime | None = None

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Ask, and hand the answer on as it is."""
        response = self._request(*arguments, **options)
        try:
            said = json.loads(response.data)
        except ValueError:
            return response
        self.end = end_in(said, datetime.now(UTC)) or self.end
        return response
