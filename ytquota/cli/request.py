"""``ytquota request``: the evidence that Google asks for before it grants more, and the request itself."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks it up
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ytquota.auth.people import whoami
from ytquota.cli.desk import START, Desk
from ytquota.cli.forecast import intelligence_of
from ytquota.cli.known import check_project, projects
from ytquota.cli.output import confirm, console, count, fail, hint, print_json
from ytquota.errors import SettingsError
from ytquota.monitor.files import replace_file
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from ytquota.cloud import Cloud
    from ytquota.intelligence.need import Evidence
    from ytquota.operations.request import Followed, Wish

# what a request takes is heavy, and few commands need it
# ruff: noqa: PLC0415


def request(
    *,
    project: Annotated[str | None, typer.Option("--project", help="Which project (its number).")] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="Finished days to tell of.")] = 90,
    output: Annotated[Path | None, typer.Option("--output", help="Write it to this file.")] = None,
    send: Annotated[str | None, typer.Option("--send", help="Ask Google for more of this bucket.")] = None,
    value: Annotated[int | None, typer.Option("--value", min=1, help="Ask for so many a day.")] = None,
    contact: Annotated[str, typer.Option("--contact", help="Mail address that Google writes to.")] = "",
    why: Annotated[str, typer.Option("--why", help="What the quota is for, in your words.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--no-dry-run", help="Only show what would be sent.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    state: Annotated[bool, typer.Option("--state", help="Show what became of requests.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Gather what Google asks for before it grants more quota.

    Use by method, days that ran out, refused demand, what is done to use
    little, the need to come, and the limit that follows from it. More quota
    cannot be bought: the text is for Google's form. Where Cloud Quotas takes
    a request it is sent with --send BUCKET --no-dry-run, once you have seen
    it and agreed; --state says what became of it.

    Examples:
        ytquota request --output request.md
        ytquota request --send default --contact me@example.com
        ytquota request --state
    """
    with Desk.open() as desk:
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        if state:
            _show_state(desk, project, as_json=as_json)
            return
        name, intelligence = _only(desk, project), intelligence_of(desk)
        with console(stderr=True).status(f"Reading {days} days of the log"):
            evidence = intelligence.evidence(name, days=days)
        if send is None:
            _write(evidence, output, as_json=as_json)
            return
        if send not in BUCKETS:
            raise typer.BadParameter(f"{send!r} is none of {', '.join(BUCKETS)}", param_hint="--send")
        if "@" not in contact:
            raise typer.BadParameter(
                "Google wants a mail address for questions, as --contact me@example.com",
                param_hint="--contact",
            )
        cloud = _cloud(desk)
        wish = _wish(cloud, evidence, send, contact=contact, value=value, why=why)
        _send(desk, cloud, wish, dry_run=dry_run, yes=yes, as_json=as_json)


def _only(desk: Desk, project: str | None) -> str:
    if project is not None:
        check_project(desk, project)
        return project
    known = projects(desk)
    if len(known) == 1:
        return known[0]
    raise typer.BadParameter(
        f"a request is for one project; name it, one of {', '.join(known) or 'none yet'}",
        param_hint="--project",
    )


def _cloud(desk: Desk) -> Cloud:
    from ytquota.cloud import connect

    return connect(desk.settings, clock=desk.monitor.clock)


def _write(evidence: Evidence, output: Path | None, *, as_json: bool) -> None:
    from ytquota.cloud import FORM
    from ytquota.operations.request import letter

    if as_json and output is None:
        print_json(evidence.to_json() | {"form": FORM})
        return
    text = _encoded(evidence.to_json() | {"form": FORM}) if as_json else letter(evidence)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        replace_file(output, text.encode())
    except OSError as error:
        fail(
            f"{output} cannot be written: {error.strerror}. Name a file in a folder that is there "
            "and writable."
        )
    if as_json:
        print_json({"written": str(output), "form": FORM})
    hint(f"Written to {output}. Read it, add what only you can say, and fill in {FORM}")


def _encoded(value: Any) -> str:
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str).decode()


def _wish(
    cloud: Cloud, evidence: Evidence, bucket: str, *, contact: str, value: int | None, why: str
) -> Wish:
    from ytquota.operations.request import prepare

    try:
        return prepare(cloud, evidence, bucket, contact=contact, value=value, why=why)
    except ValueError as error:
        fail(error)


def _send(desk: Desk, cloud: Cloud, wish: Wish, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    from ytquota.operations.request import send

    if not as_json or not (dry_run or yes):
        console(stderr=as_json).print(Group(*_shown(wish)))
    if dry_run:
        if as_json:
            print_json({"sent": False, "wish": _plain(wish)})
        else:
            hint("Nothing was sent. To send just this: add --no-dry-run")
        return
    if not yes:
        confirm("Send this to Google?")
    try:
        sent, row = send(cloud, desk.monitor, wish, who=whoami())
    except ValueError as error:  # the limit has changed since it was looked at
        fail(error)
    if as_json:
        print_json({"sent": True, "wish": _plain(wish), "preference": _plain(sent), "row": row})
        return
    console().print(f"Sent: {count(sent.asked)} a day of {wish.bucket}, {sent.state}. Audit row {row}.")
    hint("What becomes of it: ytquota request --state")


def _shown(wish: Wish) -> list[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, told in (
        ("project", wish.project),
        ("bucket", wish.bucket),
        ("granted now", f"{count(wish.limit)} a day"),
        ("asked for", f"{count(wish.value)} a day"),
        ("contact", wish.contact),
        ("told", wish.justification),
    ):
        table.add_row(name, Text(told))
    return [Text("To Google's Cloud Quotas:", style="bold"), table]


def _show_state(desk: Desk, project: str | None, *, as_json: bool) -> None:
    from ytquota.operations.request import follow

    names = projects(desk) if project is None else [_only(desk, project)]
    found = follow(_cloud(desk), desk.monitor, names)
    if as_json:
        print_json([_plain(one) | {"preference": _plain(one.preference)} for one in found])
    elif not found:
        hint(
            "Google has no request of these projects by Cloud Quotas. Forms that were filled in do not show."
        )
    else:
        console().print(_state_table(found))
        if any(one.preference.state in {"granted", "partly"} for one in found):
            hint("So that the new limit is kept to: ytquota limits --learn")


def _state_table(found: list[Followed]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("project", "bucket"):
        table.add_column(name, no_wrap=True)
    for name in ("asked", "granted"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("since, by whom, and what Google says", overflow="fold")
    for one in found:
        ask = one.preference
        at = ask.updated_at or ask.asked_at
        told = [f"{at:%Y-%m-%d}" if at else "", one.who or "not sent from here", ask.detail]
        table.add_row(
            one.project,
            ask.bucket or ask.quota_id,
            count(ask.asked),
            "-" if ask.granted is None else count(ask.granted),
            ask.state,
            ", ".join(filter(None, told)),
        )
    return table


def _plain(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}
