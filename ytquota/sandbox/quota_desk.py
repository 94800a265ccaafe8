"""Cloud Quotas v1: what a project's limits are, and asking for more of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ytquota.sandbox import cloud_errors
from ytquota.sandbox.api_errors import SERVICE
from ytquota.sandbox.clock import rfc3339
from ytquota.sandbox.quota_names import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ytquota.sandbox.accounts import Accounts
    from ytquota.sandbox.billing import Project
    from ytquota.sandbox.clock import SandboxClock

FORM = "https://support.google.com/youtube/contact/yt_api_form"
REASONS = ("NO_VALID_BILLING_ACCOUNT", "NOT_SUPPORTED", "NOT_ENOUGH_USAGE_HISTORY", "OTHER")
PER_MINUTE = 1_800_000
"""Units a minute of the general bucket, as consoles show it; of the others nobody has published any."""


@dataclass
class Preference:
    """What was asked for."""

    name: str
    project: Project
    bucket: str
    value: int
    document: dict[str, Any]
    created: float
    updated: float
    decided_at: float
    share: float  # of what was asked on top, that will be granted
    before: int
    is_decided: bool = False


@dataclass
class QuotaDesk:
    """Limits and requests of all projects.

    `after`: seconds until a request is decided; `share`: of what was asked on top of the limit, how much is
    granted; `closed`: (project, bucket) -> why more cannot be asked for here, where that differs from the
    rule: YouTube takes no requests this way.
    """

    accounts: Accounts
    clock: SandboxClock
    after: float = 3600.0
    share: float = 1.0
    closed: dict[tuple[str, str], str] = field(default_factory=dict)
    preferences: dict[str, Preference] = field(default_factory=dict)

    def settle(self) -> None:
        """Grant, or do not grant, what has been asked for long enough ago."""
        now = self.clock.time()
        for one in self.preferences.values():
            if not one.is_decided and one.decided_at <= now:
                one.is_decided = True
                one.project.limits[one.bucket] = one.before + int((one.value - one.before) * one.share)

    def infos(self, project: Project) -> Iterator[dict[str, Any]]:
        """Yield every limit of a project, per day and per minute."""
        for bucket, limit in project.limits.items():
            yield self._info(project, bucket, "day", limit)
            per_minute = project.per_minute.get(bucket, PER_MINUTE if bucket == "default" else 0)
            if per_minute:
                yield self._info(project, bucket, "minute", per_minute)

    def info(self, project: Project, quota_id: str) -> dict[str, Any]:
        """One limit.

        Raises:
            CloudError: there is none of that id.
        """
        for info in self.infos(project):
            if info["quotaId"] == quota_id:
                return info
        raise cloud_errors.not_found(
            f"Limit '{quota_id}' does not exist or is not visible in the service '{SERVICE}'."
        )

    def listed(self, project: Project) -> list[dict[str, Any]]:
        """Every request of a project, oldest first."""
        self.settle()
        return [_shown(one) for one in self.preferences.values() if one.project is project]

    def one(self, name: str) -> dict[str, Any]:
        """One request.

        Raises:
            CloudError: there is none of that name.
        """
        self.settle()
        if name not in self.preferences:
            raise cloud_errors.not_found(f"Resource '{name}' was not found")
        return _shown(self.preferences[name])

    def ask(self, project: Project, name: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Take a request, or a changed one of the same name.

        Raises:
            CloudError: the limit is unknown, cannot be raised here, or the request is not complete.
        """
        quota_id = str(document.get("quotaId", ""))
        info = self.info(project, quota_id)
        bucket = info["metric"].rpartition("/")[2]
        value = _preferred(document)
        self._check(project, bucket, info, value, document)
        known, now = self.preferences.get(name), self.clock.time()
        self.preferences[name] = made = Preference(
            name=name,
            project=project,
            bucket=bucket,
            value=value,
            document=dict(document),
            created=known.created if known else now,
            updated=now,
            decided_at=now + self.after,
            share=self.share,
            before=project.limits[bucket],
        )
        return _shown(made)

    def of_quota(self, project: Project, quota_id: str) -> str:
        """The name of the request for a limit; empty without one."""
        return next(
            (
                one.name
                for one in self.preferences.values()
                if one.project is project and one.document["quotaId"] == quota_id
            ),
            "",
        )

    def _check(
        self, project: Project, bucket: str, info: Mapping[str, Any], value: int, document: Mapping[str, Any]
    ) -> None:
        if info["refreshInterval"] != "day" or not info["quotaIncreaseEligibility"]["isEligible"]:
            raise cloud_errors.precondition(
                f"The quota {info['quotaId']} of project {project.number} is not eligible for an increase."
            )
        if value > project.limits[bucket] and "@" not in str(document.get("contactEmail", "")):
            raise cloud_errors.invalid("contact_email is required for quota increase requests.")

    def _info(self, project: Project, bucket: str, period: str, limit: int) -> dict[str, Any]:
        names = NAMES[bucket]
        quota_id = f"{names.limit_id}Per{period.capitalize()}PerProject"
        why_not = self.closed.get((project.number, bucket), "NOT_SUPPORTED")
        parent = f"projects/{project.number}/locations/global/services/{SERVICE}"
        return {
            "name": f"{parent}/quotaInfos/{quota_id}",
            "quotaId": quota_id,
            "metric": f"{SERVICE}/{bucket}",
            "service": SERVICE,
            "refreshInterval": period,
            "containerType": "PROJECT",
            "metricDisplayName": names.shown,
            "quotaDisplayName": f"{names.shown} per {period}",
            "metricUnit": "1",
            "quotaIncreaseEligibility": {"ineligibilityReason": why_not, "isEligible": False}
            if why_not
            else {"isEligible": True},
            "dimensionsInfos": [{"details": {"value": str(limit)}, "applicableLocations": ["global"]}],
            "serviceRequestQuotaUri": FORM,
        }


def _preferred(document: Mapping[str, Any]) -> int:
    try:
        value = int(document["quotaConfig"]["preferredValue"])
    except (KeyError, TypeError, ValueError):
        raise cloud_errors.invalid("quota_preference.quota_config.preferred_value is required.") from None
    if value < -1:
        raise cloud_errors.invalid("preferred_value must be greater than or equal to -1.")
    return value


def _shown(one: Preference) -> dict[str, Any]:
    config = one.document.get("quotaConfig", {})
    granted = one.project.limits[one.bucket] if one.is_decided else one.before
    detail = {"stateDetail": "The request was reviewed and not granted."} if _is_denied(one, granted) else {}
    return {
        "name": one.name,
        "quotaConfig": {
            "preferredValue": str(one.value),
            "grantedValue": str(granted),
            "traceId": f"sandbox-{int(one.created)}",
            "requestOrigin": "ORIGIN_UNSPECIFIED",
            **({"annotations": config["annotations"]} if config.get("annotations") else {}),
            **detail,
        },
        "etag": f"{int(one.updated)}",
        "createTime": rfc3339(one.created),
        "updateTime": rfc3339(one.decided_at if one.is_decided else one.updated),
        "service": SERVICE,
        "quotaId": one.document["quotaId"],
        "reconciling": not one.is_decided,
        "justification": one.document.get("justification", ""),
    }


def _is_denied(one: Preference, granted: int) -> bool:
    return one.is_decided and granted <= one.before < one.value
