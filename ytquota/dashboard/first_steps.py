"""The first steps of a newcomer: practise on a sandbox, check a real account, make the first metered call.

Used by `notebooks/start_here.ipynb`. What goes wrong is told in a sentence with a remedy, not as a traceback.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import ipywidgets as w

from ytquota.auth import get_authenticated_service, load_sets
from ytquota.auth.choice import permitted
from ytquota.auth.session import open_monitor
from ytquota.dashboard import cards
from ytquota.dashboard.figures import style
from ytquota.dashboard.login_box import LoginBox
from ytquota.dashboard.marked import marked
from ytquota.errors import SettingsError, YTQuotaError, classify_error
from ytquota.operations.doctor import check_up
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.operations.doctor import Finding

PRACTICE_PROJECT = "111111111111"
_VIDEO = "jNQXAC9IVRw"  # the oldest one there is
_TAG = "first steps"
_STEPS = {
    "A settings file names a credential set": ("settings", "variables"),
    "The client can be used: a Desktop app, or one that comes back to this machine": (
        "client-type",
        "secrets-missing",
    ),
    "Somebody has logged in, and Google has not taken that back": (
        "token-missing",
        "token-garbled",
        "revoked",
    ),
    "Login and client belong to one project": ("project", "key-project"),
    "The login may do what YOUTUBE_SCOPES asks for": ("scopes",),
    "The login will last: a consent in publishing status Testing ends after 7 days": (
        "testing",
        "login-ends",
    ),
    "Nobody else can read the files with secrets": ("modes",),
}
_MARKS = {
    "ok": ("is-ready", "ok"),
    "look": ("is-warm", "look at this"),
    "wrong": ("is-gone", "put this right"),
}


class SandboxLike(Protocol):
    """As much of a sandbox as a practice needs."""

    @property
    def url(self) -> str:
        """Its address."""

    def write_env(self, folder: Path, sets: dict[int, str]) -> Path:
        """Write a ready `.env`."""


@dataclass(frozen=True)
class Told:
    """What a step came to, in words; shown as the last line of a cell.

    Attributes:
        ok: whether it went well.
        title: what happened, in a few words.
        text: more of it, and what to do next.
    """

    ok: bool
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.title}. {self.text}"

    def _repr_html_(self) -> str:
        box = cards.status if self.ok else cards.alert
        return f'{style()}<div class="ytq">{box(self.title, self.text)}</div>'


class Practice:
    """A make-believe account on a sandbox, in a folder that goes away with it.

    Args:
        sandbox: a running sandbox.
    """

    def __init__(self, sandbox: SandboxLike) -> None:
        folder = Path(tempfile.mkdtemp(prefix="ytquota-practice-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        sandbox.write_env(folder, {1: PRACTICE_PROJECT})
        self._url = sandbox.url
        self.settings = Settings.load({}, start=folder)

    def _repr_html_(self) -> str:
        told = Told(
            True,
            "A make-believe account is ready",
            f"Credential set 1 of project {PRACTICE_PROJECT} calls {self._url}, on this machine; its "
            f"settings and its ledger are in {self.settings.root}. Nothing of yours is touched.",
        )
        return told._repr_html_()


def usage(settings: Settings | None = None) -> Told:
    """Say what has been counted today."""
    try:
        settings = settings or Settings.load()
        summary = open_monitor(settings).get_usage_summary()
    except YTQuotaError as error:
        return Told(False, "The ledger cannot be read", str(error))
    said = [
        f"project {project}: {facts['used']:,} {cards.unit_of(bucket, facts['used'])} used, "
        f"{facts['left']:,} of {facts['limit']:,} left"
        for project, buckets in summary["projects"].items()
        for bucket, facts in buckets.items()
        if facts["used"]
    ]
    if not said:
        return Told(True, "Nothing was counted today", f"The ledger is {summary['ledger']}.")
    return Told(True, "Counted today", f"{'; '.join(said)}. The ledger is {summary['ledger']}.")


def first_call(number: int | None = None, settings: Settings | None = None) -> Told:
    """Make one metered call: `videos.list`, one unit. If no account is ready for it, nothing is sent.

    Args:
        number: the credential set; without it the one that a bot would get.
        settings: without them, those of the environment and `.env`.
    """
    try:
        settings = settings or Settings.load()
        if not settings.sets:
            return Told(False, "Nothing was sent", "No credential set is named yet; see the check above.")
        with get_authenticated_service(number, settings=settings, tag=_TAG) as service:
            answer = service.videos().list(part="snippet", id=_VIDEO).execute()
    except Exception as error:  # noqa: BLE001 - a newcomer is told what to do, whatever it is
        return Told(False, "The call did not work", _why(error))
    titles = [item["snippet"]["title"] for item in answer.get("items", [])]
    found = f"YouTube answered: {titles[0]!r}." if titles else "YouTube answered, but has no such video."
    return Told(True, "Your first metered call", f"{found} {usage(settings)}")


def _why(error: Exception) -> str:
    if isinstance(error, YTQuotaError):
        return str(error)
    verdict = classify_error(error, method="videos.list")
    if verdict.reason in {"accessNotConfigured", "SERVICE_DISABLED"}:
        project = f" of project {verdict.project}" if verdict.project else ""
        return (
            "The YouTube Data API v3 is not enabled in the client's project. In the Google Cloud console"
            f"{project} open APIs & Services, Library, search for it, press Enable, and wait some minutes."
        )
    return verdict.message or f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class Step:
    """One thing that has to be right, what was found about it, and what to do."""

    name: str
    state: Literal["ok", "look", "wrong"]
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checklist:
    """How far an account is from its first call; shown as the last line of a cell."""

    steps: tuple[Step, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way."""
        return not any(step.state == "wrong" for step in self.steps)

    def __str__(self) -> str:
        return "\n".join(f"[{step.state}] {step.name}. {' '.join(step.told)}".rstrip() for step in self.steps)

    def _repr_html_(self) -> str:
        rows = "".join(map(_row, self.steps))
        return (
            f'{style()}<div class="ytq"><table class="ytq-log ytq-checks"><tbody>{rows}</tbody></table></div>'
        )


