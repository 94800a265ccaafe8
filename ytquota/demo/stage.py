"""The demonstration from curtain to curtain: sandbox, history, live bots, dashboard, and a bill at last."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from ytquota.auth.grant import accept_grant
from ytquota.cli.desk import Desk
from ytquota.cli.output import count
from ytquota.cli.pools import page
from ytquota.cli.status import gather
from ytquota.demo.history import Written, write_history
from ytquota.demo.server_side import bill_history
from ytquota.demo.story import CHANNELS, SETS, TITLES, fleet_list
from ytquota.demo.troupe import Troupe
from ytquota.errors import SettingsError, YTQuotaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

_OWN = ("YTQUOTA_", "GOOGLE_CLIENT_SECRETS_FILE_", "OAUTH_TOKEN_FILE_", "YOUTUBE_API_KEY_", "YOUTUBE_SCOPES")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_ROTATION = """
# In this make-believe the two projects belong to two owners. With real ones read Google's policy first.
YTQUOTA_ROTATION=1,10
"""


@dataclass(frozen=True, slots=True)
class Show:
    """What was asked of a demonstration; see ``ytquota demo --help``."""

    browser: bool = True
    port: int | None = None
    seconds: float | None = None
    folder: Path | None = None
    seed: int = 0
    days: int = 28


def perform(show: Show, out: Console) -> None:
    """Play the demonstration until Ctrl-C, or for ``show.seconds``; then end everything it started.

    Raises:
        YTQuotaError: a part is not installed, or the folder is not empty.
    """
    forget_own_settings()
    with ends_on_signal(), ExitStack() as stack:
        folder = _folder(show, stack)
        sandbox = stack.enter_context(_sandbox(show.seed))
        desk = stack.enter_context(_desk(sandbox, folder))
        dashboard = _Curtain(show, desk, stack)
        _history(show, desk, sandbox, out)
        troupe = stack.enter_context(Troupe(folder))
        out.print(
            f"Three bots are calling {sandbox.url} as separate processes; what they say is in {folder}/logs.",
            soft_wrap=True,
        )
        dashboard.rise(out)
        out.print(
            f"Look around from elsewhere: cd {folder} && ytquota status --watch", soft_wrap=True, style="dim"
        )
        out.print("`ytquota reconcile` there tells on which days somebody else spent.", style="dim")
        _watch(show, desk, troupe, out)
        troupe.leave()
        _bill(desk, sandbox, out)


def forget_own_settings() -> None:
    """Take a person's own settings, and proxies, out of this process: all of it stays on this machine."""
    for name in list(os.environ):
        if name.startswith(_OWN) or name.lower() in _PROXIES:
            del os.environ[name]


