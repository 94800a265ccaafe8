"""Reading limits and asking for more, through Google's client of Cloud Quotas over REST."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ytquota.cloud.problems import QUOTAS, Attempt, CloudError, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.cloud.accounts import Account

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
FORM = "https://support.google.com/youtube/contact/yt_api_form"
"""Google's quota extension form, where requests for more of YouTube's quota usually go."""
UNLIMITED = -1

_SERVICE = "youtube.googleapis.com"
_TIMEOUT = 30.0  # seconds
_PATIENCE = 4.0  # seconds of repeating while the server has trouble
_LIMIT_THEN = "ytquota-limit-then"  # an annotation, by which a partial grant is told from none
_WHY_NOT = {
    "NO_VALID_BILLING_ACCOUNT": "the project has no billing account",
    "NOT_SUPPORTED": "Google takes no requests for it this way",
    "NOT_ENOUGH_USAGE_HISTORY": "the project has not used it for long enough",
    "OTHER": "Google gives no reason",
}

State = Literal["pending", "granted", "partly", "denied", "dry run"]


@dataclass(frozen=True, slots=True)
class QuotaLimit:
    """A limit per day, as Google has it.

    Attributes:
        bucket: which daily allowance.
        value: units (or calls) a day; -1: unlimited.
        quota_id: Google's name of the limit, as ``defaultPerDayPerProject``.
        adjustable: whether more can be asked for by Cloud Quotas.
        why_not: if not, why, in words; else empty.
        request_address: the page where more is asked for.
    """

    bucket: str
    value: int
    quota_id: str
    adjustable: bool
    why_not: str = ""
    request_address: str = FORM


@dataclass(frozen=True, slots=True)
class Preference:
    """A request for another limit, and what became of it.

    Attributes:
        name: Google's name of the request; empty if it was not sent.
        bucket: which daily allowance; empty if it is none per day.
        quota_id: Google's name of the limit.
        asked: units a day that were asked for.
        granted: units a day that are granted now, if Google says so.
        state: "pending", "granted", "partly", "denied", or "dry run" for one that was not sent.
        detail: what Google adds for people.
        asked_at: when it was first asked for (aware), if sent.
        updated_at: when it last changed (aware), if sent.
        trace: what Google's support finds the request by.
    """

    name: str
    bucket: str
    quota_id: str
    asked: int
    granted: int | None
    state: State
    detail: str = ""
    asked_at: datetime | None = None
    updated_at: datetime | None = None
    trace: str = field(default="", repr=False)


class Quotas:
    """Cloud Quotas of one project.

    Args:
        account: who asks.
        project: its number.
        endpoint: another address than Google's.
    """

    def __init__(self, account: Account, project: str, endpoint: str | None = None) -> None:
        self._account = account
        self._project = project
        self._endpoint = endpoint
        self._place = f"projects/{project}/locations/global"

    def limits(self) -> list[QuotaLimit]:
        """Return the limits per day, by bucket.

        Raises:
            CloudError: they cannot be read; says what to do.
        """
        with self._client() as (client, options):
            infos = client.list_quota_infos(parent=f"{self._place}/services/{_SERVICE}", **options)
            found = [_limit(info) for info in infos if info.refresh_interval == "day"]
        return sorted((limit for limit in found if limit), key=lambda limit: limit.bucket)

    def preferences(self) -> list[Preference]:
        """Return the requests for other limits of YouTube's, oldest first.

        Raises:
            CloudError: they cannot be read; says what to do.
        """
        buckets = {limit.quota_id: limit.bucket for limit in self.limits()}
        with self._client() as (client, options):
            sent = [
                _preference(one, buckets)
                for one in client.list_quota_preferences(parent=self._place, **options)
                if one.service == _SERVICE
            ]
        return sorted(sent, key=lambda one: (one.asked_at is None, one.asked_at, one.name))

    def ask(self, limit: QuotaLimit, value: int, *, justification: str, contact: str) -> Preference:
        """Send a request, or change the one that there is for this limit.

        Raises:
            CloudError: Google did not take it; says what to do.
        """
        known = next((one for one in self.preferences() if one.quota_id == limit.quota_id), None)
        with self._client() as (client, options):
            from google.cloud import cloudquotas_v1 as api  # noqa: PLC0415 - an extra, and heavy

            config = api.QuotaConfig(preferred_value=value, annotations={_LIMIT_THEN: str(limit.value)})
            wish = api.QuotaPreference(
                name=known.name if known else "",
                service=_SERVICE,
                quota_id=limit.quota_id,
                quota_config=config,
                justification=justification,
                contact_email=contact,
            )
            if known:
                made = client.update_quota_preference(quota_preference=wish, **options)
            else:
                made = client.create_quota_preference(parent=self._place, quota_preference=wish, **options)
        return _preference(made, {limit.quota_id: limit.bucket})

    @contextmanager
    def _client(self) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Google's client, and what goes with each of its calls; what goes wrong within is explained."""
        try:
            client, options = self._opened()
            with client:
                yield client, options
        except Exception as error:
            problem = explain(error, Attempt(QUOTAS, self._account, self._project, self._endpoint))
            if problem is None:
                raise
            raise problem from error

    def _opened(self) -> tuple[Any, dict[str, Any]]:
        try:
            from google.api_core.exceptions import ServiceUnavailable  # noqa: PLC0415 - an extra, and heavy
            from google.api_core.retry import Retry, if_exception_type  # noqa: PLC0415
            from google.cloud.cloudquotas_v1 import CloudQuotasClient  # noqa: PLC0415
            from google.cloud.cloudquotas_v1.services.cloud_quotas.transports.rest import (  # noqa: PLC0415
                CloudQuotasRestTransport,
            )
        except ImportError as error:
            raise CloudError(
                'Limits are read by a library that is not installed: run `pip install "ytquota[cloud]"`.',
                reason="extra_missing",
            ) from error
        is_local = self._endpoint is not None
        credentials = self._account.credentials_for(self._project, SCOPES, is_local=is_local)
        transport = CloudQuotasRestTransport(host=self._endpoint or QUOTAS.host, credentials=credentials)
        if is_local:
            session = transport._session  # noqa: SLF001 - no proxy of the environment leads to this machine
            session.trust_env = session._auth_request.session.trust_env = False  # noqa: SLF001
        retry = Retry(
            predicate=if_exception_type(ServiceUnavailable), initial=0.2, maximum=2.0, timeout=_PATIENCE
        )
        return CloudQuotasClient(transport=transport), {"timeout": _TIMEOUT, "retry": retry}