def _row(step: Step) -> str:
    mood, mark = _MARKS[step.state]
    told = "".join(f'<p class="ytq-note">{marked(said)}</p>' for said in step.told)
    return f'<tr><td><span class="ytq-pill {mood}">{mark}</span></td><td>{escape(step.name)}{told}</td></tr>'


def check_account(start: Path | None = None) -> Checklist:
    """Look for the usual mistakes of a new account. Nothing is sent and nothing changed.

    Args:
        start: the folder whose `.env` counts; by default this one.
    """
    findings = check_up(start=start)
    steps = [_step(name, checks, findings) for name, checks in _STEPS.items()]
    enabled = "The first call will tell whether the YouTube Data API v3 is enabled in the client's project."
    return Checklist((*steps, Step("The API is enabled", _worst_of_call(steps), (enabled,))))


def _step(name: str, checks: Sequence[str], findings: Sequence[Finding]) -> Step:
    own = [one for one in findings if one.check in checks]
    if not own:
        return Step(name, "ok")
    # without a set or a login there is no first call, whatever the doctor of a whole installation thinks
    stops = {"settings", "secrets-missing", "token-missing"}
    is_wrong = any(one.severity == "error" or one.check in stops for one in own)
    told = tuple(f"{one.subject}: {one.what} {one.remedy}" for one in own)
    return Step(name, "wrong" if is_wrong else "look", told)


def _worst_of_call(steps: Sequence[Step]) -> Literal["ok", "look"]:
    return "ok" if all(step.state == "ok" for step in steps) else "look"


class LogIn(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """The login of a credential set, as the last line of a cell; the kernel stays free meanwhile.

    Args:
        number: the credential set; without it the first one that can log in.
        settings: without them, those of the environment and `.env`.
    """

    def __init__(self, number: int | None = None, settings: Settings | None = None) -> None:
        self.box: LoginBox | None = None
        self.note = w.HTML()
        self._shown: list[Any] = [w.HTML(style()), self.note]
        super().__init__(self._shown)
        self.add_class("ytq")
        try:
            loaded = settings or Settings.load()
        except SettingsError as error:
            self.note.value = cards.alert("The settings are wrong", str(error))
            return
        chosen = _to_log_in(loaded) if number is None else number
        if chosen is None:
            self.note.value = cards.status(
                "There is nothing to log in yet", "Name a client in .env first: see the check above."
            )
            return
        self.box = LoginBox(chosen, lambda: (loaded, open_monitor(loaded)))
        self.box.ask.description = f"Log in set {chosen}"
        self._shown += [self.box.ask, self.box]
        self.children = list(self._shown)

    def close(self) -> None:
        """Give up a login that is under way, and dispose of every part."""
        for part in self._shown:
            part.close()
        super().close()


def _to_log_in(settings: Settings) -> int | None:
    """The first set that a bot would use and that a person can log in."""
    sets = [one for one in load_sets(settings) if not one.is_read_only]
    order = [one for one in permitted(settings, load_sets(settings)) if one in sets] if sets else []
    return next((one.number for one in [*order, *sets]), None)
