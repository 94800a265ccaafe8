"""The dashboard as an app: what is started, where it is found, how it ends."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request

import nbformat
import pytest

from ytquota.dashboard import app
from ytquota.errors import YTQuotaError

NOTEBOOKS = app._CHECKOUT / "notebooks"


@pytest.mark.slow
def test_it_starts_answers_and_ends(settings):
    """A page on loopback with a token of its own; after `stop` nothing listens, and a second is fine."""
    with app.serve(settings, open_browser=False) as served:
        address, token = served.url.split("/?token=")
        assert address.startswith("http://127.0.0.1:")
        assert len(token) >= 32
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}/voila/static/none", timeout=10)
    served.stop()
    assert served.process.poll() is not None
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)
    assert not served.log.exists()


def test_a_port_that_is_taken_is_named(settings):
    """No server is started, and the message says which port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(YTQuotaError, match=f"Port {port} cannot be used"):
            app.serve(settings, port=port, open_browser=False)


def test_a_server_that_does_not_start_says_why(settings, monkeypatch):
    """What the server said is in the error, with the remedy when it is not installed."""
    monkeypatch.setattr(app, "_command", lambda *_: [app.sys.executable, "-m", "no_such_module"])
    with pytest.raises(YTQuotaError, match=r"pip install 'ytquota\[notebook\]'"):
        app.serve(settings, open_browser=False)


def test_kernels_work_where_the_env_file_is(settings, tmp_path):
    """The notebook may lie anywhere: its kernel finds the operator's `.env`. The token is in no argument."""
    command = app._command(settings, 8866, NOTEBOOKS / "dashboard.ipynb", tmp_path)
    assert f"--MappingKernelManager.root_dir={settings.root}" in command
    assert "--Voila.ip=127.0.0.1" in command
    environment = app._environment("a secret", tmp_path)
    assert environment["JUPYTER_TOKEN"] == "a secret"
    assert "a secret" not in " ".join(command)


def test_installed_without_a_checkout_it_makes_notebook_and_template(settings, tmp_path, monkeypatch):
    """A wheel has no `notebooks/` and no `share/`: the few lines are written, and say the same."""
    found = app._find("dashboard.ipynb", tmp_path)
    assert found == NOTEBOOKS / "dashboard.ipynb"
    monkeypatch.setattr(app, "_CHECKOUT", tmp_path / "site-packages")
    made = app._find("dashboard.ipynb", tmp_path)
    nbformat.validate(nbformat.read(made, as_version=4))
    sources = [json.loads(path.read_text())["cells"][0]["source"] for path in (found, made)]
    assert "".join(sources[0]) == "".join(sources[1])
    template = app._template(tmp_path) / "voila" / "templates" / "ytquota"
    assert sorted(path.name for path in template.iterdir()) == ["conf.json", "index.html.j2"]
    with pytest.raises(YTQuotaError, match=r"usage\.ipynb"):
        app._find("usage.ipynb", tmp_path)


def test_the_made_template_takes_nothing_from_elsewhere(tmp_path, monkeypatch):
    """It does what the checkout's template does: style sheets from a CDN are not loaded."""
    monkeypatch.setattr(app, "_CHECKOUT", tmp_path / "site-packages")
    made = (app._template(tmp_path) / "voila/templates/ytquota/index.html.j2").read_text()
    kept = (NOTEBOOKS.parent / "share/jupyter/voila/templates/ytquota/index.html.j2").read_text()
    for line in (
        "{%- extends 'voila/templates/lab/index.html.j2' -%}",
        "replace('href=\"https://', 'data-offline=\"https://')",
    ):
        assert line in made
        assert line in kept