@contextmanager
def ends_on_signal() -> Iterator[None]:
    """Let SIGTERM (a service manager, a closing terminal) end it as orderly as Ctrl-C."""

    def leave(number: int, frame: object) -> NoReturn:
        del frame
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _folder(show: Show, stack: ExitStack) -> Path:
    if show.folder is None:
        made = tempfile.TemporaryDirectory(prefix="ytquota-demo-", ignore_cleanup_errors=True)
        return Path(stack.enter_context(made)).resolve()
    folder = show.folder.expanduser().resolve()
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(
            f"--folder: {folder} is not empty; name a new folder, so that nothing of yours is mixed in."
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sandbox(seed: int) -> Any:
    try:
        from ytquota.sandbox import Sandbox  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise YTQuotaError(
            f"The demo needs the sandbox: pip install 'ytquota[sandbox]' ({error})."
        ) from error
    return Sandbox(seed=seed)


def _desk(sandbox: Any, folder: Path) -> Desk:
    """Write the ``.env`` of two projects on the sandbox, and load it."""
    for project in SETS.values():
        sandbox.add_project(project)
    for number, channel in CHANNELS.items():
        sandbox.add_channel(channel, TITLES[number])
    env_file: Path = sandbox.write_env(folder, dict(SETS), channels=dict(CHANNELS), cloud=True)
    (folder / "fleet.toml").write_text(fleet_list(), encoding="utf-8")
    with env_file.open("a") as file:
        file.write(_ROTATION + "YTQUOTA_FLEET=fleet.toml\n")
    return Desk.open(start=folder)


def _history(show: Show, desk: Desk, sandbox: Any, out: Console) -> Written:
    """Write the past, and let the sandbox bill it: they agree, but where they are not meant to."""
    began, until = time.monotonic(), datetime.now(UTC)
    columns = (TextColumn("Writing the history of the bots"), BarColumn(), TextColumn("{task.fields[day]}"))
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("", total=show.days, day="")
        written = write_history(
            desk.settings.memory_dir,
            until=until,
            days=show.days,
            seed=show.seed,
            on_day=lambda day: progress.update(task, advance=1, day=day.isoformat()),
        )
    bill_history(sandbox, desk.monitor.log(), written.days, until)
    _log_in(desk)
    out.print(
        f"Wrote {count(written.calls)} calls of {len(written.days)} days in two projects "
        f"({time.monotonic() - began:.1f} s); {count(written.denied)} more were denied."
    )
    return written


def _log_in(desk: Desk) -> None:
    """Learn the channel of each set and keep it beside the token, as the end of a login does."""
    for number, chosen in desk.settings.sets.items():
        if chosen.token_file is not None:
            token = orjson.loads(chosen.token_file.read_bytes()) | {
                "granted_at": datetime.now(UTC).isoformat()
            }
            accept_grant(
                desk.settings, number, chosen.token_file, token, monitor=desk.monitor, who="ytquota demo"
            )


class _Curtain:
    """The dashboard: started in the background while the history is written, shown when all is there."""

    def __init__(self, show: Show, desk: Desk, stack: ExitStack) -> None:
        self._show, self._settings, self._stack = show, desk.settings, stack
        self._handle: Any = None
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._start, name="ytquota demo dashboard")
        stack.callback(self._stop)
        self._thread.start()

    def rise(self, out: Console) -> None:
        """Wait for the dashboard and tell its address; the show goes on without one that could not start."""
        with out.status("Opening the dashboard"):
            self._thread.join()
        if self._handle is None:
            out.print(f"There is no dashboard: {self._problem}", style="yellow", soft_wrap=True)
            return
        out.print(f"The dashboard is at {self._handle.url}", style="bold", soft_wrap=True)
        if self._show.browser:
            import webbrowser  # noqa: PLC0415 - only with a browser

            webbrowser.open(self._handle.url)

    def _start(self) -> None:
        try:
            from ytquota.dashboard.app import serve  # noqa: PLC0415 - an optional part

            self._handle = serve(self._settings, port=self._show.port, open_browser=False)
        except (ImportError, YTQuotaError, OSError) as error:
            self._problem = error

    def _stop(self) -> None:
        self._thread.join()
        if self._handle is not None:
            self._handle.stop()


def _watch(show: Show, desk: Desk, troupe: Troupe, out: Console) -> None:
    """Show the pools while the bots play."""
    end = time.monotonic() + show.seconds if show.seconds is not None else float("inf")
    out.print(
        "Ctrl-C ends it." if show.seconds is None else f"It ends by itself after {show.seconds:.0f} s.",
        style="dim",
    )
    if not out.is_terminal:
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(1.0, left))
            troupe.check(out)
        return
    with Live(Text(), console=out, auto_refresh=False, transient=True) as live:
        while time.monotonic() < end:
            live.update(page(gather(desk)), refresh=True)
            time.sleep(1.0)
            troupe.check(out)


def _bill(desk: Desk, sandbox: Any, out: Console) -> None:
    """Compare what the ledger counted today with what the sandbox billed."""
    out.print("Today, by the ledger and by the sandbox's own bill:")
    for project, pools in desk.monitor.ledger.usage().items():
        for bucket, balance in pools.items():
            billed = sandbox.used(project, bucket)
            if billed or balance.used:
                told = f"{project} {bucket}: counted {count(balance.used)}, billed {count(billed)}"
                out.print(told, style="green" if billed == balance.used else "red")
