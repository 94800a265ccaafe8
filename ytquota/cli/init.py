"""``ytquota init``: name the credentials that lie in this folder in its ``.env``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ytquota.auth.nearby import Credential, Proposal, look_around, propose, write
from ytquota.cli.output import confirm, console, print_json
from ytquota.env_file import read_env_file
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_OF_NO_USE = {
    "pickled token": "A pickle can run anything, so it is not opened. Log in again instead",
    "service account": "YouTube does not accept service accounts. Left out",
}
_ABSENT = (
    "{path} does not exist. The token works without it; the next login does not: save the JSON of the "
    "token's OAuth client there before."
)


def init(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Write a .env that names the credentials lying here.

    Looks for client secrets, tokens and API keys in this folder, in the folders directly below it, and in a
    .env that is there already, to which it only adds lines. Nothing is sent to Google.

    Examples:
        ytquota init
        ytquota init --yes && ytquota sets
    """
    settings, out = Settings.load(), console(stderr=as_json)
    if settings.sets:
        listed = ", ".join(map(str, settings.sets))
        said = (
            f"Nothing to do: {_place(settings)} names credential sets already ({listed}). See: ytquota sets"
        )
        _end(said, settings, as_json=as_json)
        return
    found = look_around(settings.root, read_env_file(settings.env_file).values if settings.env_file else {})
    proposal = propose(found)
    out.print(*_tell(settings.root, found), sep="\n", soft_wrap=True)
    out.print(
        f"To be added to {_place(settings)}:",
        *(f"  {line}" for line in proposal.lines),
        *(_ABSENT.format(path=settings.root / name) for name in proposal.absent),
        sep="\n",
        soft_wrap=True,
    )
    if not yes:
        confirm("Go ahead?")
    path = write(settings, proposal)
    _end(
        "\n".join([f"{path} is written.", *_next(settings.root, found, proposal)]),
        settings,
        proposal,
        as_json=as_json,
    )


def _place(settings: Settings) -> Path:
    return settings.env_file or settings.root / ".env"


def _tell(folder: Path, found: Sequence[Credential]) -> Iterator[Text]:
    """What lies here, a line each."""
    if not found:
        yield Text(f"No credentials lie in {folder}.")
        return
    yield Text(f"Found in {folder}:")
    for one in found:
        more = _OF_NO_USE.get(one.kind) or (
            f"project {one.project}" if one.project else "its project is not known"
        )
        yield Text(f"  {one.kind:<15} {one.name}: {more}.")


def _next(folder: Path, found: Sequence[Credential], proposal: Proposal) -> Iterator[str]:
    """What to do now, a line each."""
    if not any(one.kind in {"client secrets", "token", "API key"} for one in found):
        yield (
            "Next: make an OAuth client of type 'Desktop app' in the Google Cloud console, save its JSON as "
            f"{folder / proposal.lines[0].partition('=')[2]} (docs/accounts.md shows each step), then run:"
        )
    elif proposal.logins:
        yield "Next:"
    else:
        yield "Next: ytquota sets"
    yield from (f"  ytquota login {number}" for number in proposal.logins)
    if (folder / ".git").exists():
        yield "This folder is under git: see that .env, the credentials and memory/ stand in .gitignore."


def _end(said: str, settings: Settings, proposal: Proposal | None = None, *, as_json: bool) -> None:
    if not as_json:
        console().print(said, soft_wrap=True)
        return
    report: dict[str, Any] = {
        "changed": proposal is not None,
        "env_file": str(_place(settings)),
        "message": said,
    }
    lists = ("lines", "logins", "absent")
    print_json(report | {name: getattr(proposal, name) if proposal else [] for name in lists})
