"""The variables behind the settings: which there are, and what each may say.

Every check ends in a :class:`SettingsError` that names the variable, the problem and the fix.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar, get_args

from ytquota.addresses import is_loopback
from ytquota.errors import SettingsError
from ytquota.prices import BUCKETS, PROFILES
from ytquota.settings import (
    DEFAULT_SCOPE,
    SCOPE_PREFIX,
    AdmissionMode,
    AlertSettings,
    Durability,
    FailMode,
    LogFormat,
    Reserve,
    Secret,
    SetSettings,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Choice = TypeVar("Choice", bound=str)

SCOPES = (
    "youtube",
    "youtube.channel-memberships.creator",
    "youtube.force-ssl",
    "youtube.readonly",
    "youtube.upload",
    "youtubepartner",
    "youtubepartner-channel-audit",
)
"""The scopes of the YouTube Data API, by their short names."""

VARIABLES = (
    "YOUTUBE_SCOPES",
    "YTQUOTA_ADMISSION",
    "YTQUOTA_ALERT_COMMAND",
    "YTQUOTA_ALERT_PROBABILITY",
    "YTQUOTA_ALERT_SHARE",
    "YTQUOTA_ALERT_URLS",
    "YTQUOTA_ALERT_WEBHOOK",
    "YTQUOTA_API_ENDPOINT",
    "YTQUOTA_ARCHIVE",
    "YTQUOTA_CLOUD_CREDENTIALS",
    "YTQUOTA_CLOUD_ENDPOINT",
    "YTQUOTA_DURABILITY",
    "YTQUOTA_FAIL_MODE",
    "YTQUOTA_FLEET",
    "YTQUOTA_LEDGER",
    "YTQUOTA_LOG_FORMAT",
    "YTQUOTA_MEMORY_DIR",
    "YTQUOTA_OPEN_BUDGET",
    "YTQUOTA_PRICES_FILE",
    "YTQUOTA_PRICE_PROFILE",
    "YTQUOTA_RESERVE",
    "YTQUOTA_RETENTION_DAYS",
    "YTQUOTA_ROTATION",
)
_SETS = "GOOGLE_CLIENT_SECRETS_FILE", "OAUTH_TOKEN_FILE", "YOUTUBE_API_KEY", "YTQUOTA_PROJECT"
_NUMBERED = re.compile(rf"({'|'.join(_SETS)})_([1-9]\d{{0,5}})")
_LIMIT = re.compile(rf"YTQUOTA_LIMIT_({'|'.join(BUCKETS).upper()})(?:_(\d+))?")
_PRIORITY = re.compile(r"YTQUOTA_PRIORITY_([A-Z0-9]+(?:_[A-Z0-9]+)*)")
_PRIORITIES = ("normal", "critical", "high", "low")
_LEDGERS = ("redis://", "rediss://", "unix://")
_WHOLE = re.compile(r"(?=.{1,18}$)\d+(_\d+)*")
_FORMS = (_NUMBERED, _LIMIT, _PRIORITY)


class Variables:
    """Variables with their texts, each read with its own check. An empty text is as good as none.

    Args:
        values: names and texts, of the environment and the ``.env`` together.
        root: the folder relative paths count from.
    """

    def __init__(self, values: Mapping[str, str], root: Path) -> None:
        self._values = {name: text.strip() for name, text in values.items() if text.strip()}
        self._root = root

    def settings(self, env_file: Path | None) -> Settings:
        """Return all of them as settings.

        Raises:
            SettingsError: a value is wrong.
        """
        sets = self._sets()
        return Settings(
            root=self._root,
            env_file=env_file,
            sets=sets,
            scopes=self._scopes(),
            rotation=self._rotation(sets),
            limits=self._limits(),
            reserve=self._reserve(),
            memory_dir=self._path("YTQUOTA_MEMORY_DIR") or self._root / "memory",
            ledger=self._ledger(),
            log_format=self._choice("YTQUOTA_LOG_FORMAT", get_args(LogFormat)),
            archive=self._archive(),
            retention_days=self._whole("YTQUOTA_RETENTION_DAYS", 0),
            durability=self._choice("YTQUOTA_DURABILITY", get_args(Durability)),
            fail_mode=self._choice("YTQUOTA_FAIL_MODE", get_args(FailMode)),
            open_budget=self._whole("YTQUOTA_OPEN_BUDGET", 100),
            api_endpoint=self._endpoint("YTQUOTA_API_ENDPOINT"),
            cloud_credentials=self._cloud_credentials(),
            cloud_endpoint=self._endpoint("YTQUOTA_CLOUD_ENDPOINT"),
            prices_file=self._prices_file(),
            price_profile=self._choice("YTQUOTA_PRICE_PROFILE", PROFILES),
            priorities=self._priorities(),
            admission=self._choice("YTQUOTA_ADMISSION", get_args(AdmissionMode)),
            alerts=self._alerts(),
            fleet=self._path("YTQUOTA_FLEET"),
            unknown=tuple(sorted(filter(_is_unknown, self._values))),
        )

    def _sets(self) -> dict[int, SetSettings]:
        found: dict[int, dict[str, str]] = {}
        for name, value in self._values.items():
            match = _NUMBERED.fullmatch(name)
            if match:
                found.setdefault(int(match[2]), {})[match[1]] = value
        return {number: self._set(number, found[number]) for number in sorted(found)}

    def _set(self, number: int, values: Mapping[str, str]) -> SetSettings:
        secrets, token, key, project = (f"{name}_{number}" for name in _SETS)
        has_secrets, has_token, has_key, _ = (name in values for name in _SETS)
        if has_key and (has_secrets or has_token):
            other = secrets if has_secrets else token
            _wrong(key, f"set {number} is either an API key or an OAuth login; remove {key} or {other}")
        if has_secrets != has_token:
            there, missing = (secrets, token) if has_secrets else (token, secrets)
            _wrong(there, f"an OAuth set needs both files; set {missing} too")
        if not has_key and not has_secrets:
            _wrong(project, f"there is no credential set {number}; set {secrets} and {token}, or {key}")
        if project in self._values and not re.fullmatch(r"\d{1,20}", self._values[project]):
            _wrong(project, "it must be the project's number (digits), as shown on the console's start page")
        return SetSettings(
            number=number,
            secrets_file=self._path(secrets),
            token_file=self._path(token),
            api_key=Secret(self._values[key]) if has_key else None,
            project=self._values.get(project),
        )

    def _rotation(self, sets: Mapping[int, SetSettings]) -> tuple[int, ...]:
        name = "YTQUOTA_ROTATION"
        numbers = re.split(r"[,\s]+", self._values.get(name, "").strip(", "))
        if numbers == [""]:
            return ()
        for number in numbers:
            if number not in map(str, sets):
                known = ", ".join(map(str, sets)) or "none yet"
                _wrong(name, f"{number!r} is no credential set; list numbers of sets ({known}), as in 1,10")
        rotation = tuple(map(int, numbers))
        if len(set(rotation)) < len(rotation):
            _wrong(name, "a set is listed twice; list each once, the preferred one first")
        return rotation

    def _scopes(self) -> tuple[str, ...]:
        words = [word for word in re.split(r"[,\s]+", self._values.get("YOUTUBE_SCOPES", "")) if word]
        for word in words:
            if not word.startswith("https://") and word not in SCOPES:
                _wrong("YOUTUBE_SCOPES", f"{word!r} is no scope; use full addresses, or {', '.join(SCOPES)}")
        full = (word if word.startswith("https://") else SCOPE_PREFIX + word for word in words)
        return tuple(dict.fromkeys(full)) or (DEFAULT_SCOPE,)

    def _limits(self) -> dict[tuple[str, str | None], int]:
        matches = (_LIMIT.fullmatch(name) for name in self._values)
        return {(match[1].lower(), match[2]): self._whole(match[0], 0) for match in matches if match}

    def _reserve(self) -> Reserve:
        name, text = "YTQUOTA_RESERVE", self._values.get("YTQUOTA_RESERVE", "0")
        match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?)\s*%", text)
        if match and float(match[1]) <= 100:  # noqa: PLR2004 - per cent
            return Reserve(float(match[1]) / 100, is_share=True)
        if match or not _WHOLE.fullmatch(text):
            _wrong(name, f"{text!r} is neither units (as 500) nor a share of at most 100 % (as 5%)")
        return Reserve(int(text))

    def _priorities(self) -> dict[str, str]:
        matches = (_PRIORITY.fullmatch(name) for name in self._values)
        return {match[1]: self._choice(match[0], _PRIORITIES) for match in matches if match}

    def _alerts(self) -> AlertSettings:
        texts = re.split(r"[,\s]+", self._values.get("YTQUOTA_ALERT_URLS", "").strip(", "))
        urls = tuple(Secret(text) for text in texts if text)
        if any("://" not in url.reveal() for url in urls):  # never shown: it holds passwords
            _wrong("YTQUOTA_ALERT_URLS", "one is no address like mailto://...; separate them by blanks")
        hook = self._values.get("YTQUOTA_ALERT_WEBHOOK")
        if hook is not None and not re.match(r"https?://[^/\s]", hook):
            _wrong("YTQUOTA_ALERT_WEBHOOK", "it must be an address that begins with https:// or http://")
        return AlertSettings(
            share=self._part("YTQUOTA_ALERT_SHARE", 0.8),
            probability=self._part("YTQUOTA_ALERT_PROBABILITY", 0.75),
            urls=urls,
            webhook=Secret(hook) if hook else None,
            command=self._command("YTQUOTA_ALERT_COMMAND"),
        )

    def _command(self, name: str) -> Secret | None:
        text = self._values.get(name)
        if text is None:
            return None
        try:
            shlex.split(text)
        except ValueError as error:
            _wrong(name, f"it is no command line: {error}")
        return Secret(text)

    def _part(self, name: str, default: float) -> float:
        text = self._values.get(name)
        match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?)\s*%|(0?\.\d{1,9})", text or f"{default}")
        part = float(match[1]) / 100 if match and match[1] else float(match[2]) if match else 0.0
        if not 0.0 < part <= 1.0:
            _wrong(name, f"{text!r} is no share between 0 and 100 %, as 80% or 0.8")
        return part

    def _ledger(self) -> str:
        text = self._values.get("YTQUOTA_LEDGER", "journal")
        if text != "journal" and not text.startswith(_LEDGERS):
            _wrong(
                "YTQUOTA_LEDGER", f"it must be journal, or an address that begins with {', '.join(_LEDGERS)}"
            )
        return text

    def _cloud_credentials(self) -> Path | None:
        name = "YTQUOTA_CLOUD_CREDENTIALS"
        if self._values.get(name, "").startswith("AIza"):  # never shown
            page = "https://console.cloud.google.com/iam-admin/serviceaccounts"
            _wrong(name, f"it is an API key; name the key file of a service account, made at {page}")
        return self._path(name)

    def _endpoint(self, name: str) -> str | None:
        from urllib.parse import urlsplit  # noqa: PLC0415 - only with a sandbox

        text = self._values.get(name)
        if text is None:
            return None
        try:
            url = urlsplit(text)
            host, _ = url.hostname or "", url.port
        except ValueError:
            url, host = urlsplit(""), ""
        if url.scheme not in {"http", "https"} or not host:
            _wrong(name, f"{text!r} is no address like http://127.0.0.1:8080")
        if url.scheme == "http" and not is_loopback(text):
            _wrong(name, f"plain http would send tokens to {host} readable by anyone between; use https")
        return text.rstrip("/")

    def _prices_file(self) -> Path | None:
        name = "YTQUOTA_PRICES_FILE"
        path = self._path(name)
        if path is not None and not path.is_file():
            _wrong(name, f"there is no file {path}; correct the path or remove the setting")
        return path

    def _archive(self) -> str:
        """An address as it stands, or the absolute path of a folder; "" where none is named."""
        text = self._values.get("YTQUOTA_ARCHIVE", "")
        return text if "://" in text else str(self._path("YTQUOTA_ARCHIVE") or "")

    def _path(self, name: str) -> Path | None:
        text = self._values.get(name)
        if text is None:
            return None
        try:
            return (self._root / Path(text).expanduser()).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # a home of nobody, a loop of links, a NUL
            _wrong(name, f"{text!r} is no usable path: {error}")

    def _whole(self, name: str, default: int) -> int:
        text = self._values.get(name, str(default))
        if not _WHOLE.fullmatch(text):
            _wrong(name, f"{text!r} is not a whole number of at least 0, written without separators")
        return int(text)

    def _choice(self, name: str, choices: tuple[Choice, ...]) -> Choice:
        text = self._values.get(name, choices[0])
        if text not in choices:
            _wrong(name, f"{text!r} is none of {', '.join(choices)}")
        return choices[choices.index(text)]


def did_you_mean(name: str) -> str:
    """Return the known variable that an unknown name resembles most, empty if none does."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a report

    number = re.search(r"_\d+$", name)
    numbered = [f"{known}{number[0] if number else '_1'}" for known in _SETS]
    limits = [f"YTQUOTA_LIMIT_{bucket.upper()}" for bucket in BUCKETS]
    return next(iter(get_close_matches(name, [*VARIABLES, *numbered, *limits], n=1, cutoff=0.8)), "")


def _is_unknown(name: str) -> bool:
    ours = name.startswith(("YTQUOTA_", *_SETS))
    return ours and name not in VARIABLES and not any(form.fullmatch(name) for form in _FORMS)


def _wrong(name: str, problem: str) -> NoReturn:
    raise SettingsError(f"{name}: {problem}.")
