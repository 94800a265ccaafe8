"""What the documents say is true: commands parse, code runs, links lead somewhere, every setting is told."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

import ytquota
from ytquota.cli import app
from ytquota.clock import ManualClock
from ytquota.monitor import CallRecord, Journal, QuotaMonitor
from ytquota.settings import Settings
from ytquota.variables import VARIABLES, _is_unknown

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
ONE, TWO = "111111111111", "222222222222"
COMMAND = typer.main.get_command(app)

_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_OURS = ("YTQUOTA_", "GOOGLE_CLIENT_SECRETS_FILE_", "OAUTH_TOKEN_FILE_", "YOUTUBE_")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_ENDS = re.compile(r" (?:\||\|\||&&|;|>|>>|<) ")
_PLACEHOLDERS = {"N": "1", "[N]": "1", "ROW": "1", "[ROW]": "1", "M": "1"}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, what follows the fence, and the text in it."""

    document: str
    line: int
    info: str
    text: str

    def __str__(self):
        return f"{self.document}:{self.line}"


def _name(path):
    return str(path.relative_to(ROOT))


def _blocks(path):
    text = path.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        lines = (line.removeprefix(found[1]) for line in found[3].splitlines())
        yield Block(_name(path), text.count("\n", 0, found.start()) + 1, found[2].strip(), "\n".join(lines))


def _prose(path):
    """The document without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


BLOCKS = [block for path in DOCUMENTS for block in _blocks(path)]
PYTHON = [block for block in BLOCKS if block.info.startswith("python")]
RUNNABLE = [block for block in PYTHON if block.info == "python run"]


# -- commands


def _typed_commands():
    """Every `ytquota ...` of the documents, with the place where it stands."""
    for block in BLOCKS:
        if block.info in {"sh", "bash", "console", "ini", "cron"}:
            for line in block.text.replace("\\\n", " ").splitlines():
                for found in re.finditer(r"(?<![\w./-])(?:\S*/bin/)?ytquota( [^`\n]*)?$", line):
                    yield str(block), "ytquota" + (found[1] or "")
    for path in DOCUMENTS:
        for found in re.finditer(r"`(ytquota(?: [^`]+)?)`", _prose(path)):
            yield _name(path), found[1]


COMMANDS = sorted(set(_typed_commands()))


@pytest.mark.parametrize(("place", "typed"), COMMANDS, ids=[f"{p}: {t}" for p, t in COMMANDS])
def test_every_command_in_the_documents_parses(place, typed):
    """A reader who types it gets no usage error; nothing is run here."""
    del place
    words = shlex.split(_ENDS.split(typed)[0], comments=True)[1:]
    ours = [_PLACEHOLDERS.get(word, word) for word in words]
    context = COMMAND.make_context("ytquota", ours, resilient_parsing=not ours)
    if not ours or ours[0].startswith("-"):
        return
    command = COMMAND.get_command(context, ours[0])

    assert command is not None, f"there is no command {ours[0]}"
    if len(ours) > 1:
        command.make_context(ours[0], ours[1:])


def test_the_readme_names_every_command():
    """The table of commands lists each of them, and none that is not there."""
    table = (ROOT / "README.md").read_text().partition("## The commands at a glance")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

    listed = {name for row in rows for name in re.findall(r"`ytquota ([\w-]+)`", row)}

    assert listed == set(COMMAND.commands)


def test_the_readme_names_every_target():
    """The table of make targets is the Makefile's own list."""
    told = set(re.findall(r"^([a-z-]+):[^#\n]*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    table = set(re.findall(r"^\| `make ([a-z-]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))

    assert table == told


# -- pictures


def test_every_picture_is_shown_and_every_shown_one_is_there():
    """None lies about unused: each, or the same view in the other theme, stands in a document."""
    shown = set()
    for path in DOCUMENTS:
        for found in re.finditer(r'(?:src|srcset)="([^"]+)"|!\[[^\]]*\]\(([^)]+)\)', _prose(path)):
            shown.add(_name((path.parent / (found[1] or found[2])).resolve()))
    there = {_name(path) for path in (ROOT / "docs" / "images").iterdir()}
    views = {name.replace("-dark", "-light") for name in shown}

    assert shown <= there
    assert {name.replace("-dark", "-light") for name in there} <= views


# -- code


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_every_python_block_compiles(block):
    """Nobody copies a typing error."""
    compile(ast.parse(block.text), str(block), "exec")


@pytest.mark.parametrize("block", RUNNABLE, ids=str)
def test_a_block_marked_as_runnable_runs_and_is_billed_as_counted(block, sandbox, tmp_path):
    """It ends without an error, prints what its `# =>` say, and the ledger agrees with the sandbox's bill."""
    sandbox.add_project(ONE)
    sandbox.add_project(TWO)
    sandbox.write_env(tmp_path, {1: ONE, 10: TWO}, api_keys={3: ONE})
    (tmp_path / "film.mp4").write_bytes(bytes(3_000_000))

    done = _run([sys.executable, "-c", block.text], cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    for expected in re.findall(r"# => (.*)$", block.text, re.MULTILINE):
        assert expected in done.stdout.splitlines()
    assert _counted(tmp_path) == _billed(sandbox) + _by_hand(block)


def _run(command, **options):
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OURS) and name.lower() not in _PROXIES
    }
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=100, check=False, **options
    )


