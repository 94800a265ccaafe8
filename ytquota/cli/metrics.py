"""``ytquota metrics``: an endpoint for Prometheus, on this machine only."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from ytquota.auth.sets import load_sets
from ytquota.cli.desk import START, Desk
from ytquota.cli.output import fail
from ytquota.errors import SettingsError, YTQuotaError


def metrics(
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 9464,
) -> None:
    """Answer Prometheus on loopback until Ctrl-C or SIGTERM.

    Used, left, limit, refused and exhausted of each pool, the probability
    that it runs out, and calls and units by method and outcome.

    Examples:
        ytquota metrics
        ytquota metrics --port 9500
    """
    try:
        from ytquota.operations.metrics import HOST, serve  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise YTQuotaError(f"This needs an extra: pip install 'ytquota[alerts]' ({error}).") from error
    with Desk.open() as desk:
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        projects = tuple(one.project for one in load_sets(desk.settings, desk.monitor) if one.project)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            server, thread = serve(desk.monitor, port=port, projects=projects)
        except OSError as error:
            fail(f"Port {port} cannot be used ({error.strerror}); name another with --port.")
        try:
            where = f"http://{HOST}:{server.server_port}/metrics"
            typer.echo(f"{where} (this machine only, no password; Ctrl-C ends it)")
            stop.wait()
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
