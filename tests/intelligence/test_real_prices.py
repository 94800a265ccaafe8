"""What calls really cost, told by Google's counters: prices, failures, and rows of overrides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ytquota.errors import SettingsError
from ytquota.intelligence.official import official_frame
from ytquota.intelligence.price_proposals import COLUMNS, propose, write_proposals
from ytquota.intelligence.real_prices import Measured, measure
from ytquota.intelligence.sends import sends_frame
from ytquota.prices import PriceBook


def measured(worlds, **world):
    world = worlds.World(**world)
    return measure(world.official, world.ours, prices=worlds.BOOK, since=world.since, until=world.until)


@pytest.fixture(scope="module")
def mixed(worlds):
    """Ten days with two other programs, free 5xx and three prices that are not the table's."""
    prices = {"liveChatMessages.list": 1, "videos.list": 2, "commentThreads.insert": 20}
    foreign = {"videos.list": "poll", "playlistItems.list": "shadow"}
    return prices, measured(
        worlds, days=10, seed=31, every=300, gaps=2, prices=prices, foreign=foreign, shares={"5xx": 0.0}
    )


def test_prices_are_recovered_within_five_percent(worlds, mixed):
    """Of every method with over 200 calls, whoever else uses it and whatever failures cost."""
    prices, found = mixed
    busy = [price for price in found.prices if price.calls > 200]

    assert len(busy) >= 5
    for price in busy:
        true = prices.get(price.method, worlds.table(price.method))
        assert abs(price.measured - true) <= 0.05 * true, str(price)


def test_intervals_hold_the_price(worlds, mixed):
    """The true price lies in the interval, and is named where it is the only whole number there."""
    prices, found = mixed

    for price in found.prices:
        true = prices.get(price.method, worlds.table(price.method))
        assert price.low <= true <= price.high, str(price)
        assert price.whole in {None, true}
        assert price.verdict == ("agrees" if true == price.table else "differs")


def test_what_failures_cost_is_measured(mixed):
    """5xx answers are found to be free, 4xx answers to be charged, each with how many it rests on."""
    verdicts = {charge.ending: charge for charge in mixed[1].charges}

    assert verdicts["5xx"].verdict == "free"
    assert verdicts["5xx"].measured < 0.1
    assert verdicts["4xx"].verdict == "charged"
    assert verdicts["4xx"].measured > 0.9
    assert str(verdicts["5xx"]).startswith("5xx: free, ")


def test_a_price_is_told_in_one_line(worlds):
    """As a person would say it: the table's, the measured one, how sure, over how many calls."""
    found = measured(worlds, days=2, seed=32, habits={"liveChatMessages.insert": 300})
    (price,) = found.prices

    assert str(price).startswith("liveChatMessages.insert: table 20, measured 20")
    assert str(price).endswith(f" over {price.calls} calls")
    assert price.whole == 20
    assert price.verdict == "agrees"


def test_few_calls_leave_a_price_open(worlds):
    """One call whose count is smeared into another minute does not settle a price against the table."""
    found = measured(worlds, seed=5, habits={"videos.insert": 2}, endings={"ok": 1.0})

    assert all(price.verdict in {"agrees", "open"} for price in found.prices)


def test_no_calls_have_no_prices(worlds):
    """Without a call of ours nothing is measured, whatever Google counted."""
    world = worlds.World(seed=33, foreign={"videos.list": "poll"})
    nothing = measure(
        world.official, sends_frame([]), prices=worlds.BOOK, since=world.since, until=world.until
    )
    silence = measure(
        official_frame([]), world.ours, prices=worlds.BOOK, since=world.since, until=world.until
    )

    assert nothing == Measured((), ())
    assert all(price.verdict == "open" for price in silence.prices)


def test_what_differs_is_proposed_as_rows_of_a_price_file(mixed, tmp_path):
    """The rows load as overrides, and then the price list says what was measured."""
    prices, found = mixed
    rows = propose(found)
    path = tmp_path / "prices.csv"
    write_proposals(path, rows)
    book = PriceBook.load(overrides=path)

    assert {row["method"]: int(row["units"]) for row in rows} == prices
    assert all(row["provenance"] == "measured" and "calls" in row["source"] for row in rows)
    for price in found.prices:
        assert book.price_of(price.method, on=price.since).units == prices.get(price.method, price.table)
        assert (book.price_of(price.method, on=price.since).provenance == "override") == (
            price.method in prices
        )


def test_prices_that_are_not_sure_are_not_proposed(mixed):
    """An interval with no or several whole numbers proposes nothing."""
    found = mixed[1]
    unsure = Measured(tuple(replace(price, whole=None) for price in found.prices), found.charges)

    assert propose(unsure) == []


def test_a_price_file_keeps_its_other_rows(tmp_path):
    """Rows and columns of the operator stay; a row of the same method and date is replaced."""
    path = tmp_path / "prices.csv"
    path.write_text("method,units,note\nvideos.list,3,mine\nchannels.list,2,also mine\n", encoding="utf-8")
    path.chmod(0o640)
    row = dict.fromkeys(COLUMNS, "") | {"method": "videos.list", "units": "4", "bucket": "default"}
    write_proposals(path, [row])
    book = PriceBook.load(overrides=path)

    assert book.price_of("videos.list", on=book.rows()[-1].valid_from).units == 4
    assert "channels.list,2,also mine" in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["prices.csv"]


def test_a_file_that_is_no_price_file_is_left_alone(tmp_path):
    """What cannot be read is an error that names file and line, and nothing is written."""
    path = tmp_path / "prices.csv"
    path.write_text("method,units\nvideos.list,many\n", encoding="utf-8")

    with pytest.raises(SettingsError, match="line 2"):
        write_proposals(path, [])
    assert path.read_text(encoding="utf-8") == "method,units\nvideos.list,many\n"


def test_calls_that_come_evenly_beside_others_leave_a_price_open(worlds):
    """Where our calls never change their pace and somebody else calls too, the interval admits it."""
    world = worlds.even_world()
    found = measure(world.official, world.ours, prices=worlds.BOOK, since=world.since, until=world.until)
    (price,) = found.prices

    assert price.low <= 2 <= price.high
    assert price.verdict == "open"
