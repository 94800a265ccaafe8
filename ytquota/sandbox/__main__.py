"""`python -m ytquota.sandbox`: a sandbox in the foreground."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from ytquota.sandbox.face import Sandbox

_PROJECTS = {1: "111111111111", 10: "222222222222"}
_KEYS = {3: "111111111111"}


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m ytquota.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; default: a free one")
    parser.add_argument("--env", type=Path, metavar="FOLDER", help="write a .env and credentials there")
    parser.add_argument("--seed", type=int, default=0, help="another seed shows other resources")
    options = parser.parse_args()
    sandbox = Sandbox(seed=options.seed, port=options.port)
    say(f"The sandbox listens on {sandbox.url}, on this machine only (loopback). Ctrl-C ends it.")
    if options.env:
        path = sandbox.write_env(options.env, _PROJECTS, api_keys=_KEYS, cloud=True)
        say(f"Wrote {path}: sets 1 and 10 in two projects, API key 3, an account that reads their figures.")
    with contextlib.suppress(KeyboardInterrupt):
        sandbox.run()


def say(text: str) -> None:
    """Tell the person at the terminal, at once even through a pipe."""
    print(text, flush=True)  # noqa: T201 a command talks


if __name__ == "__main__":
    main()
