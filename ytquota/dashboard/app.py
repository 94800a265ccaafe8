"""The dashboard as a page of its own: Voila on loopback, behind a token, with nothing from elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ytquota.errors import YTQuotaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from ytquota.settings import Settings

_CHECKOUT = Path(__file__).resolve().parents[2]
_START_TIME = 60.0
_STOP_TIME = 6.0
"""Seconds the server has to end its kernels; those of a killed server notice and end by themselves."""
_CULL_AFTER, _CULL_EVERY = 120, 15
"""Seconds after which the kernel of a page that nobody has open is ended, and between two checks of that."""
_NO_ACTIVITY = (
    *("comm_open", "comm_msg", "comm_close", "comm_info_request", "comm_info_reply", "status", "stream"),
    *("execute_request", "execute_reply", "execute_input", "execute_result", "display_data", "error"),
    *("update_display_data", "clear_output", "kernel_info_request", "kernel_info_reply", "debug_event"),
)
"""A live dashboard talks every second, also when nobody listens: that must not keep its kernel alive."""

_WIDGET = "from ytquota.dashboard import {0}\n\n{0}()"
_TEMPLATE = {
    "conf.json": '{"base_template": "lab"}\n',
    "index.html.j2": "{%- extends 'voila/templates/lab/index.html.j2' -%}\n{%- block notebook_css -%}\n"
    "{{ super() | replace('href=\"https://', 'data-offline=\"https://') }}\n{%- endblock -%}\n",
}


@dataclass
class Served:
    """A running dashboard; leave the `with` block, or call `stop`, to end it and its kernels.

    Attributes:
        url: its address, token included: whoever has it can use the dashboard.
        process: the server.
        log: what the server says.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    _stack: contextlib.ExitStack

    def wait(self) -> int:
        """Wait until the server ends, and return its exit code."""
        return self.process.wait()

    def stop(self) -> None:
        """End the server and its kernels; may be called twice."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    settings: Settings,
    *,
    port: int | None = None,
    open_browser: bool = True,
    token: str | None = None,
    notebook: str = "dashboard.ipynb",
) -> Served:
    """Serve a notebook of ytquota as a page on 127.0.0.1.

    Args:
        settings: whose ledger it shows; its kernels work in `settings.root`, where the `.env` is.
        port: on this port; without it (or with 0) on a free one.
        open_browser: open the page in a browser.
        token: the page's token; a random one by default. Without the token nobody gets the page.
        notebook: which one of `notebooks/`.

    Raises:
        YTQuotaError: Voila is not installed, the port is taken, or the server does not start; says why.
    """
    port = _usable(port) if port else _free_port()
    token = token or secrets.token_urlsafe(24)
    with contextlib.ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix="ytquota-dashboard-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        log = folder / "voila.log"
        command = _command(settings, port, _find(notebook, folder), folder)
        process = stack.enter_context(_running(command, _environment(token, folder), log))
        _await(process, port, log)
        served = Served(f"http://127.0.0.1:{port}/?token={token}", process, log, stack.pop_all())
    if open_browser:
        import webbrowser  # noqa: PLC0415 - only with a browser

        webbrowser.open(served.url)
    return served


def notebook_of(widget: str) -> dict[str, object]:
    """A notebook whose one cell shows a widget of `ytquota.dashboard`."""
    cell: dict[str, object] = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": [cell | {"id": widget.lower(), "source": _WIDGET.format(widget)}],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _command(settings: Settings, port: int, notebook: Path, folder: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "ytquota.dashboard.server",
        str(folder),
        str(notebook),
        "--no-browser",
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
        "--Voila.auto_token=True",  # taken from JUPYTER_TOKEN, which a list of processes does not show
        "--Voila.open_browser=False",
        "--template=ytquota",
        f"--Voila.connection_dir_root={folder}",
        f"--MappingKernelManager.root_dir={settings.root}",
        f"--MappingKernelManager.cull_idle_timeout={_CULL_AFTER}",
        f"--MappingKernelManager.cull_interval={_CULL_EVERY}",
        *(f"--MappingKernelManager.untracked_message_types={name}" for name in _NO_ACTIVITY),
    ]


def _environment(token: str, folder: Path) -> dict[str, str]:
    """The environment of the server: its token, our template, and Jupyter's own files out of the way."""
    paths = [str(_template(folder)), os.environ.get("JUPYTER_PATH", "")]
    return {
        **os.environ,
        "JUPYTER_TOKEN": token,
        "JUPYTER_PATH": os.pathsep.join(filter(None, paths)),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHONUNBUFFERED": "1",
    }


def _template(folder: Path) -> Path:
    """The Jupyter data folder that holds our template: the checkout's, else one made here."""
    data = _CHECKOUT / "share" / "jupyter"
    if (data / "voila" / "templates" / "ytquota" / "conf.json").exists():
        return data
    made = folder / "share" / "voila" / "templates" / "ytquota"
    made.mkdir(parents=True)
    for name, text in _TEMPLATE.items():
        (made / name).write_text(text, encoding="utf-8")
    return folder / "share"


def _find(notebook: str, folder: Path) -> Path:
    """The notebook in the checkout; an installed ytquota makes the dashboard's few lines itself."""
    path = _CHECKOUT / "notebooks" / notebook
    if path.exists():
        return path
    if notebook != "dashboard.ipynb":
        raise YTQuotaError(
            f"The notebook {notebook} is not part of this installation: {path} does not exist."
        )
    (folder / notebook).write_text(json.dumps(notebook_of("Dashboard")), encoding="utf-8")
    return folder / notebook


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server in a process group of its own, and end the whole group with its kernels.

    If this process is killed, the pipe to the server closes, and it ends by itself.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
        )
    assert process.stdin is not None
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIME)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server answers; any answer will do, and one without token runs no notebook."""
    deadline = time.monotonic() + _START_TIME
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/none", timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace")[-1500:]
                hint = " Install it: pip install 'ytquota[notebook]'." if "No module named" in said else ""
                raise YTQuotaError(f"The dashboard's server (Voila) did not start.{hint}\n{said}") from None
            time.sleep(0.1)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _usable(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise YTQuotaError(
                f"Port {port} cannot be used: {error.strerror}. Choose another one."
            ) from error
    return port
