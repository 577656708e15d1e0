"""The web app served in this process, an agent that plays events, and raw HTTP to probe it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image, ImageDraw

from agent import events as ev
from agent.protocol import Call

API = "/gradio_api"
HASH = "a" * 64


def sign(folder: Path, words: str = "STOP", name: str = "sign.png") -> Path:
    """A drawn sign of 640×420 px with words on it."""
    picture = Image.new("RGB", (640, 420), (205, 222, 235))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((90, 80, 550, 330), 20, fill=(150, 25, 40))
    pen.text((320, 205), words, fill="white", font_size=96, anchor="mm")
    picture.save(folder / name)
    return folder / name


@dataclass
class PlayedAgent:
    """Yields one run's events for any question; every text in it is `text`."""

    folder: Path
    text: str = 'The sign reads "STOP" [#1].'
    pause: float = 0.0
    """Seconds a tool takes."""
    asked: list[tuple[str, list[str], dict[str, Any]]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def forget(self, session: str) -> None:
        self.forgotten.append(session)

    def settle(self, id: str, allowed: bool) -> bool:
        return False

    async def astream(
        self, question: str, images: Sequence[Any] = (), **given: Any
    ) -> AsyncIterator[ev.Event]:
        self.asked.append((question, list(images), given))
        try:
            for event in self.events(question, [str(p) for p in images]):
                if isinstance(event, ev.CallFinished):
                    await asyncio.sleep(self.pause)
                yield event
            self.ended.append("done")
        except (asyncio.CancelledError, GeneratorExit):
            self.ended.append("cancelled")
            raise

    def events(self, question: str, images: list[str]) -> Iterator[ev.Event]:
        shown = Image.open(images[0]).convert("RGB") if images else Image.new("RGB", (64, 48))
        edit, overlay = self.folder / "edit.png", self.folder / "overlay.png"
        shown.convert("L").convert("RGB").save(edit)
        shown.save(overlay)
        report = self.folder / "report.html"
        report.write_text("<script>window.top.stolen = 1</script>")
        ref = ev.ImageRef(handle="img1", sha256=HASH, width=shown.width, height=shown.height)
        read = Call(id="a", tool="read_text", args={"image": "img1", "what": self.text})
        find = Call(id="b", tool="detect", args={"image": "img1"})
        yield ev.RunStarted(run="r1", session="s", question=question, images=(ref,))
        yield ev.PlanMade(
            step=1, thought=self.text, calls=(read, find), planner="scripted", seconds=0.0
        )
        yield ev.CallStarted(step=1, call=read)
        yield ev.CallStarted(step=1, call=find)
        yield ev.HostEvent(step=1, what="loaded", model=self.text, note=self.text)
        yield ev.CallProgress(step=1, call="a", message=self.text, share=0.5)
        yield ev.CallFinished(
            step=1, call="a", tool="read_text", handle="text1", kind="TextSpans", sha256=HASH,
            text=self.text, model=self.text, seconds=0.25, entities=(1,),
        )  # fmt: skip
        yield ev.CallFailed(step=1, call="b", tool="detect", kind="Stale", message=self.text)
        row = ev.EntityRecord(
            id="#1", label=self.text, box=(90, 80, 550, 330), score=0.98, text="STOP",
            image="img1", sources=(self.text,),
        )  # fmt: skip
        yield ev.AnswerGiven(
            step=2, text=self.text, status="answered", evidence=(row,), unsupported=(self.text,),
            images=(str(edit),), overlay=str(overlay), steps=1, seconds=0.3, report=str(report),
        )  # fmt: skip


@dataclass
class Served:
    """A running app."""

    port: int
    agent: Any
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """One raw request; the answer with its body read into ``text``."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        answer.text = answer.read().decode("utf-8", "replace")  # type: ignore[attr-defined]
        connection.close()
        return answer

    def visit(self) -> str:
        """The cookie of a new visitor."""
        cookie = self.ask("GET", "/").getheader("set-cookie") or ""
        return cookie.partition(";")[0]

    def upload(self, cookie: str, data: bytes, name: str = "x.png") -> http.client.HTTPResponse:
        """Send one file as the page does."""
        body = (
            b"--frontier\r\nContent-Disposition: form-data; name=files; filename="
            + name.encode()
            + b"\r\nContent-Type: image/png\r\n\r\n"
            + data
            + b"\r\n--frontier--\r\n"
        )
        kind = "multipart/form-data; boundary=frontier"
        return self.ask("POST", f"{API}/upload", body, cookie=cookie, content_type=kind)

    def join(self, cookie: str, page: str, data: Any) -> http.client.HTTPResponse:
        """Put an event into the queue as the page does."""
        body = json.dumps({"data": data, "fn_index": 1, "session_hash": page})
        kind = "application/json"
        return self.ask("POST", f"{API}/queue/join", body, cookie=cookie, content_type=kind)


@contextlib.contextmanager
def serving(agent: Any, folder: Path, **options: Any) -> Iterator[Served]:
    """The app in a thread on a free port until the block ends."""
    import app

    folder.mkdir(parents=True, exist_ok=True)
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    def run(listener: socket.socket) -> None:
        try:
            servers.append(app.server(agent, folder, **options))
        finally:
            ready.set()
        servers[0].run(sockets=[listener])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        ready.wait()
        while thread.is_alive() and not servers[0].started:
            time.sleep(0.02)
        assert thread.is_alive(), "the server ended at once"
        try:
            yield Served(listener.getsockname()[1], agent, folder)
        finally:
            servers[0].should_exit = True
            thread.join(20)


@contextlib.contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """A local address nobody should call, and who called it."""
    callers: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, address = listener.accept()
                    callers.append(str(address))
                    connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x.png", callers
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
