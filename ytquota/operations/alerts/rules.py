"""When something is worth an alert: rules over pools and credential sets, without any memory.

A rule answers "on", "off", or "between": over its threshold, clearly under it, or neither. The distance keeps
a value that trembles around a threshold from ringing twice; `edges` turns the answers into alerts.
`docs/alerts.md` lists the rules and what they were measured to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ytquota.auth import lifetime
from ytquota.clock import both_zones, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

Severity = Literal["warning", "critical"]
State = Literal["on", "between", "off"]
Topic = Literal["share", "ahead", "refusals", "elsewhere", "quarantined", "broken", "login-ends"]
Rule = Literal["share", "run-out", "burn", "refusals", "elsewhere", "quarantined", "broken", "login-ends"]

_SHARE_STEP = 0.05
_ELSEWHERE = 0.05  # of the limit, that Google counted and we did not
_LITTLE = 0.5  # of that
_CALM = 0.6  # of the threshold: below that, no run-out is expected any more
_NEAR = 18_000.0  # seconds: a run-out that is further off must be all but certain
_LATE = 1800.0  # one that is nearer comes too late to do much about it: a pace alone does not tell it
_CERTAIN = 0.97
_SOON = 3600.0  # seconds: a pace of the last minutes says nothing about later
_AGREED = 0.3  # a forecast that knows the pace, and gives the run-out less, does not believe that it lasts
_ONCE_BURNT = 0.99  # what it takes after a false alarm in the same week ...
_WELL_USED = 0.7  # ... and of the limit so much must be used
_PRESSING = 5400.0  # seconds
_LOGIN_GAP = timedelta(hours=1)  # each renewal tells a login's end anew, and to the second


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on there is an alert.

    Attributes:
        share: of the limit that is used, from 0 to 1.
        probability: that the pool runs out before its reset, from 0 to 1.
        burn: pace, in multiples of the one that would just last until the reset.
    """

    share: float = 0.8
    probability: float = 0.75
    burn: float = 1.0


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool as it stands. Counts are quota units.

    Attributes:
        project: project number.
        bucket: the daily allowance.
        resets_at: the end of the quota day (aware, Pacific).
        seconds_left: until then.
        used: charged today.
        limit: units a day.
        exhausted: nothing is left, or a mark says so.
        fast: units an hour, over the last ten minutes.
        slow: units an hour, over the last hour.
        refused: calls that were refused or denied in the last ten minutes.
        refused_lately: the same, in the last hour.
        probability: that it runs out before the reset; None where there is no forecast.
        run_out_at: when, most likely (aware, Pacific).
        vain: days of this week, before today, on which it was said to run out, and did not.
        elsewhere: units that Google's counters have and this ledger has not; None where that is not known.
    """

    project: str
    bucket: str
    resets_at: datetime
    seconds_left: float
    used: int
    limit: int
    exhausted: bool = False
    fast: float = 0.0
    slow: float = 0.0
    refused: int = 0
    refused_lately: int = 0
    probability: float | None = None
    run_out_at: datetime | None = None
    vain: int = 0
    elsewhere: int | None = None

    @property
    def left(self) -> int:
        """Units that may still be spent."""
        return max(0, self.limit - self.used)

    @property
    def burn(self) -> tuple[float, float]:
        """Fast and slow pace in multiples of the one that would just last until the reset."""
        lasting = self.left * 3600 / max(self.seconds_left, 1.0)
        return (self.fast / lasting, self.slow / lasting) if lasting else (0.0, 0.0)

    @property
    def gone_in(self) -> float:
        """Seconds until nothing is left at the pace of the last hour."""
        return self.left * 3600 / self.slow if self.slow else float("inf")

    @property
    def gone_at(self) -> datetime | None:
        """When nothing is left at the pace of the last hour (aware); None where it lasts until the reset."""
        if self.gone_in >= self.seconds_left:
            return None
        at = self.resets_at.timestamp() - self.seconds_left + self.gone_in
        return datetime.fromtimestamp(at, self.resets_at.tzinfo)

    @property
    def run_out_in(self) -> float:
        """Seconds until it most likely runs out."""
        if self.run_out_at is None:
            return float("inf")
        return self.seconds_left - (self.resets_at.timestamp() - self.run_out_at.timestamp())

    def is_fast(self, burn: float = 1.0) -> bool:
        """Whether it is spent too fast in both windows: a burst moves only one, and an old one the other."""
        return not self.exhausted and min(self.burn) >= burn

    @property
    def is_pressing(self) -> bool:
        """Whether it may be gone so soon that its forecast should be a fresh one."""
        return self.is_fast() and self.gone_in < min(_PRESSING, self.seconds_left)

    def __str__(self) -> str:
        return f"Pool {self.bucket} of project {self.project}"


@dataclass(frozen=True, slots=True)
class Condition:
    """What one rule says of one pool or set.

    Attributes:
        topic: what it is about; of a topic there is one alert a day and pool, whichever rule is first.
        rule: the rule.
        state: over the threshold, clearly under it, or neither.
        severity: how grave it is.
        text: what is the case, in one or two sentences; of "off", that it is over.
        project: the pool's project, or the set's.
        bucket: the pool's bucket; empty for a set.
        credential_set: the number of the set; None for a pool.
        exhausted: of a pool, that nothing is left, or a mark says so.
        login: fingerprint of the login that it is about; another one may ring anew.
    """

    topic: Topic
    rule: Rule
    state: State
    severity: Severity
    text: str
    project: str = ""
    bucket: str = ""
    credential_set: int | None = None
    exhausted: bool = False
    login: str = ""

    @property
    def subject(self) -> str:
        """The pool or set, as one word."""
        return (
            f"{self.project}/{self.bucket}" if self.credential_set is None else f"set {self.credential_set}"
        )


def judge(pool: Pool, thresholds: Thresholds) -> Iterator[Condition]:
    """What the rules say of a pool; one without an allowance is nobody's worry."""
    if pool.limit <= 0:
        return
    yield _share(pool, thresholds)
    yield _run_out(pool, thresholds)
    yield _burn(pool, thresholds)
    yield _refusals(pool)
    yield _spent_elsewhere(pool)


