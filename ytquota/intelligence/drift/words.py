"""What shows a cause, and what to do about it, in plain words."""

from __future__ import annotations

ENDING_WORDS = {
    "ok": "calls that went well",
    "unchanged": "304 answers",
    "4xx": "4xx answers",
    "5xx": "5xx answers",
    "lost": "calls whose answer was lost",
    "refused": "calls refused for quota",
    "free": "calls with bad credentials",
    "not_sent": "calls that never left",
}


def elsewhere(units: int, method: str, *, ours: int, moments: str) -> tuple[str, str]:
    """Evidence and remedy of somebody else's calls."""
    if not ours:
        shown = f"Google counted {units:,} units of {method}, which nothing here called that day."
    else:
        shown = f"{units:,} units of {method} are left over beside all {ours:,} sends of ours; {moments}."
    return shown, (
        "Look for another program, notebook or person with credentials of this project, and meter it with "
        "ytquota."
    )


def rule(ending: str, sends: int, *, more: bool) -> tuple[str, str]:
    """Evidence and remedy of an ending that Google charges otherwise than we do."""
    what = ENDING_WORDS[ending]
    if more:
        return (
            f"The counters rise with {what} too ({sends:,} that day), which we give back.",
            "Take such calls for charged when you plan.",
        )
    return (
        f"The counters stand still for {what}: {sends:,} that day, all charged here.",
        "Nothing is lost: our count errs on the high side.",
    )


def price(method: str, logged: int, believed: int, *, sends: int, listed: int) -> tuple[str, str]:
    """Evidence and remedy of a wrong price; `listed` is what the price list says by now."""
    shown = (
        f"The counters rise by {believed:,} for a call of {method}, which the log priced at {logged:,} "
        f"({sends:,} sends that day)."
    )
    if listed == believed:
        return shown, "Nothing: the price list has the right price by now."
    return (
        shown,
        f"Put `{method},{believed}` into the file that YTQUOTA_PRICES_FILE names.",
    )


def second_ledger(address: str, sends: int) -> tuple[str, str]:
    """Evidence and remedy of calls counted in another ledger."""
    return (
        f"The ledger in {address} has {sends:,} sends of the same project at just these times.",
        "Let both programs use one YTQUOTA_MEMORY_DIR: two ledgers cannot keep one limit.",
    )


def missing_host(host: str, *, known: bool) -> tuple[str, str]:
    """Evidence and remedy of a host whose lines are not here."""
    shown = (
        f"{host} has charged such units that day, and its lines are not here."
        if known
        else f"{host} has no lines that day, and what is missing looks like what it usually does."
    )
    return shown, f"Bring the journals or the archive of {host} here, then compare again."


def source(units: int) -> tuple[str, str]:
    """Evidence and remedy of minutes that the counters lost."""
    return (
        f"All counters stood still for minutes in which calls of ours worth {units:,} units went well.",
        "Nothing: the gap is Google's, and the balance is not changed for it.",
    )


def short(units: int) -> tuple[str, str]:
    """Evidence and remedy of calls that the counters lost within a few readings."""
    return (
        f"{units:,} units of ours are missing in a few minutes only; all the rest of the day agrees.",
        "Nothing: the counters lost them, and the balance is not changed for it.",
    )


UNEXPLAINED = (
    "No price, no rule and no other program explains it.",
    "Compare again tomorrow, when the counters have settled; if it stays, look at `ytquota log` of that day.",
)
