"""A price is dated and says where it comes from; a doubtful one carries a flag, and none is silently 1."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import googleapiclient
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota import prices
from ytquota.errors import SettingsError
from ytquota.prices import BUCKETS, DEFAULT_LIMITS, Price, PriceBook, canonical, is_write, price_of

TODAY = date(2026, 11, 22)
BOOK = PriceBook.load()
PESSIMISTIC = PriceBook.load("pessimistic")


def discovered_methods():
    """Return the methods of the API description that the installed google client ships."""
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    found = []

    def walk(resource):
        found.extend(method["id"] for method in resource.get("methods", {}).values())
        for child in resource.get("resources", {}).values():
            walk(child)

    walk(json.loads((folder / "youtube.v3.json").read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("method", discovered_methods())
def test_every_method_the_client_knows_has_a_price_without_a_flag(method):
    """A client that brings a method without a price must fail here, not cost a guess in production."""
    assert BOOK.price_of(method, on=TODAY).flag == ""


def test_the_client_ships_the_methods_this_list_was_made_for():
    """83 methods; more would each be a case of the test above, fewer a sign that the walk is wrong."""
    assert len(discovered_methods()) >= 83


@pytest.mark.parametrize(
    ("method", "day", "expected"),
    [
        ("videos.list", "2026-11-22", ("default", 1, "documented", "")),
        ("captions.download", "2026-11-22", ("default", 200, "documented", "")),
        ("captions.update", "2026-11-22", ("default", 450, "documented", "")),
        ("abuseReports.insert", "2026-11-22", ("default", 50, "assumed", "")),
        # searches and uploads left the common pool on 2026-06-01
        ("search.list", "2026-05-31", ("default", 100, "documented", "")),
        ("search.list", "2026-06-01", ("search_list", 1, "documented", "")),
        ("videos.insert", "2025-12-03", ("default", 1600, "documented", "")),
        ("videos.insert", "2025-12-04", ("default", 100, "documented", "")),
        ("videos.insert", "2026-06-01", ("video_insert", 1, "documented", "")),
        ("videos.batchGetStats", "2026-06-03", ("video_batch_get_stats", 1, "documented", "")),
        # live methods have three prices, one after the other
        ("liveChatMessages.insert", "2026-09-14", ("default", 50, "community", "")),
        ("liveChatMessages.insert", "2026-09-15", ("default", 50, "documented", "")),
        ("liveChatMessages.insert", "2026-10-03", ("default", 20, "documented", "")),
        ("liveBroadcasts.insert", "2026-11-22", ("default", 1, "documented", "")),
        ("liveChatModerators.list", "2026-11-22", ("default", 50, "documented", "")),
        ("liveChatBans.insert", "2026-11-22", ("default", 200, "documented", "")),
        # published as 1 in September 2026, measured as 5 ever since 2020
        ("liveChatMessages.list", "2026-09-14", ("default", 5, "community", "")),
        ("liveChatMessages.list", "2026-09-20", ("default", 5, "community", "")),
        ("liveChatMessages.list", "2026-11-22", ("default", 5, "documented", "")),
        # two rows of one date: Google's own wins over a library's estimate
        ("members.list", "2026-11-22", ("default", 1, "documented", "")),
        # before anybody wrote a price down
        ("liveChatModerators.list", "2026-09-14", ("default", 1, "documented", "before-first-row")),
        (
            "videos.batchGetStats",
            "2026-01-01",
            ("video_batch_get_stats", 1, "documented", "before-first-row"),
        ),
        ("members.list", "2019-01-01", ("default", 1, "documented", "before-first-row")),
        ("liveChatMessages.streamList", "2026-10-02", ("default", 5, "documented", "before-first-row")),
    ],
)
def test_the_price_is_the_newest_row_not_after_the_day(method, day, expected):
    """Each row holds from its date until the next one's."""
    price = BOOK.price_of(method, on=date.fromisoformat(day))

    assert (price.bucket, price.units, price.provenance, price.flag) == expected
    assert price.source


@pytest.mark.parametrize(
    ("method", "day", "units", "dearest"),
    [
        ("videos.newThing", TODAY, 450, "captions.update"),
        ("podcasts.list", TODAY, 200, "captions.download"),
        ("podcasts.getEverything", TODAY, 200, "captions.download"),
        ("videos.newThing", date(2025, 1, 1), 1600, "videos.insert"),
    ],
)
def test_a_method_nobody_priced_costs_the_dearest_of_its_kind(method, day, units, dearest):
    """It is charged to the default bucket as the dearest read or write of that day, flagged, and says why."""
    price = BOOK.price_of(method, on=day)

    assert (price.method, price.bucket, price.units) == (method, "default", units)
    assert (price.flag, price.provenance) == ("unpriced", "assumed")
    assert dearest in price.source


