"""On whose account a request goes: what it will be charged, and what to raise when YouTube refuses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from ytquota import clock as clocks
from ytquota.errors import CredentialError, classify
from ytquota.monitor.demand import Demand
from ytquota.monitor.tagging import current_tag, tag_in_force
from ytquota.prices import is_write
from ytquota.service.attempts import Attempts
from ytquota.service.identity import (
    Identity,
    identity_of_credentials,
    identity_of_secret,
    project_of_credentials,
)
from ytquota.service.multipart import Part, read_parts
from ytquota.service.refused import ServerQuotaExceeded
from ytquota.service.routes import Wire, find_call, is_batch, read_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from googleapiclient.errors import HttpError

    from ytquota.errors import Verdict
    from ytquota.monitor.metering import QuotaMonitor

API_HOSTS = frozenset(("youtube.googleapis.com", "www.googleapis.com", "youtube.mtls.googleapis.com"))
"""Where YouTube itself answers; an endpoint of one's own is added to these."""


_NOT_FINE = 300


class Trip(NamedTuple):
    """What one request on the wire will be charged.

    Attributes:
        uri: where it goes.
        demands: one per call; for a batch, one per part that is a call.
        parts: for a batch, the ids under which the demands will be answered.
    """

    uri: str
    demands: list[Demand]
    parts: tuple[str, ...] = ()

    @property
    def is_write(self) -> bool:
        """Whether sending it twice could do something twice."""
        return any(is_write(demand.method) for demand in self.demands)

    def is_answered_whole(self, status: int) -> bool:
        """Whether an answer speaks of all demands: any to a single call, an error to a whole batch."""
        return not self.parts or status >= _NOT_FINE


@dataclass(frozen=True, slots=True)
class Account:
    """What all requests of one service share.

    Attributes:
        monitor: holds and settles.
        identity: who pays.
        hosts: names of the hosts where the API answers.
        tag: tag of calls made outside of any `with ytquota.tag(...)`; "" for the script's name.
        priority: priority of the service's calls; "" for that of their methods.
        hash_key: what the parameters of calls are hashed with.
    """

    monitor: QuotaMonitor
    identity: Identity
    hosts: frozenset[str] = API_HOSTS
    tag: str = ""
    priority: str = ""
    hash_key: bytes = b""

    def trip(
        self, uri: str, verb: str, body: Any, headers: Mapping[str, Any] | None, attempts: Attempts
    ) -> Trip | None:
        """Return what a request will be charged, or None for one that spends no quota."""
        wire = read_wire(uri, verb, body, headers)
        if wire.host not in self.hosts:
            return None
        if wire.verb == "POST" and is_batch(wire.path):
            return self._batch(uri, read_parts(body, wire.headers.get("content-type", "")), attempts)
        demand = self.demand(wire, attempts)
        return None if demand is None else Trip(uri, [demand])

    def demand(self, wire: Wire, attempts: Attempts, *, payer: Identity | None = None) -> Demand | None:
        """Return what a request is charged as, to `payer` instead of this account; None if nothing."""
        call = find_call(wire, self.hash_key)
        if call is None:
            return None
        return Demand(
            method=call.method,
            project=(payer or self.identity).project,
            credential_set=(payer or self.identity).credential_set,
            tag=tag_in_force() or attempts.tag or self.tag or current_tag(),
            priority=self.priority,
            facts=call.facts,
            retry=attempts.sent,
        )

    def refusal(self, response: Any, content: bytes, trip: Trip, verdict: Verdict) -> ServerQuotaExceeded:
        """Make the error for a call that the server refused until the reset."""
        now = clocks.utc(self.monitor.clock.time())
        demand = trip.demands[0]
        price = self.monitor.prices.price_of(demand.method, on=clocks.quota_day(now))
        return ServerQuotaExceeded(
            response,
            content,
            trip.uri,
            message=verdict.message,
            project=demand.project,
            bucket=verdict.bucket or price.bucket,
            asked=price.units,
            resets_at=verdict.until or clocks.next_reset(now),
            method=demand.method,
            limit=verdict.limit,
            now=now,
        )

    def told_to_callback(self, error: HttpError, verb: str) -> HttpError:
        """Return what a batch's callback should be told: the error itself, unless the day's quota is gone."""
        demand = self.demand(read_wire(error.uri, verb, None, None), Attempts())
        if demand is None:
            return error
        now = clocks.utc(self.monitor.clock.time())
        verdict = classify(int(error.resp.status), error.content, method=demand.method, now=now)
        if verdict.kind != "exhausted":
            return error
        return self.refusal(error.resp, error.content, Trip(error.uri, [demand]), verdict)

    def for_credentials(self, credentials: Any) -> Account:
        """Return the account of other credentials: their calls are charged to their own project."""
        identity = identity_of_credentials(credentials)
        if identity is None:
            try:
                identity = Identity(project_of_credentials(credentials), OWN)
            except CredentialError:
                return self
        return self if identity == self.identity else replace(self, identity=identity)

    def _batch(self, uri: str, parts: list[Part], attempts: Attempts) -> Trip | None:
        demands, ids = [], []
        for part in parts:
            demand = self.demand(part.wire, attempts, payer=payer_of(part.wire))
            if demand is not None:
                demands.append(demand)
                ids.append(part.id)
        return Trip(uri, demands, tuple(ids)) if demands else None


OWN = "own"
"""What stands for the set's number where a bot brought credentials that are in no set."""


def payer_of(wire: Wire) -> Identity | None:
    """Return who pays for a part of a batch that carries its own authorisation, if that is known here."""
    kind, _, token = wire.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return identity_of_secret(token.strip())
    keys = [wire.headers.get("x-goog-api-key", ""), *parse_qs(wire.query).get("key", ())]
    return next((identity_of_secret(key) for key in keys if key), None)
