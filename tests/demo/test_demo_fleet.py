"""The demonstration names its people and projects, so that the fleet's view has something to show."""

from __future__ import annotations

from ytquota.demo.story import RESEARCH, SETS, STREAMING, fleet_list
from ytquota.monitor.fleet import FleetList, FleetView
from ytquota.sandbox import Sandbox


def test_its_list_is_right_and_names_every_set_and_project(tmp_path):
    """Each set is somebody's, each project has its channel's name, and the one ledger is its own folder."""
    with Sandbox() as sandbox:
        sandbox.write_env(tmp_path, dict(SETS))
    (tmp_path / "memory" / "calls").mkdir(parents=True)
    (tmp_path / "fleet.toml").write_text(fleet_list())

    fleet = FleetList.load(tmp_path / "fleet.toml")

    (ledger,) = fleet.ledgers
    assert {number: ledger.owner_of(str(number)) for number in SETS} == {
        1: "Streaming team", 10: "Podcast team",
    }  # fmt: skip
    assert (fleet.name_of(STREAMING), fleet.name_of(RESEARCH)) == ("Night Owl Live", "Podcast Atlas")
    with FleetView(fleet) as view:
        assert [one["reachable"] for one in view.report()["ledgers"]] == [True]
