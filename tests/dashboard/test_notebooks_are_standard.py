"""Nothing beyond standard ipywidgets: what every front end brings along, VS Code too, shows the notebooks."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import nbformat
import pytest
from nbclient import NotebookClient

from ytquota.dashboard import app
from ytquota.demo.history import write_history
from ytquota.demo.server_side import bill_history
from ytquota.demo.story import CHANNELS, SETS
from ytquota.monitor import QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

NOTEBOOKS = app._CHECKOUT / "notebooks"
STANDARD = {"@jupyter-widgets/base", "@jupyter-widgets/controls", "@jupyter-widgets/output"}
STATE = "application/vnd.jupyter.widget-state+json"
WITH_WIDGETS = {"console", "dashboard", "fleet", "planner", "start_here"}
SHOWN = {
    "application/vnd.jupyter.widget-view+json",
    "image/png",
    "image/svg+xml",
    "text/html",
    "text/markdown",
    "text/plain",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two days of the demonstration on a sandbox that counted them, too, and a fleet of one ledger."""
    made = tmp_path_factory.mktemp("bots")
    with Sandbox() as sandbox:
        for project in SETS.values():
            sandbox.add_project(project)
        fleet = made / "fleet.toml"
        fleet.write_text(f'[[ledger]]\nname = "studio"\naddress = "{made / "memory"}"\n')
        extra = {"YTQUOTA_FLEET": str(fleet)}
        sandbox.write_env(made, dict(SETS), channels=dict(CHANNELS), cloud=True, extra=extra)
        settings = Settings.load({}, start=made)
        until = datetime.now(UTC)
        written = write_history(settings.memory_dir, until=until, days=2)
        monitor = QuotaMonitor.open(settings)
        bill_history(sandbox, monitor.log(), written.days, until)
        monitor.close()
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook_shows_nothing_that_a_front_end_must_install(name, folder, monkeypatch):
    """Each widget's model and view come from ipywidgets' own modules, each output is of a plain kind."""
    for variable in [one for one in os.environ if one.startswith(("YTQUOTA_", "GOOGLE_", "OAUTH_"))]:
        monkeypatch.delenv(variable)
    book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    client = NotebookClient(book, timeout=100, resources={"metadata": {"path": str(folder)}})
    client.execute()
    outputs = [one for cell in book.cells for one in cell.get("outputs", [])]
    kinds = {kind for one in outputs for kind in one.get("data", {})}
    assert kinds <= SHOWN, kinds
    models = book.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    has_widgets = "application/vnd.jupyter.widget-view+json" in kinds
    assert bool(models) == has_widgets
    modules = {
        module
        for model in models.values()
        for module in (model["model_module"], model["state"].get("_view_module"))
        if module
    }
    assert modules <= STANDARD, modules
    assert has_widgets == (name in WITH_WIDGETS)
