"""What follows a consent: learn the channel, save the token, lift the quarantine, leave an audit row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ytquota.auth.lifetime import FIELD, PUBLISH, in_words
from ytquota.auth.state import StateFile
from ytquota.auth.tokens import Token, load_token, save_token, token_lock
from ytquota.errors import CredentialError

if TYPE_CHECKING:
    from pathlib import Path

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

TAG = "ytquota login"
"""The tag under which the one unit that a login costs is logged."""

_log = logging.getLogger("ytquota.auth")


@dataclass(frozen=True, slots=True)
class LoginResult:
    """What a login led to.

    Attributes:
        number: the credential set.
        project: the project number that its calls are counted in.
        channel_id: the channel that it speaks for, or None if that could not be learned.
        channel_title: that channel's title.
        scopes: what was granted.
        message: plain sentences for the person, a change of channel or project included.
    """

    number: int
    project: str
    channel_id: str | None
    channel_title: str | None
    scopes: tuple[str, ...]
    message: str


def accept_grant(
    settings: Settings,
    number: int,
    token_file: Path,
    content: dict[str, Any],
    *,
    monitor: QuotaMonitor | None,
    who: str,
    why: str = "",
) -> LoginResult:
    """Save what a person granted.

    Args:
        settings: where the memory folder and the API are.
        number: the credential set.
        token_file: where the token goes.
        content: what `Consent.exchange` returned.
        monitor: where the one unit for learning the channel is counted; opened from the settings by default.
        who: who did it, for the audit row.
        why: the reason, for the same.
    """
    if monitor is None:
        from ytquota.auth.session import open_monitor  # noqa: PLC0415 - session imports this package's sets

        monitor = open_monitor(settings)
    fresh = Token(number, token_file, content)
    channel, problem = _learn_channel(settings, fresh, monitor)
    before = _save(fresh, content | channel)
    after = load_token(number, token_file)
    StateFile(settings.memory_dir, clock=monitor.clock).clear_quarantine(number)
    facts = {"from": _audited(before), "to": _audited(after)}
    monitor.audit("login", credential_set=number, who=who, why=why or "consent given", **facts)
    message = " ".join([*_sentences(before, after, problem), *_end(after)])
    _log.info("%s", message)
    return LoginResult(number, after.project, after.channel_id, after.channel_title, after.scopes, message)


def _learn_channel(settings: Settings, token: Token, monitor: QuotaMonitor) -> tuple[dict[str, str], str]:
    """Ask, for one unit, whom the token speaks for; a refusal must not lose the consent."""
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.oauth2.credentials import Credentials  # noqa: PLC0415
    from googleapiclient.errors import Error  # noqa: PLC0415

    from ytquota.errors import YTQuotaError  # noqa: PLC0415
    from ytquota.service.build import service_over, signed_http  # noqa: PLC0415
    from ytquota.service.identity import Identity  # noqa: PLC0415

    http = signed_http(
        credentials=Credentials(token.content["token"]),  # type: ignore[no-untyped-call]
        identity=Identity(token.project, str(token.number)),
        monitor=monitor,
        endpoint=settings.api_endpoint,
        tag=TAG,
        priority="high",
    )
    service = service_over(http, settings.api_endpoint)
    try:
        answer = service.channels().list(part="snippet", mine=True).execute(num_retries=2)
    except (Error, GoogleAuthError, YTQuotaError, OSError) as error:
        return {}, str(error)
    finally:
        service.close()
    items = answer.get("items") or []
    if not items:
        return {}, "this Google account has no YouTube channel"
    return {"channel_id": items[0]["id"], "channel_title": items[0]["snippet"]["title"]}, ""


def _save(fresh: Token, content: dict[str, Any]) -> Token | None:
    """Replace the token file, fields of other programs kept; return what it was before."""
    with token_lock(fresh.path):
        try:
            before = load_token(fresh.number, fresh.path)
        except CredentialError:
            before = None
        kept = {k: v for k, v in before.content.items() if k not in _OURS} if before else {}
        try:
            save_token(fresh.path, kept | content)
        except OSError as error:
            raise CredentialError(
                f"The consent was given, but {fresh.path} cannot be written ({error.strerror}). "
                "Make its folder writable and log in again."
            ) from None
    return before


_OURS = {
    "channel_id",
    "channel_title",
    "quota_project_id",
    "rapt_token",
    "account",
    "universe_domain",
    "scope",
    FIELD,
}
"""Fields that belong to the old grant and must not outlive it."""


def _audited(token: Token | None) -> dict[str, str | None] | None:
    if token is None:
        return None
    return {
        "project": token.project,
        "channel_id": token.channel_id,
        "channel_title": token.channel_title,
    }


def _end(after: Token) -> list[str]:
    """What there is to say of a login that will end."""
    end = after.login_ends_at
    if end is None:
        return []
    return [f"This login {in_words(end, datetime.now(UTC))}. {PUBLISH}"]


def _sentences(before: Token | None, after: Token, problem: str) -> list[str]:
    name = (
        f"channel {after.channel_title!r} ({after.channel_id})" if after.channel_id else "an unknown channel"
    )
    said = [f"Set {after.number} is logged in: {name}, project {after.project}."]
    if problem:
        said.append(f"The channel could not be learned: {problem}.")
    if before and before.channel_id and after.channel_id and before.channel_id != after.channel_id:
        said.append(
            f"Before, it spoke for another channel: {before.channel_title!r} ({before.channel_id}). "
            "Programs that use this set now speak as the new one once they are restarted."
        )
    if before and before.project != after.project:
        said.append(f"Before, it was counted in another project: {before.project}.")
    return said
