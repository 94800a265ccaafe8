"""The face of this package: one object that is asked for a project's figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ytquota.clock import SystemClock, utc
from ytquota.cloud.accounts import Account, load_account
from ytquota.cloud.counters import MINUTE, read_usage
from ytquota.cloud.problems import CONSOLE, CloudError
from ytquota.cloud.quotas import FORM, UNLIMITED, Preference, QuotaLimit, Quotas

if TYPE_CHECKING:
    from ytquota.clock import Clock
    from ytquota.cloud.readings import Reading
    from ytquota.settings import Settings

LAG = timedelta(minutes=10)
"""How old a minute must be before its figures count as settled: Google's are about 7 minutes late."""


def connect(settings: Settings, *, clock: Clock | None = None) -> Cloud:
    """Return what Google's figures are read through; nothing goes over the network yet.

    Args:
        settings: name the account (``YTQUOTA_CLOUD_CREDENTIALS``), else Application Default Credentials.
        clock: tells the time; the system's if not given.

    Raises:
        CloudError: no account is set, or its file is none; one sentence that says what to click.
    """
    return Cloud(load_account(settings), endpoint=settings.cloud_endpoint, clock=clock)


class Cloud:
    """Google's figures of projects, as one account may see them. Safe to use from several threads.

    Args:
        account: who asks.
        endpoint: another address than Google's, as of a sandbox.
        clock: tells the time; the system's if not given.
    """

    def __init__(self, account: Account, *, endpoint: str | None = None, clock: Clock | None = None) -> None:
        self.account = account
        self._endpoint = endpoint
        self._clock = clock or SystemClock()

    def settled_until(self, now: datetime | None = None, *, lag: timedelta = LAG) -> datetime:
        """Return the minute up to which Google's figures are complete (UTC).

        Args:
            now: an aware instant; the clock's if not given.
            lag: how late the figures are taken to be.
        """
        then = (now or utc(self._clock.time())).astimezone(UTC) - lag
        return then.replace(second=0, microsecond=0)

    def usage(
        self, project: str, since: datetime, until: datetime | None = None, *, every: timedelta = MINUTE
    ) -> list[Reading]:
        """Return what was used in a stretch of time, by time, bucket and method.

        Minutes without use have no reading, and a project without any gives an empty list: Google keeps no
        series of nothing.

        Args:
            project: number of the project.
            since: beginning (aware); cut to the minute.
            until: end, exclusive; by default as far as the figures are settled. Later than that they may be
                too low.
            every: how long a reading is, in whole minutes; 15 minutes make six weeks quick to read. Readings
                begin at ``since``, and what is left before ``until`` comes by the minute.

        Raises:
            CloudError: they cannot be read; one sentence that says what to click.
            ValueError: an instant without a time zone, or no whole minutes.
        """
        _check_project(project)
        start, end = _minute(since), _minute(until or self.settled_until())
        if every < MINUTE or every % MINUTE:
            raise ValueError(f"A reading covers whole minutes, not {every}.")
        if start >= end:
            return []
        return read_usage(self.account, project, start, end, every=every, endpoint=self._endpoint)

    def limits(self, project: str) -> list[QuotaLimit]:
        """Return a project's limits per day, by bucket.

        Args:
            project: its number.

        Raises:
            CloudError: they cannot be read; one sentence that says what to click, or what to install.
        """
        return self._quotas(project).limits()

    def preferences(self, project: str) -> list[Preference]:
        """Return what was asked for by Cloud Quotas, oldest first, and what became of it.

        Raises:
            CloudError: it cannot be read; one sentence that says what to click, or what to install.
        """
        return self._quotas(project).preferences()

    def ask(
        self,
        project: str,
        bucket: str,
        value: int,
        *,
        justification: str,
        contact: str,
        dry_run: bool = True,
    ) -> Preference:
        """Ask Google for a higher limit; a request that is under way for this bucket is changed.

        Args:
            project: its number.
            bucket: which daily allowance.
            value: units (or calls) a day.
            justification: why, for the person at Google who decides.
            contact: mail address for questions.
            dry_run: look whether it could be sent, and send nothing.

        Raises:
            CloudError: it cannot be asked for this way; one sentence that says where it can.
            ValueError: the value is not above the limit, or the contact is no mail address.
        """
        if "@" not in contact:
            raise ValueError(f"Google wants a mail address for questions; {contact!r} is none.")
        quotas = self._quotas(project)
        limit = _askable(quotas.limits(), project, bucket, value)
        if dry_run:
            return Preference("", bucket, limit.quota_id, value, limit.value, "dry run")
        return quotas.ask(limit, value, justification=justification, contact=contact)

    def _quotas(self, project: str) -> Quotas:
        _check_project(project)
        return Quotas(self.account, project, self._endpoint)


def _askable(limits: list[QuotaLimit], project: str, bucket: str, value: int) -> QuotaLimit:
    limit = next((limit for limit in limits if limit.bucket == bucket), None)
    if limit is None or not limit.adjustable:
        why = limit.why_not if limit else "Google shows no such limit"
        address = limit.request_address if limit else FORM
        raise CloudError(
            f"More of {bucket} for project {project} cannot be asked for by Cloud Quotas ({why}): fill in "
            f"the form at {address}.",
            reason="not_adjustable",
            address=address,
        )
    if limit.value == UNLIMITED or value <= limit.value:
        has = "no limit" if limit.value == UNLIMITED else f"a limit of {limit.value:,}"
        raise ValueError(f"Pool {bucket} of project {project} has {has}; {value:,} would not be more.")
    return limit


def _minute(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(
            "Google's figures are read by aware datetimes; add tzinfo, for example datetime.UTC."
        )
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _check_project(project: str) -> None:
    if not project.isdecimal():
        raise CloudError(
            "Of an API key's pool the project is not known yet, so Google cannot be asked for it: write the "
            f"project number that {CONSOLE}/welcome shows as YTQUOTA_PROJECT_N beside the key in .env.",
            reason="no_project",
            address=f"{CONSOLE}/welcome",
        )
