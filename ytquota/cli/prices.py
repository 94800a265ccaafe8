"""``ytquota prices``: what a call costs, since when, and who says so."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ytquota.cli.desk import Desk
from ytquota.cli.output import FAILURE, console, count, hint, print_json
from ytquota.cli.times import parse_day
from ytquota.clock import SystemClock, quota_day
from ytquota.prices import PROFILES, Price, PriceBook, canonical

if TYPE_CHECKING:
    from datetime import date


def prices(
    *,
    method: Annotated[str | None, typer.Argument(help="One method, as videos.list; without it, all.")] = None,
    on: Annotated[str | None, typer.Option(help="Prices of that quota day: 2026-09-20, yesterday.")] = None,
    profile: Annotated[
        str | None, typer.Option(help=f"{' or '.join(PROFILES)}; else as set in .env.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what a call costs, and who says so.

    Of one method, all that is known of it: also earlier rows, rows of others,
    and figures that were published and refuted, which are never charged.

    Examples:
        ytquota prices videos.list
        ytquota prices --on 2026-05-01
        ytquota prices liveChatMessages.list --profile pessimistic --json
    """
    if profile is not None and profile not in PROFILES:
        raise typer.BadParameter(f"{profile!r} is none of {', '.join(PROFILES)}", param_hint="--profile")
    settings = Desk.open().settings
    book = PriceBook.load(profile or settings.price_profile, settings.prices_file)
    today = quota_day(SystemClock().time())
    day = today if on is None else parse_day(on, today, option="--on")
    found = [book.price_of(name, on=day) for name in ([canonical(method)] if method else book.methods())]
    if as_json:
        facts = {"day": day.isoformat(), "profile": book.profile, "prices": [*map(facts_of, found)]}
        print_json(facts | ({"rows": [*map(facts_of, book.known_of(method))]} if method else {}))
    elif method:
        _one(found[0], book, day)
    else:
        _all(found, day, book.profile)
    if method and (why := not_priced(book, method, day)):
        hint(why)
        raise typer.Exit(FAILURE)


def facts_of(price: Price) -> dict[str, Any]:
    """Return a price as ``prices --json`` prints it."""
    return {
        "method": price.method,
        "bucket": price.bucket,
        "units": price.units,
        "provenance": price.provenance,
        "valid_from": price.valid_from.isoformat(),
        "source": price.source,
        "flag": price.flag,
    }


def _all(found: list[Price], day: date, profile: str) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("method", no_wrap=True)
    table.add_column("price", justify="right", no_wrap=True)
    for name in ("pool", "said by", "since"):
        table.add_column(name, no_wrap=True)
    for price in found:
        mark = "*" if price.flag else ""
        since = price.valid_from.isoformat() + mark
        table.add_row(price.method, count(price.units), price.bucket, price.provenance, since)
    console().print(table)
    if any(price.flag for price in found):
        console().print(Text("* no price is known for that day; the first known one is taken", style="dim"))
    console().print(Text(f"Prices of {day.isoformat()}, profile {profile}.", style="dim"))


def _one(price: Price, book: PriceBook, day: date) -> None:
    if price.flag == "unpriced":
        return  # nobody knows, which is said where that is asked
    unit = "units" if price.bucket == "default" else "calls"
    out = console()
    out.print(
        Text(f"{price.method} costs {price.units:,} of the {unit} in pool {price.bucket}", style="bold")
    )
    out.print(f"on {day.isoformat()} (profile {book.profile}), {_says(price)}:")
    out.print(price.source, soft_wrap=True)
    others = [row for row in book.known_of(price.method) if row != replace(price, flag="")]
    if others:
        out.print("Also known:")
    for row in others:
        out.print(f"  {row.units:,} of {row.bucket}, {_says(row)}", style="dim")
        out.print(f"    {row.source}", style="dim", soft_wrap=True)


def _says(price: Price) -> str:
    said = f"{price.provenance}, {price.flag}" if price.flag else price.provenance
    return f"{said}, since {price.valid_from.isoformat()}"


def not_priced(book: PriceBook, method: str, day: date) -> str:
    """Return a sentence about a method that nobody priced, with those that resemble it; "" of any other."""
    price = book.price_of(canonical(method), on=day)
    if price.flag != "unpriced":
        return ""
    similar = get_close_matches(price.method, book.methods(), n=3)
    meant = f" Did you mean {' or '.join(similar)}?" if similar else ""
    dearest = f"a call would be charged as the dearest of its kind, {price.units:,} of {price.bucket}"
    return f"No price is known for {price.method}; {dearest}.{meant}"
