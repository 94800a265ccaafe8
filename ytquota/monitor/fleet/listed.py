"""The fleet's list: which ledgers and archives there are, whose they are, and names for numbers.

It is a TOML file that a person writes, so whatever is wrong in it is told with the file and the entry.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ytquota.addresses import without_secrets
from ytquota.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEYS = ("name", "address", "owner", "sets", "hosts")
_TABLES = ("ledger", "projects")
_PROJECT = re.compile(r"\d{1,20}|key:[0-9a-f]{12}")
_SET = re.compile(r"[1-9]\d{0,5}|own")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_LONGEST = 60

REDIS = ("redis://", "rediss://", "unix://")
"""How the addresses of a Redis begin."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One ledger or archive of the list.

    Attributes:
        name: how people call it.
        address: an absolute folder, or an address; may hold a password, so `label` is what is shown.
        owner: whose its calls are; "" where nobody is named.
        sets: whose the calls of a credential set are, where not the owner's.
        hosts: the same by the name of the host that made them.
    """

    name: str
    address: str = field(repr=False)
    owner: str = ""
    sets: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The address without user, password and options."""
        return without_secrets(self.address)

    def owner_of(self, credential_set: str = "", host: str = "") -> str:
        """Whose a call is: the set's owner, else the host's, else the ledger's."""
        return self.sets.get(credential_set) or self.hosts.get(host) or self.owner


@dataclass(frozen=True, slots=True)
class FleetList:
    """The list as it was read.

    Attributes:
        path: the file.
        ledgers: its ledgers and archives, in its order.
        projects: names by project number.
    """

    path: Path
    ledgers: tuple[Listed, ...]
    projects: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> FleetList:
        """Read a list.

        Raises:
            SettingsError: the file cannot be read, or says something that cannot be; names file and entry.
        """
        return cls(path, *_Reader(path).read())

    def name_of(self, project: str) -> str:
        """A project's name, or its number where it has none."""
        return self.projects.get(project, project)

    def number_of(self, word: str) -> str:
        """The number of a project that was named by its name or number."""
        return next((number for number, name in self.projects.items() if name == word), word)


class _Reader:
    """Reads one file; every complaint names it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[tuple[Listed, ...], dict[str, str]]:
        content = self._content()
        self._only(content, _TABLES, "the file")
        entries = content.get("ledger")
        if not isinstance(entries, list) or not entries:
            self._wrong("it lists no ledger; write [[ledger]], and below it name = and address =")
        ledgers = tuple(self._ledger(number, entry) for number, entry in enumerate(entries, start=1))
        for what, words in (
            ("name", [one.name for one in ledgers]),
            ("address", [one.address for one in ledgers]),
        ):
            if (twice := _twice(words)) is not None:
                self._wrong(f"two ledgers have the {what} {without_secrets(twice)!r}; list each once")
        return ledgers, self._projects(content.get("projects", {}))

    def _content(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            self._wrong("the file does not exist; docs/fleet.md shows how to write it")
        except OSError as error:
            self._wrong(f"the file cannot be read: {error.strerror}")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self._wrong(f"the file is no TOML: {error}")

    def _ledger(self, number: int, entry: object) -> Listed:
        if not isinstance(entry, dict):
            self._wrong("each ledger begins with a line [[ledger]], in double brackets")
        where = f"ledger {entry['name']!r}" if isinstance(entry.get("name"), str) else f"ledger {number}"
        self._only(entry, _KEYS, where)
        for key in ("name", "address"):
            if key not in entry:
                self._wrong(f"{where} has no {key}; add a line {key} = ...")
        sets = self._names(entry.get("sets", {}), where, "sets")
        if (odd := next((key for key in sets if not _SET.fullmatch(key)), None)) is not None:
            self._wrong(f"{where}: {odd!r} in sets is no number of a credential set")
        return Listed(
            name=self._text(entry["name"], f"{where}: name"),
            address=self._address(entry["address"], where),
            owner=self._text(entry["owner"], f"{where}: owner") if "owner" in entry else "",
            sets=sets,
            hosts=self._names(entry.get("hosts", {}), where, "hosts"),
        )

    def _address(self, value: object, where: str) -> str:
        """An address with its ${NAME} filled in, or the absolute path of a folder."""
        if not isinstance(value, str) or not value.strip():
            self._wrong(f"{where}: address must be a folder or an address, in quotes")
        for name in _VARIABLE.findall(value):
            if not os.environ.get(name):
                self._wrong(f"{where}: its address needs the environment variable {name}, which is not set")
        text = _VARIABLE.sub(lambda found: os.environ[found[1]], value.strip())
        if "://" in text:
            return text
        try:
            return os.path.abspath(self._path.parent / Path(text).expanduser())  # noqa: PTH100 - links stay
        except (RuntimeError, ValueError) as error:  # a home of nobody, a NUL
            self._wrong(f"{where}: {value!r} is no usable path: {error}")

    def _projects(self, table: object) -> dict[str, str]:
        names = self._names(table, "the file", "projects")
        for number, name in names.items():
            if not _PROJECT.fullmatch(number):
                self._wrong(f'{number!r} in projects is no project number; write 123456789012 = "{name}"')
            if _PROJECT.fullmatch(name):
                self._wrong(f"the name {name!r} of project {number} looks like a number; choose a word")
        if (twice := _twice(names.values())) is not None:
            self._wrong(f"two projects have the name {twice!r}; give each its own")
        return names

    def _names(self, table: object, where: str, what: str) -> dict[str, str]:
        if not isinstance(table, dict):
            self._wrong(f'{where}: {what} must be a table of names, as {{ 1 = "Anna" }}')
        return {key: self._text(name, f"{where}: {what}: {key}") for key, name in table.items()}

    def _text(self, value: object, where: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self._wrong(f"{where} must be a word in quotes")
        text = value.strip()
        if len(text) > _LONGEST or not text.isprintable():
            self._wrong(f"{where} must be printable and of at most {_LONGEST} characters")
        return text

    def _only(self, table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self._wrong(f"{where} has {key!r}, which means nothing here; {hint}")

    def _wrong(self, problem: str) -> NoReturn:
        end = "" if problem.endswith("?") else "."
        raise SettingsError(f"The fleet's list {self._path}: {problem}{end}") from None


def _twice(words: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
    return None
