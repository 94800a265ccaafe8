"""Who would pay for a call that nobody has made yet: the service, the credential set or the project tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ytquota.errors import SettingsError
from ytquota.monitor.tagging import current_tag, tag_in_force

if TYPE_CHECKING:
    from ytquota.monitor.metering import QuotaMonitor


class Payer(NamedTuple):
    """Whose quota a call takes, and how the log would name its caller.

    Attributes:
        monitor: whose ledger counts it.
        project: whose pools it is taken from.
        credential_set: as in the log; "" where no set is named.
        tag: of the call.
        priority: of the service's calls; "" for that of the method.
    """

    monitor: QuotaMonitor
    project: str
    credential_set: str
    tag: str
    priority: str


def payer_of(
    monitor: QuotaMonitor,
    *,
    service: Any = None,
    credential_set: int | None = None,
    project: str | None = None,
) -> Payer:
    """Return who pays: as the service says, else the project, else that of the set.

    Raises:
        SettingsError: nobody was named, the set's project is not known, or the service is not metered.
    """
    if service is not None:
        account = account_in(service, "can_perform_operation()")
        tag = tag_in_force() or account.tag or current_tag()
        whose = account.identity
        return Payer(account.monitor, whose.project, whose.credential_set, tag, account.priority)
    if project is None and credential_set is None:
        raise SettingsError("Whose quota is it? Give a credential set, a project, or the metered service.")
    name = "" if credential_set is None else str(credential_set)
    return Payer(monitor, project or _project(monitor, credential_set), name, current_tag(), "")


def account_in(service: Any, who_asks: str) -> Any:
    """Return the `Account` of a metered service.

    Raises:
        SettingsError: it is not one.
    """
    http: Any = getattr(service, "_http", None)
    if not getattr(http, "is_facade", False):
        raise SettingsError(
            f"{who_asks} takes a metered service, as get_authenticated_service() or monitored() returns; "
            "calls of this one are not counted."
        )
    return http.account


def _project(monitor: QuotaMonitor, credential_set: int | None) -> str:
    project = None if credential_set is None else monitor.project_of(credential_set)
    if project is None:
        raise SettingsError(
            f"The project of credential set {credential_set} is not known, so nobody knows what is left. "
            f"Name its files in .env (GOOGLE_CLIENT_SECRETS_FILE_{credential_set}, "
            f"OAUTH_TOKEN_FILE_{credential_set}), or set YTQUOTA_PROJECT_{credential_set}."
        )
    return project
