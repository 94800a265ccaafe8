"""Projects that Google's errors reveal: an API key does not tell its own, and a setting may be wrong.

What is learned of a key is kept in the memory folder, so that it is counted in its project from the next
start on.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

import orjson

from ytquota.errors import SettingsError
from ytquota.monitor.files import locked, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ytquota.errors import Verdict
    from ytquota.monitor.demand import Demand

logger = logging.getLogger("ytquota")

FILE = "projects_of_keys.json"
_PROVISIONAL = "key:"


def provisional_project(api_key: str) -> str:
    """The pool of an API key whose project nobody has named yet: `key:<digest>`."""
    return f"{_PROVISIONAL}{hashlib.sha256(api_key.encode()).hexdigest()[:12]}"


def project_of_key(api_key: str, folder: Path) -> str:
    """The project of an API key as an error of Google's named it once, else its provisional pool.

    Args:
        api_key: the key itself; only its digest is ever written.
        folder: the memory folder.

    Raises:
        SettingsError: the file of what was learned cannot be read.
    """
    pool = provisional_project(api_key)
    return _learned(folder).get(pool, pool)


def is_provisional(project: str) -> bool:
    """Whether this is the pool of a key, for want of its project's number."""
    return project.startswith(_PROVISIONAL)


def may_share_pools(one: str | None, other: str | None) -> bool:
    """Whether two projects are the same, or may be: a key whose project nobody has named may be of any."""
    return one == other or any(project and is_provisional(project) for project in (one, other))


def adds_nothing_to(project: str | None, spent: Iterable[str | None]) -> bool:
    """Whether a project may be one of those whose pools are used up, so that going there brings no quota."""
    return any(may_share_pools(project, other) for other in spent)


class Revealed:
    """Compares the project that an answer names with the one that was charged; tells of each pair once.

    Args:
        folder: the memory folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told: set[tuple[str, str]] = set()

    def note(self, demand: Demand, verdict: Verdict) -> None:
        """Say so, and keep it of an API key, where Google counts a call in another project than we do."""
        named = verdict.project
        if not named or named == demand.project or (demand.project, named) in self._told:
            return
        self._told.add((demand.project, named))
        number = demand.credential_set
        cure = f"Write YTQUOTA_PROJECT_{number}={named} into .env." if number.isdecimal() else (
            f"Pass project={named!r}."
        )  # fmt: skip
        logger.warning(
            "YouTube counts the calls of set %s in project %s, ytquota in %s%s. %s",
            number or "?",
            named,
            demand.project,
            " until the program is started again" if self._keep(demand.project, named) else "",
            cure,
        )

    def _keep(self, pool: str, project: str) -> bool:
        """Whether what was learned of a key is written down now."""
        if not is_provisional(pool):
            return False
        path = self._folder / FILE
        try:
            with locked(path):
                known = _learned(self._folder) | {pool: project}
                replace_file(path, orjson.dumps(known, option=orjson.OPT_INDENT_2))
        except (OSError, SettingsError) as error:
            logger.warning("The project of an API key could not be kept: %s", error)
            return False
        return True


def _learned(folder: Path) -> dict[str, str]:
    """Pool of a key -> number of its project.

    Raises:
        SettingsError: the file cannot be read; that must not move a key back into a pool of its own.
    """
    path = folder / FILE
    try:
        known = orjson.loads(path.read_bytes())
        if isinstance(known, dict) and all(isinstance(n, str) and n.isdecimal() for n in known.values()):
            return known
        problem = "it is not in ytquota's format"
    except FileNotFoundError:
        return {}
    except OSError as error:
        problem = error.strerror or str(error)
    except ValueError:
        problem = "it is no JSON"
    raise SettingsError(
        f"The file {path}, which says to what projects API keys belong, cannot be read: {problem}. Delete "
        "it, and name the projects in .env by YTQUOTA_PROJECT_N=<number>, or let Google's next error tell."
    )