@given(st.text(min_size=1), st.dates(min_value=date(2015, 1, 1), max_value=date(2050, 1, 1)))
def test_no_name_is_ever_free(method, day):
    """Whatever is asked for, on whatever day, an answer comes and it costs something."""
    assert BOOK.price_of(method, on=day).units >= 1


@given(st.sampled_from(BOOK.methods()), st.dates(min_value=date(2026, 6, 3), max_value=date(2030, 1, 1)))
def test_the_pessimistic_profile_is_never_cheaper(method, day):
    """It keeps the bucket and may only raise the units."""
    now, worse = BOOK.price_of(method, on=day), PESSIMISTIC.price_of(method, on=day)

    assert worse.units >= now.units
    assert worse.bucket == now.bucket


@pytest.mark.parametrize(
    ("method", "day", "units"),
    [
        ("liveBroadcasts.insert", "2026-11-22", 50),
        ("liveStreams.delete", "2026-11-22", 50),
        ("liveChatMessages.insert", "2026-11-22", 50),
        ("liveChatMessages.list", "2026-11-22", 5),
        ("liveChatBans.insert", "2026-11-22", 200),
        ("liveChatModerators.list", "2026-11-22", 50),
        # the later edition may have been billed before it was found
        ("liveChatBans.insert", "2026-09-15", 200),
        ("liveChatBans.insert", "2026-09-14", 50),
        ("videos.list", "2026-11-22", 1),
        ("videos.insert", "2026-11-22", 1),
        ("members.list", "2026-11-22", 1),
    ],
)
def test_the_pessimistic_profile_takes_the_dearer_edition_of_live_methods(method, day, units):
    """From 2026-09-15 on, where two editions of Google's table disagree, the dearer one is charged."""
    assert PESSIMISTIC.price_of(method, on=date.fromisoformat(day)).units == units


def test_an_unknown_profile_is_an_error_that_lists_the_known_ones():
    """A typing error must not silently mean the current prices."""
    with pytest.raises(SettingsError, match="'cheap' does not exist; choose one of current, pessimistic"):
        PriceBook.load("cheap")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("videos.list", "videos.list"),
        ("youtube.videos.list", "videos.list"),
        ("liveChatMessages.streamList", "liveChatMessages.streamList"),
        ("liveChatMessages.stream", "liveChatMessages.streamList"),
        ("youtube.youtube.v3.liveChat.messages.stream", "liveChatMessages.streamList"),
        ("youtube.v3.liveChat.messages.stream", "liveChatMessages.streamList"),
    ],
)
def test_methods_are_known_by_every_name_google_uses(name, expected):
    """The discovery document's name, the documentation's and our own lead to one."""
    assert canonical(name) == expected
    assert BOOK.price_of(name, on=TODAY).method == expected


@pytest.mark.parametrize(
    ("method", "write"),
    [
        ("videos.list", False),
        ("videos.getRating", False),
        ("videoTrainability.get", False),
        ("captions.download", False),
        ("videos.batchGetStats", False),
        ("youtube.youtube.v3.liveChat.messages.stream", False),
        ("videos.insert", True),
        ("videos.rate", True),
        ("liveBroadcasts.transition", True),
        ("watermarks.unset", True),
        ("somethingNew.frobnicate", True),
    ],
)
def test_the_verb_tells_reads_from_writes(method, write):
    """What is not known to read counts as a write."""
    assert is_write(method) is write


def test_the_public_function_takes_a_day_an_instant_or_nothing():
    """Without a day it answers for today; an instant counts on its Pacific day."""
    just_before = datetime(2026, 6, 1, 6, 59, tzinfo=UTC)

    assert price_of("videos.list").units == 1
    assert price_of("search.list", on=date(2026, 5, 31)).units == 100
    assert price_of("search.list", on=just_before).units == 100
    assert price_of("search.list", on=just_before + timedelta(minutes=1)).units == 1
    assert price_of("liveBroadcasts.insert", on=TODAY, book=PESSIMISTIC).units == 50


def test_a_price_asked_for_again_is_the_same_object():
    """Under every name of the method: the hot path is one look-up."""
    assert BOOK.price_of("youtube.videos.list", on=TODAY) is BOOK.price_of("youtube.videos.list", on=TODAY)