def _counted(folder):
    monitor = QuotaMonitor.open(Settings.load({}, start=folder))
    try:
        rows = [row for row in monitor.log() if row["units"]]
    finally:
        monitor.close()
    return Counter(
        f"{row['project']} {row['method']} {row['bucket']}" for row in rows for _ in range(row["units"])
    )


def _billed(sandbox):
    bill = Counter()
    for project, pools in sandbox.billed().items():
        for bucket, methods in pools.items():
            bill.update({f"{project} {method} {bucket}": units for method, units in methods.items() if units})
    return bill


def _by_hand(block):
    """Calls that a block only pretends to send."""
    return Counter({f"{ONE} i18nRegions.list default": block.text.count('call("i18nRegions.list"')})


# -- settings, links, versions


def _settings():
    numbered = ("GOOGLE_CLIENT_SECRETS_FILE_", "OAUTH_TOKEN_FILE_", "YOUTUBE_API_KEY_", "YTQUOTA_PROJECT_")
    return [*VARIABLES, *numbered, "YTQUOTA_LIMIT_", "YTQUOTA_PRIORITY_"]


@pytest.mark.parametrize("name", _settings())
def test_every_setting_is_documented(name):
    """It stands in .env.example, and in a document."""
    assert name in (ROOT / ".env.example").read_text()
    assert any(f"`{name}" in path.read_text() for path in DOCUMENTS if path.parent.name == "docs")


def test_no_document_names_a_setting_that_does_not_exist():
    """A reader who sets it would get no effect and no error."""
    for path in [*DOCUMENTS, ROOT / ".env.example"]:
        for name in re.findall(r"\bYTQUOTA_[A-Z]\w*", path.read_text()):
            numbered = re.sub(r"_N$", "_1", name)
            assert name.endswith("_") or not _is_unknown(numbered), f"{_name(path)}: {name}"


def _links():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", _prose(path)):
            if not re.match(r"[a-z]+:", target):
                yield _name(path), target


LINKS = sorted(set(_links()))


@pytest.mark.parametrize(("document", "target"), LINKS, ids=[f"{d}: {t}" for d, t in LINKS])
def test_every_relative_link_leads_somewhere(document, target):
    """The file exists, and the heading in it; pictures are made by `make screenshots`."""
    path, _, heading = target.partition("#")
    file = (ROOT / document).parent / unquote(path) if path else ROOT / document

    assert file.exists() or (file.parent == ROOT / "docs" / "images" and file.suffix == ".png")
    if heading:
        assert heading in {_anchor(line) for line in re.findall(r"^#+ (.*)$", _prose(file), re.MULTILINE)}


