"""Settings from the environment and a ``.env`` file; every wrong value is an error that names its variable.

The ``.env`` is searched upward from the working folder, else upward from the running script's folder. All
relative paths count from the folder it was found in, so that two bots never get two ledgers by their working
folder. The environment beats the file and is never changed. ``.env.example`` documents each setting.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ytquota.addresses import without_secrets
from ytquota.env_file import EnvFile, read_env_file, warn_once

if TYPE_CHECKING:
    from collections.abc import Mapping

AdmissionMode = Literal["enforce", "shadow"]
FailMode = Literal["strict", "open"]
LogFormat = Literal["parquet", "json"]
Durability = Literal["process", "power"]

SCOPE_PREFIX = "https://www.googleapis.com/auth/"
DEFAULT_SCOPE = SCOPE_PREFIX + "youtube.force-ssl"


class Secret:
    """A text that shows itself only when asked to by name, never in a log, a repr or an error."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))


@dataclass(frozen=True)
class Reserve:
    """What is kept back for important calls: a number of units, or a share of the limit.

    Attributes:
        amount: units, or a share between 0 and 1.
        is_share: which of the two.
    """

    amount: float = 0
    is_share: bool = False

    def units(self, limit: int, bucket: str = "default") -> int:
        """Return how much of a limit is kept back.

        A number of units means the default bucket; in buckets that count calls, only a share keeps any.
        """
        if self.is_share:
            return ceil(limit * self.amount)
        return min(limit, int(self.amount)) if bucket == "default" else 0


@dataclass(frozen=True)
class SetSettings:
    """The variables of credential set N.

    Attributes:
        number: N.
        secrets_file: client secrets of an OAuth set.
        token_file: where the OAuth set's token is kept.
        api_key: the key of an API key set.
        project: the project number the operator named.
    """

    number: int
    secrets_file: Path | None = None
    token_file: Path | None = None
    api_key: Secret | None = None
    project: str | None = None

    @property
    def kind(self) -> Literal["oauth", "api_key"]:
        """Whether the set logs in for a channel, or only reads with a key."""
        return "oauth" if self.api_key is None else "api_key"


@dataclass(frozen=True)
class AlertSettings:
    """From where on operators are alerted, and how word reaches them. Addresses and command are secrets.

    Attributes:
        share: of a pool's limit that is used, from 0 to 1.
        probability: that a pool runs out before its reset, from 0 to 1.
        urls: Apprise addresses.
        webhook: an address that takes JSON by POST.
        command: a command and its arguments, which reads JSON from its standard input.
    """

    share: float = 0.8
    probability: float = 0.75
    urls: tuple[Secret, ...] = ()
    webhook: Secret | None = None
    command: Secret | None = None


@dataclass(frozen=True)
class Settings:
    """Everything an operator can set, checked. See :meth:`load`.

    Attributes:
        root: folder that relative paths count from: that of the ``.env``, else the working folder.
        env_file: the ``.env`` that was found.
        sets: credential sets by number, in ascending order.
        scopes: OAuth scopes, as full addresses.
        rotation: the sets that may stand in for one another, in order; empty: none may.
        limits: the operator's limits by (bucket, project); project None: every project.
        reserve: what is kept back for important calls.
        memory_dir: absolute path of the folder with ledger and state.
        ledger: "journal" or the address of a Redis; see ``ledger_label`` for one fit to be shown.
        log_format: what closed days become.
        archive: where closed days go: a folder, or an address that fsspec opens.
        retention_days: archived days older than this are deleted by `ytquota archive`; 0 keeps all.
        durability: what the journal survives: a killed process, or a power cut as well.
        fail_mode: whether calls go out when the ledger is out of reach.
        open_budget: units that may be spent unrecorded in fail mode "open".
        api_endpoint: another address than Google's, as of a sandbox.
        cloud_credentials: whose account reads Google's figures: a service account's key, or a login.
        cloud_endpoint: another address than Google's for those figures.
        prices_file: CSV file with the operator's own prices.
        price_profile: "current" or "pessimistic".
        priorities: the operator's priorities, by tag as it stands in the variable's name (CHAT_BOT).
        admission: whether what is kept for others is enforced, or only noted in the log.
        alerts: from where on operators are alerted, and how.
        fleet: the list of the ledgers that `ytquota status --all` shows, if there is one.
        unknown: names that begin like ours and mean nothing, for `ytquota doctor` to report.
        ignored: a sentence for each line of the ``.env`` that has no effect; it quotes nothing.
    """

    root: Path
    env_file: Path | None = None
    sets: Mapping[int, SetSettings] = field(default_factory=dict)
    scopes: tuple[str, ...] = (DEFAULT_SCOPE,)
    rotation: tuple[int, ...] = ()
    limits: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    reserve: Reserve = Reserve()
    memory_dir: Path = Path("memory")
    ledger: str = field(default="journal", repr=False)
    log_format: LogFormat = "parquet"
    archive: str = ""
    retention_days: int = 0
    durability: Durability = "process"
    fail_mode: FailMode = "strict"
    open_budget: int = 100
    api_endpoint: str | None = None
    cloud_credentials: Path | None = None
    cloud_endpoint: str | None = None
    prices_file: Path | None = None
    price_profile: str = "current"
    priorities: Mapping[str, str] = field(default_factory=dict)
    admission: AdmissionMode = "enforce"
    alerts: AlertSettings = AlertSettings()
    fleet: Path | None = None
    unknown: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, start: Path | None = None) -> Settings:
        """Return the settings of this process.

        Args:
            environ: instead of the process's environment.
            start: folder to search a ``.env`` from, upward; without it the working folder, then the script's.

        Raises:
            SettingsError: a value is wrong; names the variable, the problem and the fix.
        """
        env_file = _find_env_file(start)
        root = env_file.parent if env_file else (start or Path.cwd()).resolve()
        said = read_env_file(env_file) if env_file else EnvFile({}, ())
        warn_once(said.ignored)
        merged = said.values | dict(os.environ if environ is None else environ)
        from ytquota.variables import Variables  # noqa: PLC0415 - it builds on the classes of this module

        return replace(Variables(merged, root).settings(env_file), ignored=said.ignored)

    def __post_init__(self) -> None:
        # also for settings made by hand: a ledger's place never depends on the working folder
        object.__setattr__(self, "memory_dir", self.root / self.memory_dir)
        object.__setattr__(self, "archive", self.archive or str(self.memory_dir / "archive"))

    def limit_for(self, bucket: str, project: str | None) -> int | None:
        """Return the limit the operator set for a pool, if any."""
        limit = self.limits.get((bucket, project))
        return self.limits.get((bucket, None)) if limit is None else limit

    @property
    def ledger_label(self) -> str:
        """Where the ledger is, without a password."""
        return without_secrets(self.ledger)


def _find_env_file(start: Path | None) -> Path | None:
    starts = [start or Path.cwd()]
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if start is None and script:
        starts.append(Path(script).parent)
    for folder in (place.resolve() for place in starts):
        for parent in (folder, *folder.parents):
            if _is_file(parent / ".env"):
                return parent / ".env"
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder further up that we may not look into has no .env of ours
        return False
