"""Voila for as long as the program that started it lives; takes a folder and the arguments of Voila.

It holds the reading end of a pipe. When the other end is gone, however that came (Ctrl-C, a crash, SIGKILL),
it ends, its kernels with it, and takes the folder of its own files away. A kernel ends by itself when its
server does.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

_PATIENCE = 6.0
"""Seconds an orderly end may take, its kernels included."""


def main() -> None:
    """Serve until told to stop, or until nobody is left who could tell it."""
    folder, arguments = Path(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGTERM, _leave)  # until Voila has a handler of its own
    alone = threading.Event()
    threading.Thread(target=_end_when_alone, args=(alone, folder), daemon=True).start()
    try:
        _serve(arguments)
    finally:
        if alone.is_set():
            shutil.rmtree(folder, ignore_errors=True)


def _serve(arguments: list[str]) -> None:
    from traitlets.config import Config  # noqa: PLC0415 - after the watch has begun
    from voila.app import Voila  # noqa: PLC0415

    config = Config()
    config.VoilaConfiguration.prelaunch_hook = _let_it_say_goodbye
    Voila.launch_instance(arguments, config=config)


def _let_it_say_goodbye(page: Any, **_: object) -> None:
    """Set the cookie without which a page that is closed may not end its kernel."""
    assert page.xsrf_token  # reading it sets it


def _leave(number: int, frame: object) -> NoReturn:
    del frame
    raise SystemExit(128 + number)


def _end_when_alone(alone: threading.Event, folder: Path) -> None:
    sys.stdin.buffer.read()  # returns once nobody holds the other end
    alone.set()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