def _anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_changelog_ends_at_this_version():
    """The newest entry is the version of the package, which is that of the project file."""
    newest = re.search(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    declared = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert newest[1] == ytquota.__version__ == declared[1]


# -- the formats


def test_the_documented_lines_are_what_the_journal_writes(tmp_path, monkeypatch):
    """Each kind of line has an example in design.md, equal to a real one but for nonce, process and host."""
    documented = {}
    for block in BLOCKS:
        if block.info == "json line":
            line = _told(json.loads(block.text))
            documented.setdefault(line["kind"], []).append(line)

    monkeypatch.setattr("ytquota.monitor.page.LOOK_EVERY", 0)  # a deleted file is noticed at once
    written = [_told(json.loads(line)) for line in _one_line_of_each_kind(tmp_path)]

    assert set(documented) == {line["kind"] for line in written}
    for kind, examples in documented.items():
        for example in examples:
            pools = example.pop("bal").items()
            alike = [line for line in written if pools <= line["bal"].items()]
            assert {**example, "kind": kind} in [{k: v for k, v in x.items() if k != "bal"} for x in alike]


def _told(line):
    """A line without what differs from run to run: the id's nonce, process, host; the offset of `release`."""
    line["id"] = line["id"].partition("-")[0]
    return {name: value for name, value in line.items() if name not in {"pid", "host"}}


def _one_line_of_each_kind(folder):
    """The story of the examples, told to a journal."""
    clock = ManualClock(datetime(2026, 11, 23, 15, 4, 5, 123456, tzinfo=UTC))
    journal = Journal(folder, clock=clock, limits=lambda _project, bucket: {"search_list": 50}.get(bucket))
    facts = {"ids": 50, "parts": ["snippet", "statistics"], "hash": "0a1b2c3d4e5f6071"}
    called = partial(CallRecord, credential_set="1", tag="crawler")
    searched = partial(called, "search.list", "search_list", 1, 0, released=1)
    listed = journal.hold(ONE, (("default", 1),), note="videos.list")
    clock.advance(0.081)
    journal.extend(listed, (("default", 1),))
    clock.advance(0.08)
    ended = called("videos.list", "default", 1, 2, status=200, attempts=2, latency=0.161, facts=facts)
    journal.settle(listed, [ended])
    search = journal.hold(ONE, (("search_list", 1),), note="search.list")
    clock.advance(0.1)
    reason, midnight = "rateLimitExceeded", 1795507200.0
    journal.limit(ONE, "search_list", 40, source="server")
    journal.exhaust(ONE, "search_list", midnight, reason=reason)
    journal.settle(search, [searched(status=429, outcome="refused", reason=reason, latency=0.1)])
    journal.refuse(ONE, searched(outcome="denied", reason="exhausted"))
    journal.adjust(ONE, "default", 120, reason="a script without ytquota", who="anna@studio")
    (path,) = folder.glob("*/*.jsonl")
    with path.open() as file:
        path.unlink()
        journal.hold(ONE, (("default", 1),), note="videos.list")
        lines = file.read().splitlines()
    journal.close()
    return lines


def test_the_documented_summary_has_the_keys_of_a_real_one(tmp_path):
    """design.md shows every key of get_usage_summary, and no other."""
    (block,) = (block for block in BLOCKS if block.info == "json summary")
    told = json.loads(block.text)
    monitor = QuotaMonitor(Journal(tmp_path / "calls"), folder=tmp_path)
    with monitor.call("videos.list", project=ONE):
        pass

    summary = monitor.get_usage_summary()
    monitor.close()

    assert told.keys() == summary.keys()
    (pools,) = told["projects"].values()
    assert pools["default"].keys() == summary["projects"][ONE]["default"].keys()


# -- the package's face


def test_what_the_package_offers_is_complete_and_sorted():
    """`__all__` is sorted, is what the lazy loader knows, and each name can be had."""
    assert ytquota.__all__ == sorted(ytquota.__all__)
    assert set(ytquota.__all__) == set(ytquota._HOME)
    for name in ytquota.__all__:
        assert getattr(ytquota, name).__name__ == name


HEAVY = ("pandas", "matplotlib", "ipywidgets", "pyarrow", "googleapiclient")


def test_importing_the_package_is_light(record_property):
    """`import ytquota` loads nothing heavy; what it costs over a bare Python is printed, not judged."""
    loaded = _run(
        [sys.executable, "-c", f"import ytquota, sys; print([m for m in {HEAVY} if m in sys.modules])"]
    )
    bare, with_us = (_median_start(code) for code in ("pass", "import ytquota"))
    cost = f"import ytquota costs {1000 * (with_us - bare):.1f} ms over a bare Python ({1000 * bare:.1f} ms)"
    record_property("import_cost", cost)
    print(cost)  # noqa: T201 - the figure is for people

    assert loaded.stdout.strip() == "[]", loaded.stderr


def _median_start(code):
    """Median seconds of seven fresh interpreters, after one to warm up."""
    times = []
    for _ in range(8):
        began = time.perf_counter()
        _run([sys.executable, "-c", code])
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])
