"""The chart of drift says what differs, by how much and why, in either width."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from ytquota.dashboard.charts import NARROW, WIDE
from ytquota.dashboard.drift_chart import drift_bars
from ytquota.intelligence.drift import Cause

DAYS = [date(2026, 11, 9) + timedelta(days=day) for day in range(10)]


def drift(*causes):
    made = tuple(
        Cause(DAYS[day], bucket, "m", kind, "", units, 0.99, "", "") for day, bucket, kind, units in causes
    )
    return SimpleNamespace(days=pd.DataFrame({"day": DAYS}), causes=made)


def texts(chart):
    return {element.text for element in ET.fromstring(chart.svg()).iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_it_names_the_causes_the_unit_and_the_zone(width):
    """The title is the finding; each cause has its name beside its colour."""
    chart = drift_bars(
        drift(
            (2, "default", "elsewhere", 550), (2, "default", "over_counted", -30), (4, "default", "price", 85)
        ),
        width=width,
    )
    assert chart.title == "2 of 10 days differ, mostly by calls made elsewhere: +550 units"
    assert texts(chart) >= {
        "calls made elsewhere", "calls that we charged and Google does not", "another price",
        "units, Google less ours", "quota day, Pacific time",
    }  # fmt: skip


def test_only_the_pool_that_was_asked_for_counts():
    """Searches and units are never added up."""
    found = drift((2, "search_list", "elsewhere", 5))
    assert drift_bars(found).title == "Google counts what this ledger counts, on 10 days"
    assert drift_bars(found, "search_list", unit="searches").title.endswith("+5 searches")


def test_without_a_day_it_says_so():
    """Nothing was compared yet."""
    empty = SimpleNamespace(days=pd.DataFrame({"day": []}), causes=())
    chart = drift_bars(empty)
    assert "Nothing has been compared" in chart.title
    assert chart.svg()
