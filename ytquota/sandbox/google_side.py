"""The part of the face that sets up Google's side: who may read a project's figures, and what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ytquota.sandbox import cloud_errors, environment
from ytquota.sandbox.access import GCLOUD_PROJECT, ROLES
from ytquota.sandbox.accounts import SCOPE_PREFIX
from ytquota.sandbox.furnishing import Furnishing
from ytquota.sandbox.gate import ID_PREFIX
from ytquota.sandbox.google_apis import QUOTAS
from ytquota.sandbox.monitoring import API as MONITORING
from ytquota.sandbox.price_list import DAILY_LIMITS
from ytquota.sandbox.quota_desk import REASONS
from ytquota.sandbox.usage import DEFAULT_LAG, Gap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ytquota.sandbox.access import Principal

ApiName = Literal["monitoring", "cloudquotas"]
READER = ("roles/monitoring.viewer", "roles/cloudquotas.viewer")
CLOUD_SCOPES = (SCOPE_PREFIX + "cloud-platform",)

_APIS: dict[str, cloud_errors.Service] = {"monitoring": MONITORING, "cloudquotas": QUOTAS}
_TROUBLES = {
    "revoked": ("invalid_grant", "Token has been expired or revoked.", ""),
    "session ended": ("invalid_grant", "reauth related error (invalid_rapt)", "invalid_rapt"),
    "key deleted": ("invalid_grant", "Invalid JWT Signature.", ""),
    "account deleted": ("invalid_grant", "Invalid grant: account not found", ""),
}


class GoogleSide(Furnishing):
    """Service accounts, logins, roles, switched-off APIs, and what Monitoring shows."""

    def service_account(
        self, project: str, *, name: str = "reader", roles: Iterable[str] = READER
    ) -> dict[str, Any]:
        """A service account of a project with a fresh key, as the key file that Google hands out.

        Args:
            project: number of the project it belongs to, and in which it gets the roles.
            name: what its mail address begins with.
            roles: such as "roles/monitoring.viewer".
        """
        with self._state.lock:
            self._state.accounts.project(project)
            principal, private = self._state.access.service_account(project, name)
            self._give(principal, project, roles)
            return environment.service_account(principal.name, project, private, self.url)

    def cloud_login(
        self,
        project: str,
        *,
        name: str = "person@example.com",
        roles: Iterable[str] = ("roles/owner",),
        quota_project: str | None = "",
        scopes: Iterable[str] = CLOUD_SCOPES,
    ) -> dict[str, Any]:
        """A person's login by `gcloud auth application-default login`, as the file that it writes.

        Args:
            project: number of the project in which the person gets the roles.
            name: mail address.
            roles: such as "roles/viewer".
            quota_project: the project named in the file; empty: `project`; None: none, as on some machines.
            scopes: what was agreed to.
        """
        with self._state.lock:
            client = self._state.accounts.client_of(GCLOUD_PROJECT)
            principal, refresh = self._state.access.person(name, scopes)
            self._give(principal, project, roles)
            quota = f"{ID_PREFIX}{project}" if quota_project == "" else quota_project
            return environment.gcloud_login(client, refresh, quota, self.url)

    def grant_role(self, principal: str, role: str, project: str) -> None:
        """Give a role in a project to a service account, a person, or a channel, by its name."""
        with self._state.lock:
            self._give(self._principal(principal), project, (role,))

    def revoke_roles(self, principal: str, project: str) -> None:
        """Take all roles in a project away."""
        with self._state.lock:
            self._principal(principal).roles.pop(project, None)

    def break_login(
        self, principal: str, how: Literal["revoked", "session ended", "key deleted", "account deleted"]
    ) -> None:
        """Give no more tokens to a service account or a person, nor take those given, and say why."""
        with self._state.lock:
            self._principal(principal).trouble = _TROUBLES[how]

    def disable_api(self, api: ApiName, project: str, *, disabled: bool = True) -> None:
        """Switch an API off in a project ("monitoring", "cloudquotas"), or on again; at first all are on."""
        entry = (project, _APIS[api].name)
        with self._state.lock:
            if disabled:
                self._state.access.disabled.add(entry)
            else:
                self._state.access.disabled.discard(entry)

    def monitoring_lag(self, seconds: float = DEFAULT_LAG, *, partial: bool = False) -> None:
        """Set how long a minute takes until Monitoring shows it.

        Args:
            seconds: after the minute's end.
            partial: show half of a younger minute's units instead of nothing.
        """
        with self._state.lock:
            self._state.billing.usage.lag = seconds
            self._state.billing.usage.partial = partial

    def monitoring_gap(self, start: datetime, end: datetime, project: str | None = None) -> None:
        """Lose the minutes between two instants (aware), of one project or of all, from Monitoring."""
        with self._state.lock:
            self._state.billing.usage.lose(Gap(start.timestamp(), end.timestamp(), project))

    def monitoring_pages(self, points: int) -> None:
        """Set how many points a page of Monitoring carries at most; Google's figure is 100,000."""
        with self._state.lock:
            self._state.billing.usage.page_points = points

    def monitoring_limit_names(self, shown: bool = True) -> None:
        """Show each series twice, once for the limit per day and once for the one per minute."""
        with self._state.lock:
            self._state.billing.usage.limit_names = shown

    def adjustable(self, project: str, bucket: str, *, why_not: str = "") -> None:
        """Let more of a bucket be asked for by Cloud Quotas, or say why not; at first nothing may.

        Args:
            project: its number.
            bucket: such as "default".
            why_not: empty, or one of Google's reasons, such as "NOT_ENOUGH_USAGE_HISTORY".
        """
        if bucket not in DAILY_LIMITS or why_not not in ("", *REASONS):
            raise ValueError(
                f"There is no bucket {bucket!r}, or no reason {why_not!r} of {', '.join(REASONS)}."
            )
        with self._state.lock:
            self._state.quotas.closed[project, bucket] = why_not

    def answer_requests(self, *, after: float = 3600.0, share: float = 1.0) -> None:
        """Set how requests for more are answered from now on.

        Args:
            after: seconds until they are.
            share: of what was asked on top of the limit, how much is granted; 0 denies.
        """
        with self._state.lock:
            self._state.quotas.after, self._state.quotas.share = after, share

    def _reader(self, projects: list[str]) -> dict[str, Any]:
        key = self.service_account(projects[0])
        for project in projects[1:]:
            for role in READER:
                self.grant_role(key["client_email"], role, project)
        return key

    def _principal(self, name: str) -> Principal:
        return self._state.access.principal(name)

    def _give(self, principal: Principal, project: str, roles: Iterable[str]) -> None:
        for role in roles:
            if role not in ROLES:
                raise ValueError(f"The sandbox knows no role {role!r}; it knows {', '.join(ROLES)}.")
            principal.roles.setdefault(project, set()).add(role)
