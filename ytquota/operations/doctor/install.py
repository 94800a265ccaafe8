"""The installation under examination: settings, clock, and the credential files, each read once."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from ytquota import clock as clocks
from ytquota.auth.files import read_json
from ytquota.auth.notes import SetStates
from ytquota.auth.state import StateFile
from ytquota.auth.tokens import ClientSecrets, Token, load_client_secrets, load_token
from ytquota.errors import CredentialError
from ytquota.monitor.opening import project_of_set
from ytquota.monitor.places import days_in, project_name
from ytquota.operations.doctor.scan import Scan, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from ytquota.settings import Settings

Read = TypeVar("Read")


@dataclass(frozen=True)
class Install:
    """What every check looks at.

    Attributes:
        settings: the settings in force.
        clock: the time; by the real one unless a test says otherwise.
        ask_google: whether the token address may be asked (which costs no quota).
    """

    settings: Settings
    clock: clocks.Clock
    ask_google: bool = False
    _scans: dict[Path, Scan] = field(default_factory=dict, repr=False)

    @cached_property
    def secrets(self) -> dict[int, ClientSecrets | CredentialError]:
        """The client secrets of each OAuth set, or why they are unusable; none where the file is missing."""
        return {
            one.number: _read(load_client_secrets, one.number, one.secrets_file)
            for one in self.settings.sets.values()
            if one.secrets_file is not None and one.secrets_file.exists()
        }

    @cached_property
    def tokens(self) -> dict[int, Token | CredentialError]:
        """The token of each OAuth set, or why it is unusable; none where the file is missing."""
        return {
            one.number: _read(load_token, one.number, one.token_file)
            for one in self.settings.sets.values()
            if one.token_file is not None and one.token_file.exists()
        }

    @property
    def readable_tokens(self) -> list[Token]:
        """The tokens that can be used, by set."""
        return [token for token in self.tokens.values() if isinstance(token, Token)]

    @cached_property
    def states(self) -> SetStates | CredentialError:
        """What the state file says, or why it cannot be read."""
        file = StateFile(self.settings.memory_dir, clock=self.clock)
        try:
            content = read_json(file.path, what="state file", remedy="") if file.path.exists() else {}
            if not isinstance(content, dict | list):
                return CredentialError(f"The state file {file.path} holds neither an object nor a list")
            is_older = "v" not in content  # read() would set a file of an older program aside
            return SetStates() if is_older else file.read()
        except CredentialError as error:
            return error

    def scan(self, path: Path) -> Scan:
        """Return what a journal says beside the units; each is read once."""
        if path not in self._scans:
            self._scans[path] = scan(path)
        return self._scans[path]

    @property
    def calls(self) -> Path:
        """The folder of the journals."""
        return self.settings.memory_dir / "calls"

    @property
    def today(self) -> date:
        """The quota day."""
        return clocks.quota_day(self.clock.time())

    @property
    def counts_here(self) -> bool:
        """Whether the journals are the ledger, and not only this host's lines of a Redis."""
        return self.settings.ledger == "journal"

    @cached_property
    def sets_of(self) -> dict[str, list[int]]:
        """The sets of each project, where the project can be told."""
        project_of, found = project_of_set(self.settings), dict[str, list[int]]()
        for number in self.settings.sets:
            if project := project_of(number):
                found.setdefault(project, []).append(number)
        return found

    @cached_property
    def projects(self) -> set[str]:
        """The projects of the sets, and those that were counted here."""
        return set(self.sets_of) | projects_in(self.calls)

    @property
    def env_file(self) -> str:
        """The `.env` as a person is told of it."""
        return str(self.settings.env_file or self.settings.root / ".env")

    def sets_in_words(self, project: str) -> str:
        """Return "set 1" or "sets 1 and 3" for the sets of a project."""
        numbers = self.sets_of.get(project, [])
        return f"set{'s' if len(numbers) > 1 else ''} {' and '.join(map(str, numbers))}" if numbers else ""


def projects_in(calls: Path) -> set[str]:
    """Return the projects that a folder of journals counted on its newest days."""
    files = (path for day in days_in(calls)[-_DAYS:] for path in (calls / day.isoformat()).glob("*.jsonl"))
    return {project_name(path.stem) for path in files}


_DAYS = 60
"""As far back as the ledger itself looks for what it learned of a project."""


def _read(load: Callable[[int, Path], Read], number: int, path: Path) -> Read | CredentialError:
    try:
        with _said_once():
            return load(number, path)
    except CredentialError as error:
        return error


@contextmanager
def _said_once() -> Iterator[None]:
    """Keep the loaders from warning of modes in the log: that is a finding here."""
    log = logging.getLogger("ytquota.auth")

    def passes(record: logging.LogRecord) -> bool:
        return record.levelno > logging.WARNING

    log.addFilter(passes)
    try:
        yield
    finally:
        log.removeFilter(passes)
