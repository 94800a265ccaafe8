"""How word gets out: Apprise, a webhook, a command, and always the log.

Addresses and commands are secrets: no error and no log line shows one. A channel that fails is tried again at
every look, up to `TRIES` times; the others are not kept waiting for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ytquota.operations.alerts.book import Entry
    from ytquota.operations.alerts.edges import Alert
    from ytquota.settings import AlertSettings

    Send = Callable[[Alert], None]

TRIES = 30
"""Deliveries that are tried before a channel is given up for an alert: half an hour of looks."""

PATIENCE = 15.0
"""Seconds that a webhook or a command may take."""

logger = logging.getLogger("ytquota.alerts")


class NotDelivered(Exception):  # noqa: N818 - says what is the case
    """A channel did not take an alert; the message holds no secret."""


def channels(settings: AlertSettings) -> dict[str, Send]:
    """What delivers an alert, by the name of the channel; the log is not among them, as it cannot fail."""
    found: dict[str, Send] = {}
    if settings.urls:
        urls = [url.reveal() for url in settings.urls]
        found["apprise"] = lambda alert: _apprise(urls, alert)
    if settings.webhook is not None:
        address = settings.webhook.reveal()
        found["webhook"] = lambda alert: _post(address, alert)
    if settings.command is not None:
        words = shlex.split(settings.command.reveal())
        found["command"] = lambda alert: _run(words, alert)
    return found


def tell_log(alert: Alert) -> None:
    """Write an alert to the log of the process."""
    level = {"critical": logging.ERROR, "warning": logging.WARNING}.get(alert.severity, logging.INFO)
    logger.log(level, "%s", alert.text)


def deliver(entries: Iterable[Entry], ways: Mapping[str, Send]) -> dict[str, dict[str, str]]:
    """Try every channel that an alert waits for.

    Returns:
        By the alert's id and the channel that was tried: what went wrong, empty where it was taken. A channel
        that is no longer set up counts as if it had taken it.
    """
    results: dict[str, dict[str, str]] = {}
    down: dict[str, str] = {}  # one wait for a channel is enough for one look
    for entry in entries:
        for name in entry.waiting:
            problem = down.get(name) or (_try(ways[name], entry.alert) if name in ways else "")
            results.setdefault(entry.alert.id, {})[name] = problem
            if problem and name not in down:
                down[name] = problem
                logger.warning("The alert %s could not be delivered: %s.", entry.alert.id, problem)
    return results


def note(entries: Iterable[Entry], results: Mapping[str, Mapping[str, str]]) -> None:
    """Note in the history what `deliver` came to."""
    for entry in entries:
        tried = results.get(entry.alert.id)
        if tried is None:
            continue
        entry.tries += 1
        entry.waiting = [name for name in entry.waiting if tried.get(name)]
        if entry.tries >= TRIES and entry.waiting:
            logger.error("The alert %s was not taken by %s.", entry.alert.id, ", ".join(entry.waiting))
            entry.given_up, entry.waiting = entry.given_up + entry.waiting, []


def _try(send: Send, alert: Alert) -> str:
    try:
        send(alert)
    except NotDelivered as problem:
        return str(problem)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, others must go on; its text may be secret
        return f"a {type(error).__name__} came of it"
    return ""


def _apprise(urls: list[str], alert: Alert) -> None:
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError:
        raise NotDelivered("Apprise is not installed: pip install 'ytquota[alerts]'") from None
    kind = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
    box = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        if not box.add(url):
            raise NotDelivered(f"Apprise does not know the address number {number} of YTQUOTA_ALERT_URLS")
    told = kind.get(alert.severity, apprise.NotifyType.SUCCESS)
    if not box.notify(body=alert.text, title=alert.title, notify_type=told):
        raise NotDelivered("not every address of YTQUOTA_ALERT_URLS took it")


def _post(address: str, alert: Alert) -> None:
    from urllib.error import HTTPError, URLError  # noqa: PLC0415 - only with a webhook
    from urllib.request import Request, urlopen  # noqa: PLC0415

    headers = {"Content-Type": "application/json", "User-Agent": "ytquota"}
    request = Request(address, orjson.dumps(alert.to_json()), headers)  # noqa: S310 - settings allow http(s) only
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            answer.read(1024)
    except HTTPError as error:
        with error:
            raise NotDelivered(f"the webhook answered {error.code}") from None
    except (URLError, OSError) as error:
        raise NotDelivered(f"the webhook cannot be reached ({_cause(error)})") from None


def _cause(error: OSError) -> str:
    cause = getattr(error, "reason", error)
    return (cause.strerror if isinstance(cause, OSError) else "") or type(cause).__name__


def _run(words: list[str], alert: Alert) -> None:
    """Run the command in a group of its own, so that nothing of it is left behind when it takes too long."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own command, run without a shell
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise NotDelivered(f"the command cannot be started ({error.strerror})") from None
    try:
        process.communicate(orjson.dumps(alert.to_json()) + b"\n", timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise NotDelivered(f"the command took longer than {PATIENCE:.0f} s and was ended") from None
    finally:
        _end(process)
    if process.returncode:
        raise NotDelivered(f"the command ended with {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
