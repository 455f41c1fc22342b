"""``workbench app``: the browser app on this machine."""

from __future__ import annotations

import os
import runpy
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.error import URLError
from urllib.request import urlopen

import typer

from workbench.cli import codes
from workbench.cli.installed import checkout, launcher
from workbench.cli.options import ROOT_VARIABLE, JsonFile, WorkspaceDir, find_root, new_app
from workbench.cli.output import Output, warn
from workbench.errors import BadInput

app = new_app()

DEFAULT_PORT = 8501
#: How many ports after the default are tried where it is taken.
TRIED_PORTS = 50
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@app.command(name="app")
def app_command(
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Where to listen; by default localhost, so that only this machine can open it.",
        ),
    ] = "localhost",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help=f"The port; by default {DEFAULT_PORT} or the next free one. 0 takes any free one.",
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--open", help="Open the page in the default browser, too.")
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Start the browser app on this machine. Ctrl-C ends it; runs that were started in it go on by themselves.

    Without --workspace it opens the workspace here or above; in a checkout of Workbench, else, its samples.
    """
    from workbench.workspace import Workspace

    out = Output(json)
    root = _root(workspace)
    # What cannot be opened is better said here than on every page.
    opened = Workspace.open(root)
    opened.close()
    chosen = _port(host, port)
    url = f"http://{_in_url(host)}:{chosen}"
    if host not in LOCAL_HOSTS:
        warn("Whoever reaches this address can read and change the workspace and run models on your keys.")

    def ready() -> None:
        out.json({"url": url, "host": host, "port": chosen, "workspace": str(opened.root)})
        out.text(f"Workbench shows {opened.root} at {url}")
        out.text("Ctrl-C ends it.")
        sys.stdout.flush()
        if browser:
            webbrowser.open(url)

    os.environ[ROOT_VARIABLE] = str(opened.root)
    _when_healthy(f"http://{_reachable(host)}:{chosen}/_stcore/health", ready)
    return _serve(launcher(), {"server.address": host, "server.port": chosen})


def _root(given: Path | None) -> Path:
    root = find_root(given)
    nothing_here = given is None and not any((root / p).is_dir() for p in (".workbench", "prompts", "evals"))
    return checkout() or root if nothing_here else root


def _port(host: str, wanted: int | None) -> int:
    """Return a port that is free now.

    Raises:
        BadInput: The address cannot be used, or the port that a person chose is taken.
    """
    if wanted is not None:
        found = _free(host, wanted)
        if found is None:
            raise BadInput(
                f"Port {wanted} is taken or not allowed",
                hint="give another --port, or leave it away to take the next free one",
            )
        return found
    for port in range(DEFAULT_PORT, DEFAULT_PORT + TRIED_PORTS):
        if _free(host, port):
            if port != DEFAULT_PORT:
                warn(f"Port {DEFAULT_PORT} is taken, so this is port {port}.")
            return port
    raise BadInput(
        f"No port from {DEFAULT_PORT} to {DEFAULT_PORT + TRIED_PORTS - 1} is free",
        hint="give one with --port",
    )


def _free(host: str, port: int) -> int | None:
    """Return the port if it can be listened at (a free one for 0), else None."""
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise BadInput(
            f'"{host}" is no address of this machine',
            hint="use localhost, or 0.0.0.0 for all of its addresses",
        ) from None
    free = port
    for family, kind, _protocol, _name, address in places:
        with socket.socket(family, kind) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address[0], free, *address[2:]))
            except OSError:
                return None
            free = probe.getsockname()[1]
    return free


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _reachable(host: str) -> str:
    """Return where a server that listens at ``host`` answers on this machine."""
    return "localhost" if host in ("0.0.0.0", "::") else _in_url(host)


def _when_healthy(url: str, then: Callable[[], None]) -> None:
    """Call ``then`` from a thread as soon as the server answers."""

    def watch() -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                with urlopen(url, timeout=5):
                    then()
                    return
            except (URLError, OSError):
                time.sleep(0.1)

    threading.Thread(target=watch, daemon=True, name="until-healthy").start()


def _serve(script: Path, options: dict[str, Any]) -> int:
    """Run the server until it is ended. Its theme is read from beside the launcher, wherever one stands."""
    options = {
        **options,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "logger.hideWelcomeMessage": True,
    }
    # Streamlit looks for its settings beside the script of this name.
    sys.argv = [str(script)]
    try:
        runpy.run_path(str(script))["app"].run(config=options)
    except KeyboardInterrupt:
        return codes.INTERRUPTED
    return codes.PASSED
