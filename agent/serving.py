"""The server of the web app: the guard before it, the address it listens on, and how it ends.

What the page shows is any ASGI app that it is given. Knows nothing of widgets or of questions.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent.asgi import AsgiApp
from agent.guard import LOCAL_HOSTS, Guard
from agent.visitors import Visitors
from tools.errors import ConfigError

if TYPE_CHECKING:
    import uvicorn

    from agent.run import Agent
    from agent.settings import Settings


def guarded(
    page: AsgiApp,
    visitors: Visitors,
    host: str,
    port: int,
    hosts: tuple[str, ...],
    max_upload_bytes: int,
    scripts: tuple[bytes, ...],
) -> uvicorn.Server:
    """A page behind its guard, as a server that can be run.

    Args:
        page: what is served.
        visitors: who may see which file.
        host: address to listen on.
        port: TCP port.
        hosts: further names the page may be opened by, such as that of a proxy.
        max_upload_bytes: largest request that brings files.
        scripts: what the page may run beside its own.
    """
    import uvicorn

    guard = Guard(
        page, visitors, (host, *hosts), max_upload_bytes=max_upload_bytes, scripts=scripts
    )
    config = uvicorn.Config(
        guard, host=host, port=port, log_level="warning", access_log=False, server_header=False,
        ws="none", timeout_graceful_shutdown=2,
    )  # fmt: skip
    return uvicorn.Server(config)


def serve(
    make: Callable[[Agent, Path], uvicorn.Server], host: str, port: int, settings: Settings | None
) -> None:
    """Run a server until it is interrupted; what lies in its folder is deleted at the end.

    Args:
        make: the server over an agent, with its files in a private folder.
        host: address to listen on.
        port: TCP port.
        settings: of the agent; those of the environment where there are none.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    from agent import Agent, Settings
    from agent.consent import Desk

    with (
        listening(host, port) as listener,
        tempfile.TemporaryDirectory(prefix="ocelli-app-") as folder,
    ):
        places = {"home": Path(folder) / "home", "out": Path(folder) / "runs"}
        chosen = (settings or Settings()).model_copy(update=places)
        with Agent(chosen, consent=Desk()) as agent:
            page = make(agent, Path(folder))
            shown = f"[{host}]" if ":" in host else host
            address = f"http://{shown}:{listener.getsockname()[1]}"
            sys.stderr.write(f"Ocelli is at {address} (Ctrl+C ends it)\n")
            if host not in LOCAL_HOSTS:
                sys.stderr.write("Everyone who reaches this address can use it.\n")
            # The server passes on the signal that ended it; then the folder has still to go.
            with contextlib.suppress(KeyboardInterrupt):
                signal.signal(signal.SIGTERM, signal.default_int_handler)
                page.run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        why = error.strerror or error
        raise ConfigError(f"cannot listen on {host}:{port}: {why}", hint="Choose another port") from None  # fmt: skip