def _limit(info: Any) -> QuotaLimit | None:
    """The limit for all of the project; limits for a region or the like have a dimension."""
    values = [entry.details.value for entry in info.dimensions_infos if not entry.dimensions]
    if not values:
        return None
    eligibility = info.quota_increase_eligibility
    adjustable = bool(eligibility.is_eligible) and not info.is_fixed
    reason = _WHY_NOT.get(eligibility.ineligibility_reason.name, _WHY_NOT["OTHER"])
    return QuotaLimit(
        bucket=info.metric.rpartition("/")[2],
        value=int(values[-1]),
        quota_id=info.quota_id,
        adjustable=adjustable,
        why_not="" if adjustable else reason,
        request_address=info.service_request_quota_uri or FORM,
    )


def _preference(one: Any, buckets: dict[str, str]) -> Preference:
    config = one.quota_config
    granted = None if config.granted_value is None else int(config.granted_value)
    return Preference(
        name=one.name,
        bucket=buckets.get(one.quota_id, ""),
        quota_id=one.quota_id,
        asked=int(config.preferred_value),
        granted=granted,
        state=_state(one, granted),
        detail=config.state_detail,
        asked_at=_aware(one.create_time),
        updated_at=_aware(one.update_time),
        trace=config.trace_id,
    )


def _state(one: Any, granted: int | None) -> State:
    asked = int(one.quota_config.preferred_value)
    if one.reconciling:
        return "pending"
    if granted is not None and (granted == UNLIMITED or UNLIMITED < asked <= granted):
        return "granted"
    then = one.quota_config.annotations.get(_LIMIT_THEN, "")
    is_more = granted is not None and then.isdecimal() and granted > int(then)
    return "partly" if is_more else "denied"


def _aware(moment: Any) -> datetime | None:
    return datetime.fromisoformat(moment.isoformat()) if moment else None
