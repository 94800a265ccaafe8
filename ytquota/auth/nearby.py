"""Credentials that already lie in a bot's folder, and the lines of `.env` that would name them.

A bot that ran before ytquota has its client secrets, its token, or its API key somewhere near. They are found
by what is in them, not by their names; nothing is sent, and nothing secret is returned.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ytquota.auth.files import alone_with
from ytquota.monitor.files import replace_file
from ytquota.projects import project_of_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ytquota.settings import Settings

Kind = Literal["client secrets", "token", "pickled token", "service account", "API key"]

_LARGEST = 65_536  # bytes: a file of credentials has about one thousand
_PLAIN = re.compile(r"[\w./+@-]+")
_NUMBER = re.compile(r"[_-]([1-9]\d{0,5})$")
_API_KEY = "AIza"  # every API key of Google's begins so

_SECRETS_1, _TOKEN_1 = "credentials/client_secrets_1.json", "credentials/token_1.json"


@dataclass(frozen=True, slots=True)
class Credential:
    """A file that holds credentials, or a variable that holds an API key.

    Attributes:
        kind: what it is; ytquota can use the first two and the last.
        name: path as seen from the folder, or the variable's name.
        client: the OAuth client it belongs to; empty where it does not say.
        project: the project number; empty where it does not say.
    """

    kind: Kind
    name: str
    client: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What `.env` would gain.

    Attributes:
        lines: to be added, without line ends.
        logins: the sets that need `ytquota login` before they can be used.
        absent: the client secrets files that are named and do not lie there: a token works without, a login
            does not.
    """

    lines: tuple[str, ...]
    logins: tuple[int, ...]
    absent: tuple[str, ...] = ()


def look_around(folder: Path, variables: Mapping[str, str]) -> list[Credential]:
    """Return the credentials in a folder and in the folders directly below it, by path, then API keys.

    Args:
        folder: where the bot is.
        variables: of its `.env`, by name.
    """
    files = [found for path in _files(folder) if (found := _judge(path, folder)) is not None]
    keys = [
        Credential("API key", name)
        for name, text in variables.items()
        if text.startswith(_API_KEY) and not name.startswith("YOUTUBE_API_KEY_")
    ]
    return files + keys


def propose(found: Sequence[Credential]) -> Proposal:
    """Return the lines that name what was found: a set for each token, each lone client, each key.

    A number at the end of a file's name (`token_10.json`) is the set's number.
    Where nothing was found the lines name the places where the credentials of set 1 will be looked for.
    """
    tokens = [one for one in found if one.kind == "token"]
    clients = [one for one in found if one.kind == "client secrets"]
    sets: list[tuple[str, Credential | None]] = [(_client_of(token, clients), token) for token in tokens]
    used = {client for client, _ in sets if client}
    sets += [(client.name, None) for client in clients if client.name not in used]
    lines: list[str] = []
    logins, absent = [], []
    numbers = _numbers([(token.name if token else "", client) for client, token in sets])
    for number, (client, token) in sorted(zip(numbers, sets, strict=True), key=lambda pair: pair[0]):
        path = token.name if token else str(Path(client).with_name(f"token_{number}.json"))
        secrets = client or str(Path(path).with_name(f"client_secrets_{number}.json"))
        lines += [
            f"GOOGLE_CLIENT_SECRETS_FILE_{number}={_quoted(secrets)}",
            f"OAUTH_TOKEN_FILE_{number}={_quoted(path)}",
        ]
        logins += [] if token else [number]
        absent += [] if client else [secrets]
    keys = (one for one in found if one.kind == "API key")
    for number, key in zip(_free(numbers), keys, strict=False):
        lines.append(f"YOUTUBE_API_KEY_{number}=${{{key.name}}}")
    if not lines:
        lines, logins = [f"GOOGLE_CLIENT_SECRETS_FILE_1={_SECRETS_1}", f"OAUTH_TOKEN_FILE_1={_TOKEN_1}"], [1]
    return Proposal(tuple(lines), tuple(logins), tuple(absent))


def _numbers(names: Sequence[tuple[str, str]]) -> list[int]:
    """A number for each set: that of its token's name, else of its client's, else the lowest free one."""
    given: dict[int, int] = {}  # by the set's place
    for files in zip(*names, strict=True):
        for place, name in enumerate(files):
            match = _NUMBER.search(Path(name).stem)
            if match and place not in given and int(match[1]) not in given.values():
                given[place] = int(match[1])
    free = _free(list(given.values()))
    return [given.get(place) or next(free) for place in range(len(names))]


def _free(taken: Sequence[int]) -> Iterator[int]:
    """Numbers that no set has yet, from 1."""
    return (number for number in count(1) if number not in taken)


def write(settings: Settings, proposal: Proposal) -> Path:
    """Add the lines to the `.env` in force, or make a private one in the folder; what it says stays.

    Raises:
        OSError: the file cannot be read or replaced; it is untouched.
    """
    path = settings.env_file or settings.root / ".env"
    is_new = not path.exists()
    before = "" if is_new else path.read_text(encoding="utf-8-sig")
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    head = "# Credential sets of ytquota; docs/operations.md lists all other settings.\n"
    text = before + gap + head + "\n".join(proposal.lines) + "\n"
    with alone_with(path):
        replace_file(path, text.encode(), mode=0o600 if is_new else None, durable=True)
    return path


def _quoted(path: str) -> str:
    """Write a path as `.env` files take it."""
    return path if _PLAIN.fullmatch(path) else "'" + path.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _client_of(token: Credential, clients: Sequence[Credential]) -> str:
    return next((client.name for client in clients if client.client == token.client), "")


def _files(folder: Path) -> Iterator[Path]:
    """Small files that may hold credentials, here and one folder down; links out of the folder included."""
    for pattern in ("*", "*/*"):
        for path in sorted(folder.glob(pattern)):
            if path.suffix.lower() in {".json", ".pickle", ".pkl"} and _is_small_file(path):
                yield path


def _is_small_file(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= _LARGEST
    except OSError:
        return False


def _judge(path: Path, folder: Path) -> Credential | None:
    name = str(path.relative_to(folder))
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    if path.suffix.lower() != ".json":  # never unpickled: a pickle can run anything
        return Credential("pickled token", name) if b"google" in raw and b"redentials" in raw else None
    try:
        content = json.loads(raw)
    except ValueError:
        return None
    return _judge_content(content, name) if isinstance(content, dict) else None


def _judge_content(content: dict[str, Any], name: str) -> Credential | None:
    for kind in ("installed", "web"):
        if isinstance(content.get(kind), dict) and content[kind].get("client_secret"):
            return _of_client("client secrets", name, content[kind].get("client_id"))
    if content.get("type") == "service_account":
        return Credential("service account", name)
    if content.get("refresh_token") and content.get("client_id") and content.get("client_secret"):
        return _of_client("token", name, content["client_id"])
    return None


def _of_client(kind: Kind, name: str, client: object) -> Credential | None:
    project = project_of_client(client)
    return Credential(kind, name, str(client), project) if project else None
