"""The published forecast: written whole, read cheaply, and never trusted when old or garbled."""

from __future__ import annotations

import logging
import subprocess
import sys

import orjson
import pytest

from ytquota.intelligence.published import VALID, PublishedForecast, is_due, publish, read_published

NOW = 1_800_000_000.0


def pool(kept, project="111", bucket="default"):
    return {"project": project, "bucket": bucket, "kept": kept}


def curves(by_tag, at=(NOW, NOW + 900.0, NOW + 1800.0)):
    return {"at": list(at), "by_tag": by_tag}


@pytest.fixture
def published(tmp_path):
    """A forecast that keeps 300 units from normal calls, less as time goes on; nothing from the chat bot."""
    by_tag = {"": [300.0, 100.0, 0.0], "chat": []}
    assert publish(tmp_path, NOW, [pool({"normal": curves(by_tag)})])
    return PublishedForecast(tmp_path)


def test_what_is_kept_shrinks_as_time_goes_on(published):
    """Between its instants the curve is a straight line; after the last nothing is kept."""
    instants = (NOW, NOW + 450, NOW + 900, NOW + 1350)
    kept = [published.kept("111", "default", "normal", "crawler", at) for at in instants]
    assert kept == [300.0, 200.0, 100.0, 50.0]
    assert published.kept("111", "default", "normal", "crawler", NOW + 1800) == 0.0


def test_nothing_is_kept_from_a_tag_for_itself_nor_from_other_pools(published):
    """The chat bot's own future is its own business."""
    assert published.kept("111", "default", "normal", "chat", NOW) == 0.0
    assert published.kept("111", "search_list", "normal", "crawler", NOW) == 0.0
    assert published.kept("222", "default", "normal", "crawler", NOW) == 0.0
    assert published.kept("111", "default", "high", "crawler", NOW) == 0.0


def test_a_forecast_is_good_for_half_an_hour(published):
    """Older, it keeps nothing, and says how old it is."""
    assert published.problem(NOW + VALID) == ""
    assert published.kept("111", "default", "normal", "crawler", NOW + VALID + 1) == 0.0
    assert published.problem(NOW + 45 * 60) == "forecast.json is 45 minutes old"
    assert "future" in published.problem(NOW - 3600)


def test_a_missing_file_is_told(tmp_path):
    """Nobody published anything."""
    forecast = PublishedForecast(tmp_path)
    assert forecast.kept("111", "default", "normal", "", NOW) == 0.0
    assert forecast.problem(NOW) == "there is no forecast.json"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b'{"v":1}', b'{"v":2,"made_at":"2027-01-15T08:00:00+00:00","pools":[]}',
        b'{"v":1,"made_at":"yesterday","pools":[]}', b'{"v":1,"made_at":7,"pools":[]}',
        b'{"v":1,"made_at":"2027-01-15T08:00:00+00:00","pools":[3]}',
        orjson.dumps({"v": 1, "made_at": "2027-01-15T08:00:00+00:00",
                      "pools": [pool({"normal": curves({"": [1.0]})})]}),
        orjson.dumps({"v": 1, "made_at": "2027-01-15T08:00:00+00:00",
                      "pools": [pool({"normal": curves({"": [1.0, 1.0, 1.0]}, (3, 2, 1))})]}),
        b"\xff\xfe" * 100,
    ],
)  # fmt: skip
def test_garbage_counts_as_absent_and_says_so(tmp_path, content, caplog):
    """No call fails for a broken file: the fixed reserve applies, with one warning that names the file."""
    (tmp_path / "forecast.json").write_bytes(content)
    forecast = PublishedForecast(tmp_path)
    with caplog.at_level(logging.WARNING, "ytquota"):
        assert forecast.kept("111", "default", "normal", "", NOW) == 0.0
        assert forecast.problem(NOW + 5) == "forecast.json cannot be read"
    assert [str(tmp_path / "forecast.json") in record.getMessage() for record in caplog.records] == [True]
    assert publish(tmp_path, NOW, [])
    assert forecast.problem(NOW + 10) == ""


def test_a_new_file_is_seen_within_a_second(published, tmp_path):
    """The file is looked at once a second, and read only when it is another one."""
    assert published.kept("111", "default", "normal", "", NOW) == 300.0
    publish(tmp_path, NOW, [pool({"normal": curves({"": [7.0, 7.0, 7.0]})})])
    assert published.kept("111", "default", "normal", "", NOW + 0.5) != 7.0
    assert published.kept("111", "default", "normal", "", NOW + 1.5) == 7.0


def test_a_young_forecast_is_left_alone(tmp_path):
    """Two publishers do not write over one another every minute."""
    assert publish(tmp_path, NOW, [], by="one", every=240)
    assert not publish(tmp_path, NOW + 100, [], by="two", every=240)
    assert read_published(tmp_path)["by"] == "one"
    assert not is_due(tmp_path, NOW + 100)
    assert is_due(tmp_path, NOW + 300)
    assert publish(tmp_path, NOW + 300, [], by="two", every=240)


def test_while_another_process_publishes_nobody_waits(tmp_path):
    """The lock is tried, not waited for."""
    code = (
        "import sys; from pathlib import Path; from ytquota.monitor.locks import lock\n"
        "file = Path(sys.argv[1]).open('ab'); lock(file.fileno())\n"
        "print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, tmp_path / "forecast.json.lock"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        assert not publish(tmp_path, NOW, [])
        holder.stdin.close()
    assert publish(tmp_path, NOW, [])


def test_reading_it_takes_no_pandas():
    """A bot that is admitted by a forecast loads neither pandas nor numpy."""
    code = "import sys, ytquota.intelligence.published; assert not {'pandas', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
