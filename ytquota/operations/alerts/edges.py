"""From conditions to alerts: only where something changes, once a day and pool, and word when it is over."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from ytquota.clock import quota_day, utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from ytquota.operations.alerts.rules import Condition

_FRESH = "A new quota day has begun, and {pool} is full again."


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that people are told.

    Attributes:
        id: one of a kind; the same again is the same alert, delivered a second time.
        at: when (aware, UTC).
        kind: "alert", or "recovery" when it is over.
        rule: the rule that rang; of a recovery, that which had.
        severity: "warning" or "critical"; of a recovery, "info".
        text: what is the case, in a sentence or two.
        project: the pool's project.
        bucket: the pool's bucket; empty for a set.
        credential_set: the number of the set; None for a pool.
    """

    id: str
    at: datetime
    kind: Literal["alert", "recovery"]
    rule: str
    severity: str
    text: str
    project: str = ""
    bucket: str = ""
    credential_set: int | None = None

    @property
    def title(self) -> str:
        """A few words for a subject line."""
        subject = self.bucket or f"set {self.credential_set}"
        return f"ytquota: {subject} {'is fine again' if self.kind == 'recovery' else self.rule}"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "v": 1,
            "id": self.id,
            "at": self.at.isoformat(timespec="seconds"),
            "kind": self.kind,
            "rule": self.rule,
            "severity": self.severity,
            "project": self.project,
            "bucket": self.bucket,
            "credential_set": self.credential_set,
            "title": self.title,
            "text": self.text,
        }


@dataclass(slots=True)
class Ringing:
    """An alert that was given and is not over: by which rule, on which quota day, and about what."""

    rule: str
    day: str
    project: str = ""
    bucket: str = ""
    credential_set: int | None = None
    login: str = ""


@dataclass(slots=True)
class Edges:
    """What was told already.

    Attributes:
        ringing: by topic and subject, what is not over yet.
        told: by topic and subject, the quota day (ISO) of the last alert.
        warned: by pool, on which days of this week it was said to run out, and whether it did.
    """

    ringing: dict[str, Ringing] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    warned: dict[str, dict[str, bool]] = field(default_factory=dict)

    def vain(self, project: str, bucket: str, at: float) -> int:
        """On how many quota days of this week, before today, a pool was said to run out, and did not."""
        today = quota_day(at)
        days = self.warned.get(f"{project}/{bucket}", {})
        return sum(not came for day, came in days.items() if _monday(today) <= day < today.isoformat())

    def rung_login(self, number: int) -> str | None:
        """Fingerprint of the login of a set whose end was told and is not over; None where there is none."""
        rung = (one for one in self.ringing.values() if one.rule == "login-ends")
        return next((one.login for one in rung if one.credential_set == number), None)

    def step(self, conditions: Iterable[Condition], at: float) -> list[Alert]:
        """Take in what the rules say at an instant (epoch seconds), and return what is to be told now."""
        day = quota_day(at).isoformat()
        alerts = self._reset(day, at)
        over: dict[str, tuple[Condition, list[str]]] = {}
        for key, group in _by_topic(conditions).items():
            if group[0].exhausted and day in self.warned.get(group[0].subject, ()):
                self.warned[group[0].subject][day] = True
            on = next((one for one in group if one.state == "on"), None)
            if on is not None:
                if self._is_new(key, on) and self.told.get(key) != day:
                    self.ringing[key] = Ringing(
                        on.rule, day, on.project, on.bucket, on.credential_set, on.login
                    )
                    self.told[key] = day
                    if on.topic == "ahead":
                        self.warned.setdefault(on.subject, {})[day] = False
                    alerts.append(_alert(on, at))
            elif key in self.ringing and all(one.state == "off" for one in group):
                rung = self.ringing.pop(key)
                last = next((one for one in group if one.rule == rung.rule), group[0])
                over.setdefault(last.subject, (last, []))[1].append(last.text)
        self.told = {key: told for key, told in self.told.items() if told == day}
        return alerts + [_recovery(one, " ".join(texts), at) for one, texts in over.values()]

    def _is_new(self, key: str, on: Condition) -> bool:
        return key not in self.ringing or self.ringing[key].login != on.login

    def _reset(self, day: str, at: float) -> list[Alert]:
        """Whatever rang about a pool of an earlier day is over: one word for each pool."""
        old = {key: one for key, one in self.ringing.items() if one.bucket and one.day != day}
        pools = {(one.project, one.bucket): one for one in reversed(old.values())}
        monday = _monday(quota_day(at))
        for subject, days in self.warned.items():
            self.warned[subject] = {one: came for one, came in days.items() if one >= monday}
        for key in old:
            del self.ringing[key]
        return [
            _recovery(one, _FRESH.format(pool=f"pool {one.bucket} of project {one.project}"), at)
            for one in reversed(pools.values())
        ]


def _monday(day: date) -> str:
    """The first quota day (ISO) of a day's week."""
    return (day - timedelta(days=day.weekday())).isoformat()


def _by_topic(conditions: Iterable[Condition]) -> dict[str, list[Condition]]:
    groups: dict[str, list[Condition]] = {}
    for one in conditions:
        groups.setdefault(f"{one.topic} {one.subject}", []).append(one)
    return groups


def _alert(one: Condition, at: float) -> Alert:
    return Alert(
        secrets.token_hex(8),
        utc(at),
        "alert",
        one.rule,
        one.severity,
        one.text,
        one.project,
        one.bucket,
        one.credential_set,
    )


def _recovery(one: Condition | Ringing, text: str, at: float) -> Alert:
    return Alert(
        secrets.token_hex(8),
        utc(at),
        "recovery",
        one.rule,
        "info",
        text,
        one.project,
        one.bucket,
        one.credential_set,
    )