def quarantined(number: int, reason: str | None) -> Condition:
    """What is to be said of a credential set; `reason` is why Google refuses it, None if it does not."""
    if reason is None:
        text = f"Credential set {number} is no longer quarantined."
    else:
        text = f"Credential set {number} is quarantined: {reason} See `ytquota sets`."
    return Condition(
        "quarantined",
        "quarantined",
        "off" if reason is None else "on",
        "critical",
        text,
        credential_set=number,
    )


def broken(number: int, why: str | None) -> Condition:
    """What is to be said of a credential set; `why` is what is wrong with its files, None if nothing is."""
    if why is None:
        text = f"The files of credential set {number} are in order again."
    else:
        text = f"Credential set {number} cannot be used: {why}"
    return Condition(
        "broken", "broken", "off" if why is None else "on", "critical", text, credential_set=number
    )


def login_ends(
    number: int,
    end: datetime | None,
    at: float,
    *,
    login: str,
    rung: str | None = None,
    refused: bool = False,
) -> Condition:
    """What is to be said of the end of a set's login.

    Args:
        number: the set.
        end: when it ends (aware), as Google said; None where it has no end, or nobody knows.
        at: the time (epoch seconds).
        login: fingerprint of the login.
        rung: that of the login whose end was told and is not over. Where no end is known of the same one any
            more, its file was written by another program: that is no recovery.
        refused: Google refuses it already, which is an alert of its own.
    """
    now, state = utc(at), _state_of_login(end, utc(at))
    if refused or (end is None and login == rung):
        state = "between"
    lasts = "has no end that is known" if end is None else lifetime.in_words(end, now)
    text = f"The login of credential set {number} {lasts}."
    if state == "on":
        text += f" Google refuses its calls after that. Run `ytquota login {number}`. {lifetime.PUBLISH}"
    return Condition("login-ends", "login-ends", state, "warning", text, credential_set=number, login=login)


def _state_of_login(end: datetime | None, now: datetime) -> State:
    if end is None or not lifetime.is_near(end - _LOGIN_GAP, now):
        return "off"
    return "on" if lifetime.is_near(end, now) else "between"


def _share(pool: Pool, thresholds: Thresholds) -> Condition:
    share, most = pool.used / pool.limit, thresholds.share
    state: State = "on" if share >= most else "off" if share < most - _SHARE_STEP else "between"
    text = f"{pool} is at {share:.0%}: {pool.used:,} of {pool.limit:,} used, full again at {_reset(pool)}."
    if pool.is_fast(thresholds.burn) and pool.gone_at:
        text += (
            f" At the pace of the last hour nothing is left at about {both_zones(pool.gone_at)}{_odds(pool)}"
        )
    return Condition(
        "share", "share", state, "warning", text, pool.project, pool.bucket, exhausted=pool.exhausted
    )