def test_the_price_list_is_clean():
    """Every row has a known bucket and provenance, a source with balanced brackets, and is there once."""
    with prices.PRICES_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert list(rows[0]) == ["method", "units", "bucket", "provenance", "source", "valid_from"]
    assert len({(row["method"], row["provenance"], row["valid_from"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["bucket"] in BUCKETS
        assert row["provenance"] in {"documented", "community", "assumed", "refuted"}
        assert row["source"].count("(") == row["source"].count(")")
        assert row["units"].isdecimal()
    assert len([row for method in BOOK.methods() for row in BOOK.known_of(method)]) == len(rows)


def test_a_refuted_row_is_known_and_charges_nothing():
    """Not on its own days, in no profile, and no method is known by it alone."""
    refuted = Price("videos.list", "default", 400, "refuted", date(2026, 9, 15), "a page")
    alone = Price("podcasts.list", "default", 9, "refuted", date(2026, 9, 15), "a page")
    for profile in prices.PROFILES:
        book = PriceBook([*BOOK.rows(), refuted, alone], profile=profile)

        assert book.price_of("videos.list", on=date(2026, 9, 20)).units == 1
        assert book.price_of("podcasts.list", on=TODAY).flag == "unpriced"
        assert "podcasts.list" not in book.methods()
        assert refuted not in book.rows()
        assert refuted in book.known_of("youtube.videos.list")


def test_all_that_is_known_of_a_method_comes_newest_first():
    """Two rows of one date too: Google's own before a library's."""
    assert [(row.units, row.provenance) for row in BOOK.known_of("members.list")] == [
        (1, "documented"),
        (2, "community"),
    ]
    assert [(row.units, row.provenance) for row in BOOK.known_of("liveChatMessages.list")] == [
        (5, "documented"),
        (1, "refuted"),
        (5, "community"),
    ]
    assert BOOK.known_of("podcasts.list") == ()


def test_the_buckets_and_their_default_limits_are_googles():
    """Four metered allowances, with the figures published on 2026-06-03."""
    expected = {"default": 10_000, "search_list": 100, "video_insert": 100, "video_batch_get_stats": 10_000}

    assert expected == DEFAULT_LIMITS
    assert tuple(expected) == BUCKETS


# -- the operator's own prices


@pytest.fixture
def book_with(tmp_path):
    """Return a function that loads a price book with an overrides file of the given text."""

    def load(text, profile="current"):
        path = tmp_path / "mine.csv"
        path.write_text(text, encoding="utf-8")
        return PriceBook.load(profile, overrides=path)

    return load


def test_an_override_wins_over_every_other_row(book_with):
    """Also over rows that are newer than itself, and in both profiles."""
    columns = "method,units,bucket,provenance,source,valid_from"
    text = f"{columns}\nliveBroadcasts.insert,7,default,,measured,2026-01-01\n"
    for profile in ("current", "pessimistic"):
        price = book_with(text, profile).price_of("liveBroadcasts.insert", on=TODAY)

        assert price == Price("liveBroadcasts.insert", "default", 7, "override", date(2026, 1, 1), "measured")


def test_an_override_holds_from_its_date_on(book_with):
    """Before its own first day the built-in price stands; of two overrides the newer one holds."""
    book = book_with("method,units,valid_from\nvideos.list,3,2026-10-01\nvideos.list,4,2026-11-01\n")
    days = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 11, 1)]

    assert [book.price_of("videos.list", on=day).units for day in days] == [1, 3, 4]


def test_an_override_needs_only_method_and_units(book_with):
    """It then holds for every day, keeps the bucket, names its file, and may price what nobody else did."""
    book = book_with("\ufeffmethod,units\nyoutube.search.list,2\npodcasts.insert,30\n")
    search = book.price_of("search.list", on=TODAY)

    assert (search.bucket, search.units, search.source) == ("search_list", 2, "mine.csv")
    assert book.price_of("podcasts.insert", on=TODAY).units == 30
    assert book.price_of("podcasts.insert", on=TODAY).flag == ""


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "method and units is missing"),
        ("name,price\nvideos.list,1\n", 1, "method and units is missing"),
        ("method,bucket\nvideos.list,default\n", 1, "units is missing"),
        ("method,units\nvideos.list,1\nvideos.list,one\n", 3, "units 'one' is not a whole number"),
        ("method,units\nvideos.list,-1\n", 2, "units '-1' is not a whole number"),
        ("method,units\nvideos.list,\n", 2, "units '' is not a whole number"),
        ("method,units\nvideos,1\n", 2, "'videos' is not of the form videos.list"),
        (
            "method,units,bucket\nvideos.list,1,searches\n",
            2,
            "bucket 'searches' is none of default, search_list",
        ),
        (
            "method,units,valid_from\nvideos.list,1,3 October\n",
            2,
            "'3 October' is not a date like 2026-10-03",
        ),
        (
            "method,units\nvideos.list,1\nvideos.list,2\n",
            3,
            "videos.list has a price of the same date already",
        ),
    ],
)
def test_a_wrong_override_is_an_error_that_names_file_and_line(book_with, text, line, problem):
    """The operator is led to the very place, and told what is wrong with it."""
    with pytest.raises(SettingsError, match=rf"mine\.csv, line {line}: .*") as caught:
        book_with(text)

    assert problem in str(caught.value)


def test_a_missing_overrides_file_is_an_error_that_names_it(tmp_path):
    """Also one that is no text."""
    with pytest.raises(SettingsError, match=r"nothing\.csv cannot be read"):
        PriceBook.load(overrides=tmp_path / "nothing.csv")

    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"binary\.csv cannot be read"):
        PriceBook.load(overrides=tmp_path / "binary.csv")
