"""However ledgers, hosts and servers are listed: what is spent is counted once, and told to its last unit."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ytquota.monitor import Balance
from ytquota.monitor.fleet import Count, Listed, add_up

UNITS = st.integers(0, 5000)


def pools(used):
    return {"default": Balance(used, 0, 10_000)}


def journal(number, used):
    listed = Listed(f"journal {number}", f"/{number}", f"owner {number}")
    owners = {listed.owner: {"default": used}}
    return Count(listed, "1", "journal", pools(used), owners, origin=b"%d" % number, size=used)


def host(number, own, *, used, seq):
    listed = Listed(f"host {number}", f"/h{number}", f"host owner {number}")
    return Count(
        listed, "1", "host", pools(used), {listed.owner: {"default": own}}, origin=b"h%d" % number,
        size=1, seq=seq, writer=f"w{number}",
    )  # fmt: skip


def server(owns, rest, *, address="redis://a"):
    return Count(
        Listed(f"server {address}", address, "ops"), "1", "redis", pools(sum(owns) + rest), seq=len(owns),
        writers={f"w{number}": {"default": own} for number, own in enumerate(owns)},
        steps={f"w{number}": number + 1 for number in range(len(owns))},
    )  # fmt: skip


def total_of(counts):
    (total,) = add_up(counts, {})
    return total


def told(by_name):
    return sum(units.get("default", 0) for units in by_name.values())


@given(journals=st.lists(UNITS, max_size=4), owns=st.lists(UNITS, max_size=4), rest=UNITS, data=st.data())
def test_every_unit_is_counted_once_and_is_somebodys(journals, owns, rest, data):
    """Journals add up; a Redis counts for all of its hosts, whichever of them are listed, in any order."""
    listed = data.draw(st.sets(st.sampled_from(range(len(owns)))) if owns else st.just(set()))
    counts = [journal(number, used) for number, used in enumerate(journals)]
    running = [sum(owns[: number + 1]) for number in range(len(owns))]
    counts += [host(number, owns[number], used=running[number], seq=number + 1) for number in sorted(listed)]
    counts += [server(owns, rest)] if owns else []
    if not counts:
        return

    total = total_of(data.draw(st.permutations(counts)))

    spent = sum(journals) + (sum(owns) + rest if owns else 0)
    assert total.pools["default"].used == spent
    assert told(total.owners) == told(total.ledgers) == spent
    for number, used in enumerate(journals):
        assert total.owners.get(f"owner {number}", {}).get("default", 0) == used
    for number in listed:
        assert total.owners.get(f"host owner {number}", {}).get("default", 0) == owns[number]
    counting = sum(used > 0 for used in journals) + bool(owns and sum(owns) + rest)
    assert [one.kind for one in total.warnings] == (["second-ledger"] if counting > 1 else [])


def test_demand_that_was_only_refused_is_added_too():
    """A ledger that gave nothing out still counts."""
    refused = replace(journal(1, 0), pools={"default": Balance(0, 50, 10_000)})

    total = total_of([journal(0, 7), refused])

    assert (total.pools["default"].used, total.pools["default"].refused) == (7, 50)


@given(owns=st.lists(UNITS, min_size=1, max_size=4))
def test_a_server_under_two_addresses_is_one(owns):
    """Its hosts are the same; a copy of a host's lines is the host."""
    hosts = [host(number, own, used=sum(owns), seq=1) for number, own in enumerate(owns)]
    copies = [replace(one, listed=Listed("copy", "/copy", "copy")) for one in hosts]
    both = [server(owns, 0), server(owns, 0, address="redis://b")]

    total = total_of([*both, *hosts, *copies])

    assert total.pools["default"].used == told(total.owners) == sum(owns)
    assert {one.kind for one in total.warnings} == {"copy"}