def _run_out(pool: Pool, thresholds: Thresholds) -> Condition:
    likely, most = pool.probability, thresholds.probability
    state: State = "between"
    if likely is not None and not pool.exhausted:  # once it is empty, what was to come is over
        is_near = pool.run_out_in <= _NEAR or likely >= _CERTAIN
        is_on = likely >= most and is_near and _is_worth_a_word(pool, thresholds)
        state = "on" if is_on else "off" if likely < most * _CALM else "between"
    when = f" at about {both_zones(pool.run_out_at)}" if pool.run_out_at else ""
    text = (
        f"{pool} will probably run out{when}, before its reset at {_reset(pool)} ({likely or 0:.0%} likely; "
        f"{pool.used:,} of {pool.limit:,} used)."
        if state == "on"
        else f"{pool} is expected to last until its reset at {_reset(pool)}."
    )
    return Condition("ahead", "run-out", state, "critical", text, pool.project, pool.bucket)


def _burn(pool: Pool, thresholds: Thresholds) -> Condition:
    state: State = "between"
    if not pool.exhausted:
        soon = pool.gone_in < min(_SOON, pool.seconds_left)
        agreed = pool.probability is None or pool.probability >= _AGREED
        is_on = pool.is_fast(thresholds.burn) and soon and agreed and _is_worth_a_word(pool, thresholds)
        is_calm = min(pool.burn) < thresholds.burn * _CALM
        state = "on" if is_on else "off" if is_calm else "between"
    if state == "on":
        text = (
            f"{pool} is spent at {pool.fast:,.0f} units an hour, {pool.burn[0]:.1f} times what would last "
            f"until {_reset(pool)}; at this pace the {pool.left:,} that are left go in "
            f"{pool.gone_in / 60:.0f} minutes{_odds(pool)}"
        )
    else:
        text = f"{pool} is spent at a pace that lasts until its reset at {_reset(pool)}."
    return Condition("ahead", "burn", state, "critical", text, pool.project, pool.bucket)


def _is_worth_a_word(pool: Pool, thresholds: Thresholds) -> bool:
    """Whether a run-out is sure enough to be told, seen how late it is and what came of the last warnings."""
    likely = pool.probability
    if pool.vain:
        return likely is not None and likely >= _ONCE_BURNT and pool.used >= _WELL_USED * pool.limit
    empty_in = min(pool.run_out_in, pool.gone_in) if pool.is_fast(thresholds.burn) else pool.run_out_in
    return likely is None or likely >= thresholds.probability or empty_in >= _LATE


def _refusals(pool: Pool) -> Condition:
    state: State = "on" if pool.refused else "off" if not pool.refused_lately else "between"
    if pool.exhausted and state == "off":
        state = "between"  # that nobody asks does not make it any fuller
    if state == "on":
        why = f"{pool.left:,} of {pool.limit:,} are left" if pool.left else "nothing is left"
        why += ", but the pool is marked as exhausted" if pool.exhausted and pool.left else ""
        calls = f"{pool.refused:,} call{'s were' if pool.refused > 1 else ' was'} refused"
        text = f"{pool}: {calls} in the last ten minutes; {why}, full again at {_reset(pool)}."
    else:
        text = f"{pool}: no call was refused in the last hour."
    return Condition("refusals", "refusals", state, "critical", text, pool.project, pool.bucket)


def _spent_elsewhere(pool: Pool) -> Condition:
    units, most = pool.elsewhere, _ELSEWHERE * pool.limit
    state: State = "between"
    if units is not None:
        state = "on" if units >= most else "off" if units < _LITTLE * most else "between"
    if state == "on":
        text = (
            f"{pool}: Google counts {units:,} units more than this ledger ({(units or 0) / pool.limit:.0%} "
            "of the limit), so somebody else spends, too. `ytquota reconcile` says where it comes from."
        )
    else:
        text = f"{pool}: Google counts what this ledger counts."
    return Condition("elsewhere", "elsewhere", state, "warning", text, pool.project, pool.bucket)


def _odds(pool: Pool) -> str:
    """The end of a sentence that went by the pace alone: what the forecast makes of it."""
    return "." if pool.probability is None else f"; a run-out is {pool.probability:.0%} likely."


def _reset(pool: Pool) -> str:
    return both_zones(pool.resets_at)
