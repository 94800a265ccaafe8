"""``ytquota archive``: turn closed days into Parquet."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ytquota.cli.desk import Desk
from ytquota.cli.output import console, count, fail, plural, print_json
from ytquota.clock import SystemClock
from ytquota.monitor.official import OfficialDays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from ytquota.monitor.archive import Archive, Archived
    from ytquota.settings import Settings


def archive(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="What was done, as JSON.")] = False,
) -> None:
    """Turn closed days into compressed Parquet and roll-ups.

    A day is closed 48 hours after its reset. A journal goes only after what was written has been read
    back and counted; after an interruption just run it again. `ytquota log` and the notebooks read both.
    Where it goes is YTQUOTA_ARCHIVE, by default the folder archive beside the journals.

    Examples:
        ytquota archive
        ytquota archive --json
    """
    with Desk.open() as desk:
        settings = desk.settings
        if settings.log_format == "json":
            if as_json:
                print_json({"archive": settings.archive, "archived": [], "deleted": []})
            else:
                console().print("YTQUOTA_LOG_FORMAT is json: journals stay as they are, nothing to do.")
            return
        target = _open(settings.archive)
        now = SystemClock().time()
        with _progress(settings, now, quiet=as_json) as on_day:
            done = target.take_in(settings.memory_dir / "calls", now=now, on_day=on_day)
        gone = _forget(target, settings, now)
    if as_json:
        print_json(
            {"archive": target.address, "archived": [_facts(entry) for entry in done], "deleted": gone}
        )
    else:
        _tell(target, done, gone)


def _open(address: str) -> Archive:
    try:
        from ytquota.monitor.archive import Archive  # noqa: PLC0415 - needs pyarrow, which is an extra

        return Archive(address)
    except ImportError as error:
        fail(
            f"Archiving needs {error.name}, which is not installed: pip install 'ytquota[analysis]'. "
            "Until then journals stay as they are, and read the same."
        )


@contextmanager
def _progress(settings: Settings, now: float, *, quiet: bool) -> Iterator[Callable[[date], None] | None]:
    """A bar on stderr while there is more than a day to do."""
    from ytquota.monitor.archive import closed_days  # noqa: PLC0415 - after _open has made sure of it

    days = closed_days(settings.memory_dir / "calls", now)
    if quiet or len(days) < 2:  # noqa: PLR2004 - a bar of one step tells nothing
        yield None
        return
    from rich.progress import Progress  # noqa: PLC0415 - 30 ms

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("Archiving", total=len(days))
        yield lambda day: bar.update(task, advance=1, description=f"Archiving {day.isoformat()}")


def _forget(target: Archive, settings: Settings, now: float) -> list[date]:
    if not settings.retention_days:
        return []
    from ytquota.monitor.archive import retention_start  # noqa: PLC0415 - likewise

    first = retention_start(now, settings.retention_days)
    official = OfficialDays(settings.memory_dir / "official")
    return sorted({*target.forget(before=first), *official.forget(before=first)})


def _facts(entry: Archived) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def _tell(target: Archive, done: list[Archived], gone: list[date]) -> None:
    out = console()
    if not done:
        out.print("Nothing to archive: a day is closed 48 hours after its reset.")
    for entry in done:
        state = "" if entry.removed else f"; kept its journal: {entry.unreadable} unreadable lines"
        units = ", ".join(f"{count(number)} of {bucket}" for bucket, number in entry.units.items())
        size = f"{plural(entry.rows, 'line')}; charged: {units or 'nothing'}"
        out.print(f"{entry.day.isoformat()}  {entry.project}: {size}{state}")
    if gone:
        out.print(
            f"Deleted {plural(len(gone), 'day')} up to {gone[-1].isoformat()} (YTQUOTA_RETENTION_DAYS)."
        )
    if done or gone:
        out.print(f"Archive: {target.address}", style="dim", soft_wrap=True)
