"""Charts: what they say, in colours of the page."""

from __future__ import annotations

import re
import threading
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pandas as pd
import pytest

from ytquota.clock import bounds_of
from ytquota.dashboard import charts
from ytquota.dashboard.axes import NARROW, WIDE
from ytquota.dashboard.curve import Day, day_curve
from ytquota.intelligence import frames

DAY = date(2026, 11, 10)
HALF = [10 * step for step in range(1, 145)]
WHOLE = [8 * step for step in range(1, 289)]


def curve(**changes):
    bounds = bounds_of(DAY)
    facts = {
        "bounds": bounds,
        "now": bounds.start + 12 * 3600 - 1,
        "today": HALF,
        "yesterday": WHOLE,
        "limit": 10_000,
        "left": 8_560,
    }
    return Day(**{**facts, **changes})


def texts(svg):
    return [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_chart_is_an_svg_that_follows_the_theme():
    """Real text, colours as CSS variables, no sentinel left, named by its finding for screen readers."""
    svg = day_curve(curve()).svg()
    assert "var(--ytq-blue)" in svg
    assert "var(--ytq-muted)" in svg
    assert not re.search(r"#01020[3-9a]", svg)
    assert 'role="img"' in svg
    assert 'aria-label="1,440 units used by 11:59 Pacific, 25 % more than yesterday at this time"' in svg
    assert {
        "limit 10,000",
        "1,440",
        "yesterday 2,304",
        "hour of the quota day, Pacific time",
        "units",
    } <= set(texts(svg))


def test_two_charts_share_no_ids():
    """Both live in one page: a clip path of a hidden chart must not be taken for another's."""
    one, other = (day_curve(curve(), width=width).svg() for width in (WIDE, NARROW))
    ids = [set(re.findall(r'<clipPath id="(\w+)"', svg)) for svg in (one, other)]
    assert all(ids)
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"yesterday": ()}, "1,440 of 10,000 units used by 11:59 Pacific"),
        (
            {"yesterday": HALF + [1_440] * 144},
            "1,440 units used by 11:59 Pacific, as many as yesterday at this time",
        ),
        (
            {"yesterday": [4] * 288},
            "1,440 units used by 11:59 Pacific, 360.0 times as many as yesterday at this time",
        ),
        (
            {"yesterday": [2_880] * 288},
            "1,440 units used by 11:59 Pacific, 50 % fewer than yesterday at this time",
        ),
        ({"today": [0] * 144}, "Nothing was used up to 11:59 Pacific"),
        (
            {"limit": 1_440, "left": 0, "gone_at": bounds_of(DAY).start + 39_600},
            "All 1,440 units were gone at 11:00 Pacific",
        ),
        (
            {"gone_at": bounds_of(DAY).start + 39_600},
            "Exhausted since about 11:00 Pacific, with 1,440 of 10,000 units counted here",
        ),
    ],
)
def test_the_title_states_the_finding(changes, title):
    """Not "quota over time", but what there is to know."""
    assert day_curve(curve(**changes)).title == title


def test_a_quiet_day_is_not_a_flat_line():
    """Far below the limit the scale follows the data, and the limit is named in words."""
    svg = day_curve(curve(today=[1] * 144, yesterday=[3] * 288)).svg()
    assert "limit 10,000, far above this scale" in texts(svg)


@pytest.mark.parametrize(("day", "marks"), [(date(2026, 3, 8), "00 04 07"), (date(2026, 11, 1), "00 02 05")])
def test_hours_are_named_by_the_clock_on_days_of_23_and_25_hours(day, marks):
    """Three hours after midnight it is 04 when a spring day skips one, 02 when an autumn day repeats one."""
    bounds = bounds_of(day)
    found = texts(day_curve(curve(bounds=bounds, now=bounds.start + 60, today=[1])).svg())
    assert marks in " ".join(found)


