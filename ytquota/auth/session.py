"""From a credential set to a service a bot can call: one monitor per ledger, credentials, and the wiring.

What lower parts must tell upward reaches them from here: admission decides before each call, and a verdict
that a credential is dead quarantines its set.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from ytquota.auth.choice import Choice, pick_set
from ytquota.auth.health import Health
from ytquota.auth.sets import CredentialSet, checked_token
from ytquota.auth.tokens import fingerprint_of_login
from ytquota.auth.view import refresh_view
from ytquota.auth.words import title
from ytquota.intelligence.admission import Admission
from ytquota.intelligence.monitors import monitor_of
from ytquota.monitor.demand import KEEP_NOTHING
from ytquota.settings import Settings

if TYPE_CHECKING:
    from ytquota.auth.roster import Rotation
    from ytquota.errors import Verdict
    from ytquota.monitor.demand import Demand
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.service.per_thread import PerThreadHttp

_log = logging.getLogger("ytquota.auth")


def open_monitor(settings: Settings | None = None) -> QuotaMonitor:
    """Return this process's monitor of the ledger that the settings name, opened once and fully wired.

    For bots on other clients: `monitor.call(...)` and the httpx transport then keep to the same rules as
    `get_authenticated_service`: the reserves, and the quarantine of a credential that died.

    Args:
        settings: by default what the environment and `.env` say.

    Raises:
        LedgerUnavailable: the ledger cannot be used.
        SettingsError: a setting is wrong.
    """
    settings = settings or Settings.load()
    return wire(settings, monitor_of(settings))


def wire(settings: Settings, monitor: QuotaMonitor) -> QuotaMonitor:
    """Give a monitor the rules it lacks: who may spend the last units, what a dead credential leads to."""
    if monitor.admission is KEEP_NOTHING:
        monitor.admission = Admission(settings, clock=monitor.clock)
    if monitor.on_verdict is None:
        monitor.on_verdict = _Listener(settings, monitor)
    return monitor


def open_service(
    settings: Settings,
    monitor: QuotaMonitor,
    credential_set: int | None = None,
    *,
    tag: str | None = None,
    priority: str | None = None,
    failover: str = "manual",
    buckets: tuple[str, ...] = ("default",),
) -> Any:
    """Choose a set and build its metered service; nothing is sent to Google.

    Args:
        settings: sets, rotation list, API endpoint.
        monitor: counts the calls.
        credential_set: the set's number; None means what the rotation list permits.
        tag: tag of its calls outside of any `with ytquota.tag(...)`.
        priority: "critical", "high", "normal" or "low"; by default that of the method.
        failover: "manual" keeps the set; "login" goes on with another of the rotation list where its login is
            dead, "auto" also where a pool is used up.
        buckets: the pools that the program needs, where it is to keep its set; otherwise each call sees for
            itself.

    Raises:
        CredentialError, QuotaExceeded: see `pick_set`.
        SettingsError: a service may move, and there is no rotation list.
    """
    from ytquota.service.build import service_over  # noqa: PLC0415 - the google client takes 0.3 s to load

    open_http = partial(_http, settings, monitor, tag=tag, priority=priority)
    if failover == "manual":
        choice = pick_set(settings, monitor, credential_set, buckets=buckets)
        service = service_over(open_http(choice.set), settings.api_endpoint)
        _tell(choice)
        from ytquota.auth.stand_ins import record_service  # noqa: PLC0415 - needs the google client

        record_service(monitor, choice, buckets, tag)
        return service
    from ytquota.auth.roster import Rotation  # noqa: PLC0415
    from ytquota.service.failover import FailoverHttp  # noqa: PLC0415

    roster = Rotation(settings, monitor, open_http, credential_set, failover=failover)
    http = FailoverHttp(roster, monitor, for_quota=failover == "auto")
    first = credential_set if _is_alive(roster, credential_set) else None
    choice = pick_set(settings, monitor, first, buckets=())
    service = service_over(http, settings.api_endpoint)
    _tell(choice)
    return service


def _is_alive(roster: Rotation, number: int | None) -> bool:
    """Whether a set that was asked for can be tried; else the others stand in for it at once."""
    return any(seat.number == number and not seat.trouble for seat in roster.seats())


def _http(
    settings: Settings, monitor: QuotaMonitor, one: CredentialSet, *, tag: str | None, priority: str | None
) -> PerThreadHttp:
    """Make what signs and meters the calls of a set."""
    from ytquota.service.build import signed_http  # noqa: PLC0415 - the google client takes 0.3 s to load
    from ytquota.service.identity import Identity  # noqa: PLC0415

    assert one.project is not None  # known for every set that can be chosen
    return signed_http(
        credentials=_credentials(settings, monitor, one.number),
        identity=Identity(one.project, str(one.number)),
        monitor=monitor,
        endpoint=settings.api_endpoint,
        tag=tag,
        priority=priority,
    )


def _credentials(settings: Settings, monitor: QuotaMonitor, number: int) -> Any:
    """Return what signs the calls of a set."""
    chosen = settings.sets[number]
    if chosen.api_key is not None:
        from google.auth.api_key import Credentials  # noqa: PLC0415 - google-auth takes 50 ms to load

        # as a header: in the address the key would show in every HttpError and in the client's log
        return Credentials(chosen.api_key.reveal())  # type: ignore[no-untyped-call]
    from ytquota.auth.credentials import StoredCredentials  # noqa: PLC0415

    health = Health(settings, monitor, number)
    return StoredCredentials.from_token(checked_token(chosen), health=health).watched()


class _Listener:
    """Hears every answer that is not fine."""

    def __init__(self, settings: Settings, monitor: QuotaMonitor) -> None:
        self._settings, self._monitor = settings, monitor

    def __call__(self, demand: Demand, verdict: Verdict) -> None:
        if verdict.kind == "credential_dead" and demand.credential_set.isdecimal():
            self._quarantine(int(demand.credential_set), verdict.message)
        elif verdict.kind == "exhausted":
            _log.warning("set %s, %s: %s", demand.credential_set or "?", demand.method, verdict.message)
            refresh_view(self._settings, self._monitor)

    def _quarantine(self, number: int, reason: str) -> None:
        """Set a key apart until another one stands in its place."""
        chosen = self._settings.sets.get(number)
        key = chosen.api_key if chosen else None
        login = fingerprint_of_login(key.reveal()) if key is not None else ""
        Health(self._settings, self._monitor, number).died(reason, login)


def _tell(choice: Choice) -> None:
    level = logging.WARNING if choice.set.exhausted or choice.set.missing_scopes else logging.INFO
    _log.log(level, "using %s: %s", title(choice.set), choice.why)
