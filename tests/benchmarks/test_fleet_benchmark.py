"""The roll-up of a fleet's archive is measured each way, and what differs is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import fleet, machine
from benchmarks.promises import check
from benchmarks.report import fleet_section, with_section


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A small archive, each way in real processes."""
    return fleet.measure(tmp_path_factory.mktemp("fleet"), calls=3_000, days=2)


@pytest.mark.slow
def test_every_way_is_measured_and_comes_to_the_same(measured):
    """Time and memory of each process: one of pandas; client, scheduler and two workers of Dask."""
    assert (measured.calls, measured.files, measured.is_equal) == (3_000, 16, True)
    assert {way.name: len(way.megabytes) for way in measured.ways} == {
        "file by file": 1, "all at once": 1, "dask": 4,
    }  # fmt: skip
    assert all(
        way.rows > 0 and way.seconds > 0 and way.cpu > 0 and min(way.megabytes) > 10 for way in measured.ways
    )


def a_fleet(*digests):
    return fleet.Fleet(10, 1, 2, tuple(fleet.Way("dask", 1.0, 1.5, (1.0,), 5, digest) for digest in digests))


def test_a_difference_breaks_a_promise_and_is_told(tmp_path):
    """One figure that is off by one is another result."""
    same, other = a_fleet("a", "a"), a_fleet("a", "b")
    facts = machine.facts(tmp_path, None)

    assert [promise.kept for promise in check(NOTHING, None, None, same)] == [True]
    assert [promise.kept for promise in check(NOTHING, None, None, other)] == [False]
    assert "DIFFER" in fleet_section(other, facts)
    assert "DIFFER" not in fleet_section(same, facts)


class NOTHING:
    """A contest that was not held."""

    @staticmethod
    def row(_name, _processes):
        return None


def test_the_section_of_a_page_is_replaced_and_nothing_else(tmp_path):
    """Measured anew it takes its own place; the first time it stands before the last section."""
    facts = machine.facts(tmp_path, None)
    page = "# Page\n\n## One\n\n1\n\n## Last\n\nend\n"

    once = with_section(page, fleet_section(a_fleet("a"), facts))
    twice = with_section(once, fleet_section(replace(a_fleet("a"), calls=77), facts))

    assert once.startswith("# Page\n\n## One\n\n1\n\n## A fleet's archive: 10 calls of 1 days in 2 files\n")
    assert once.endswith("## Last\n\nend\n")
    assert twice == once.replace("10 calls", "77 calls")
    assert str(tmp_path) not in once
