"""Whether somebody may call one of Google Cloud's own APIs: token, scope, project to count for, API, role."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ytquota.sandbox import cloud_errors
from ytquota.sandbox.access import Principal
from ytquota.sandbox.accounts import SCOPE_PREFIX

if TYPE_CHECKING:
    from ytquota.sandbox.cloud_errors import Service
    from ytquota.sandbox.state import State
    from ytquota.sandbox.wire import Request

ID_PREFIX = "sandbox-"
"""What a project's id has before its number."""


class Door(NamedTuple):
    """What one method asks for.

    Args:
        service: the API.
        rpc: the method's name, as errors tell it.
        scopes: short names, of which one is needed.
    """

    service: Service
    rpc: str
    scopes: frozenset[str]


def number_of(project: str) -> str:
    """The number of a project named by its number or its id."""
    return project.removeprefix(ID_PREFIX)


class Gate:
    """Lets callers in."""

    def __init__(self, state: State) -> None:
        self._state = state

    def admit(self, request: Request, door: Door) -> Principal:
        """Who calls, up to but without the question of a role.

        Raises:
            CloudError: it may not.
        """
        principal, scopes = self._identify(request, door)
        if not door.scopes & {scope.removeprefix(SCOPE_PREFIX) for scope in scopes}:
            raise cloud_errors.scope_too_small(door.service, door.rpc)
        consumer = self._consumer(request, principal, door.service)
        if (consumer, door.service.name) in self._state.access.disabled:
            raise cloud_errors.api_disabled(consumer, door.service)
        return principal

    def _identify(self, request: Request, door: Door) -> tuple[Principal, frozenset[str]]:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise cloud_errors.keys_refused(door.service, door.rpc)
        access, accounts = self._state.access, self._state.accounts
        found = access.find(token)
        if found:
            return found.principal, found.scopes
        login = accounts.tokens.get(token)
        if login is None or not accounts.is_good(login):
            raise cloud_errors.stale_token(door.service, door.rpc)
        roles = access.principal(login.grant.channel).roles
        project = login.grant.client.project.number
        return Principal(login.grant.channel, project, roles), login.scopes

    def _consumer(self, request: Request, principal: Principal, service: Service) -> str:
        """The number of the project that the call counts for, where the API must be switched on."""
        named = number_of(request.headers.get("x-goog-user-project", ""))
        if named:
            if not principal.may("serviceusage.services.use", named):
                raise cloud_errors.may_not_use(named, service)
            return named
        if principal.project is None:
            raise cloud_errors.no_quota_project(service)
        return principal.project