def labels_of(chart):
    """How high each label at the end of the day is written, from above, in pixels."""
    found = {}
    for text in ET.fromstring(chart.svg()).iter("{http://www.w3.org/2000/svg}text"):
        at = re.search(r"translate\([\d.]+ ([\d.]+)\)", text.get("transform", "")) or re.search(
            r"(?:^|\s)([\d.]+)$", text.get("y", "")
        )
        if at and text.text and text.text.startswith(("yesterday", "forecast", "1,440")):
            found[text.text.split()[0]] = float(at[1])
    return found


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("end", [1_500, 1_700, 2_200])
def test_labels_do_not_cover_one_another(width, end):
    """Yesterday, forecast and today's count end close together late in the day: each can be read."""
    start = bounds_of(DAY).start
    chart = day_curve(
        curve(
            now=start + 20 * 3600,
            today=[6 * step for step in range(1, 241)],
            yesterday=[end * step // 288 for step in range(1, 289)],
            limit=6_000,
            fan=[(start + hour * 3600, 1_440, 1_440 + 60 * (hour - 20), 2_500) for hour in range(20, 25)],
        ),
        width=width,
    )
    found = labels_of(chart)
    close = ("yesterday", "forecast", *(["1,440"] if width == NARROW else []))
    heights = sorted(found[name] for name in close)
    assert all(below - above >= 11 for above, below in pairwise(heights)), found


def test_small_bars_are_added_up():
    """The dearest five by name and the rest as one, with shares."""
    chart = charts.burn_bars({f"m{n}": n for n in range(1, 11)})
    assert chart.title == "m10 took 18 % of 55 units"
    found = texts(chart.svg())
    assert [text for text in found if text.startswith("m")] == ["m10", "m9", "m8", "m7", "m6"]
    assert {"5 others", "15", "27 %"} <= set(found)


def test_names_from_outside_are_text():
    """A tag that looks like markup stays a tag."""
    svg = charts.burn_bars({"<script>alert(1)</script>": 5}).svg()
    assert "<script" not in svg
    assert "&lt;script" in svg


def test_days_that_google_counted_are_pale_and_said_to_be():
    """Paleness alone carries no meaning: a line says what it stands for, where there is such a day."""
    days = [DAY - timedelta(days=ago) for ago in range(2, -1, -1)]
    svg = charts.daily_bars(days, [3_000, 2_000, 500], [0] * 3, 10_000, official={days[0]}).svg()
    assert "pale: as Google counted" in texts(svg)
    own = charts.daily_bars(days, [3_000, 2_000, 500], [0] * 3, 10_000).svg()
    assert "pale: as Google counted" not in texts(own)
    assert svg.count("opacity: 0.4") == 1


def test_daily_bars_show_what_was_not_to_be_had():
    """Unmet demand is hatched on top, and counted in the title."""
    days = [DAY - timedelta(days=n) for n in range(27, -1, -1)]
    chart = charts.daily_bars(days, [3_000] * 27 + [500], [0] * 27 + [700], 10_000)
    assert chart.title == "Calls were refused on 1 of 28 days; a usual day takes 3,000 units"
    svg = chart.svg()
    assert "<pattern" in svg
    assert {"today", "units per quota day", "limit 10,000"} <= set(texts(svg))


def test_the_heat_map_names_the_busiest_hour():
    """The title is the cell with the most, not the busiest row and column."""
    heat = pd.DataFrame(0.0, index=range(24), columns=list(frames.WEEKDAYS))
    heat.loc[20, "Fri"], heat.loc[7, "Mon"], heat.loc[8, "Mon"] = 90.0, 80.0, 80.0
    chart = charts.heat_map(heat)
    assert chart.title == "The busiest hour is Fri 20:00 Pacific, with 90 units on average"
    assert {"Mon", "0", "90 units an hour"} <= set(texts(chart.svg()))


@pytest.mark.parametrize(
    "chart",
    [
        day_curve(curve(today=[], yesterday=())),
        charts.burn_bars({}),
        charts.daily_bars([DAY], [0], [0], 10_000),
        charts.heat_map(frames.heatmap(frames.calls_frame([]))),
    ],
)
def test_nothing_to_show_is_said(chart):
    """Without data a chart draws and says so."""
    assert chart.svg().startswith("<svg")
    assert re.match("N", chart.title)


def test_drawing_in_threads_leaves_the_notebooks_settings_alone():
    """Charts drawn off the loop neither disturb each other nor what a notebook set."""
    before = dict(mpl.rcParams)
    drawn = []
    threads = [threading.Thread(target=lambda: drawn.append(day_curve(curve()).svg())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn)) == 1
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_chart_can_be_kept_as_a_file(tmp_path, suffix):
    """With its title, on white, readable anywhere."""
    path = day_curve(curve()).save(tmp_path / f"day.{suffix}")
    content = path.read_bytes()
    assert len(content) > 5_000
    if suffix == "svg":
        assert b"1,440 units used by" in content
        assert b"var(--" not in content
