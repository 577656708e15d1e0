"""The web app: a chat over the events of a run, with the pictures beside it.

It hands each question to the agent, turns the events into messages with ``agent/chat.py``, and leaves
the layout to ``agent/widgets.py`` and the server to ``agent/serving.py``. It starts closed: on this
machine only, nothing shared, nothing recorded, nothing fetched. Nothing but this file and the layout
imports Gradio.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import fastapi
import gradio as gr

from agent.markdown import escape_line
from agent.marks import Mode
from agent.serving import guarded, serve
from agent.visit import Asks, Visit
from agent.visitors import Visitors
from agent.widgets import POINT_HINT, Widgets

if TYPE_CHECKING:
    import uvicorn

    from agent.settings import Settings

STYLE = Path(__file__).parent / "agent" / "templates" / "app.css"
SCRIPT = Path(__file__).parent / "agent" / "templates" / "app.js"
"""What the page runs beside Gradio's own scripts; the guard allows it by its content."""


class Page(Widgets):
    """The page and what happens on it."""

    def __init__(self, agent: Asks, visitors: Visitors) -> None:
        self.agent = agent
        self.visitors = visitors
        with gr.Blocks(
            title="Ocelli", fill_width=True, analytics_enabled=False, delete_cache=(3600, 86400)
        ) as self.blocks:
            # Gradio copies this deeply with each page; a bound method would take the agent along.
            forget = lambda visit: visit and visit.close(agent)  # noqa: E731
            self.session = gr.State(None, time_to_live=86400, delete_callback=forget)
            self.lay_out()
            self._wire()

    def _wire(self) -> None:
        quiet: dict[str, Any] = {
            "queue": False,
            "api_visibility": "private",
            "show_progress": "hidden",
        }
        shown = [
            self.session, self.chat, self.box, self.gallery, self.slider, self.report,
            self.hint, self.canvas, self.pointing, self.undo, self.redo,
        ]  # fmt: skip
        self.blocks.load(self.open, None, self.session, **quiet)
        run = self.box.submit(
            self.ask, [self.box, self.session], shown, api_visibility="private",
            show_progress="hidden", concurrency_limit=4, concurrency_id="ask",
        )  # fmt: skip
        # Cancelling and tidying up in one event races in Gradio: cancel first, then tidy up.
        self.box.stop(None, None, None, cancels=[run], **quiet).then(
            self.stopped, self.session, shown, **quiet
        )
        for button, go in ((self.undo, self.undone), (self.redo, self.redone)):
            button.click(
                go, self.session, shown, api_visibility="private", show_progress="hidden",
                concurrency_limit=4, concurrency_id="ask",
            )  # fmt: skip
        for begin in (self.new.click, self.chat.clear):
            begin(None, None, None, cancels=[run], **quiet).then(
                self.start_over, self.session, shown, **quiet
            )
        self.chat.example_select(self.example, self.box, self.box, **quiet)
        self.chat.option_select(self.settled, self.session, None, **quiet)
        pointing = [self.hint, self.canvas, self.pointing]
        self.box.change(
            self.picture_added, [self.box, self.session], pointing, trigger_mode="always_last",
            **quiet,
        )  # fmt: skip
        self.canvas.select(self.clicked, [self.mode, self.session], pointing, **quiet)
        self.wipe.click(self.wiped, self.session, pointing, **quiet)

    def open(self, request: gr.Request) -> Visit:
        """A new conversation for whoever opened the page."""
        visitor = getattr(request.state, "visitor", "") if request.request else ""
        return Visit.of(self.visitors, visitor)

    async def ask(
        self, entry: dict[str, Any], visit: Visit | None, request: gr.Request
    ) -> AsyncGenerator[dict[Any, Any], None]:
        """Put a question to the agent and show its events as they come."""
        visit = visit or self.open(request)
        question, files = str(entry.get("text") or "").strip(), list(entry.get("files") or [])
        news: dict[Any, Any] = {
            self.session: visit,
            self.box: gr.MultimodalTextbox(value=None, submit_btn=False, stop_btn=True),
            **self._movable(False, False),
        }
        async with contextlib.aclosing(visit.ask(self.agent, question, files)) as events:
            async for _ in events:
                yield {self.chat: visit.messages, **news}
                news = {}
        yield self._finished(visit)

    async def undone(
        self, visit: Visit | None, request: gr.Request
    ) -> AsyncGenerator[dict[Any, Any], None]:
        """Undo the last edit of what stands."""
        async for news in self._moved("undo", visit or self.open(request)):
            yield news

    async def redone(
        self, visit: Visit | None, request: gr.Request
    ) -> AsyncGenerator[dict[Any, Any], None]:
        """Do an undone edit again."""
        async for news in self._moved("redo", visit or self.open(request)):
            yield news

    async def _moved(self, where: str, visit: Visit) -> AsyncGenerator[dict[Any, Any], None]:
        async with contextlib.aclosing(visit.move(self.agent, where)) as events:
            async for _ in events:
                yield {
                    self.session: visit,
                    self.chat: visit.messages,
                    **self._movable(False, False),
                }
        yield self._finished(visit)

    def stopped(self, visit: Visit | None, request: gr.Request) -> dict[Any, Any]:
        """Tidy up after the person stopped the run."""
        visit = visit or self.open(request)
        visit.stop()
        return self._finished(visit)

    def start_over(self, visit: Visit | None, request: gr.Request) -> dict[Any, Any]:
        """Delete this conversation and begin another."""
        if visit is not None:
            visit.close(self.agent)
        return self._finished(self.open(request)) | {
            self.box: gr.MultimodalTextbox(value=None, submit_btn=True, stop_btn=False)
        }

    def settled(self, visit: Visit | None, event: gr.SelectData) -> None:
        """The person said whether what was held back may run."""
        if visit is not None:
            visit.settle(self.agent, str(event.value))

    def example(self, entry: dict[str, Any], event: gr.SelectData) -> Any:
        """Put an example question into the box, beside the pictures that are there."""
        return {"text": event.value["text"], "files": list(entry.get("files") or [])}

    async def picture_added(self, entry: dict[str, Any], visit: Visit | None) -> Any:
        """Show the first added picture for pointing."""
        files = list(entry.get("files") or [])
        if visit is None or not files or files[0] == visit.source:
            return {self.hint: gr.skip()}
        await asyncio.to_thread(visit.point_at, files[0])
        return self._pointing(visit)

    def clicked(self, mode: Mode, visit: Visit | None, event: gr.SelectData) -> Any:
        """A click on the picture."""
        if visit is None or visit.marks is None:
            return {self.hint: gr.skip()}
        visit.marks.click(float(event.index[0]), float(event.index[1]), mode)
        return self._pointing(visit)

    def wiped(self, visit: Visit | None) -> Any:
        """Take the marks away."""
        if visit is None or visit.marks is None:
            return {self.hint: gr.skip()}
        visit.marks.clear()
        return self._pointing(visit)

    def _pointing(self, visit: Visit) -> dict[Any, Any]:
        words = visit.marks.words() if visit.marks else ""
        there = visit.marks is not None
        return {
            self.hint: f"For the next question: {escape_line(words)}" if words else POINT_HINT,
            self.canvas: gr.Image(value=visit.marked(), visible=there),
            self.pointing: gr.Row(visible=there),
        }

    def _finished(self, visit: Visit) -> dict[Any, Any]:
        """The page when nothing runs: everything the conversation has, ready for a question."""
        pictures, pair, report = visit.pictures(), visit.before_after(), visit.report
        return {
            self.session: visit,
            self.chat: visit.messages,
            self.box: gr.MultimodalTextbox(submit_btn=True, stop_btn=False),
            self.gallery: gr.Gallery(value=pictures, visible=bool(pictures)),
            self.slider: gr.ImageSlider(value=pair, visible=pair is not None),
            self.report: gr.DownloadButton(value=report, interactive=report is not None),
            **self._pointing(visit),
            **self._movable(*visit.can_move()),
        }

    def _movable(self, back: bool, forth: bool) -> dict[Any, Any]:
        """Undo and Redo work where there is something to undo or redo, and nothing runs."""
        return {
            self.undo: gr.Button(interactive=back),
            self.redo: gr.Button(interactive=forth),
        }


def build(agent: Asks, visitors: Visitors | None = None) -> gr.Blocks:
    """The page over an agent; what it shows lies under the folder of `visitors`."""
    if visitors is None:
        visitors = Visitors(Path(tempfile.mkdtemp(prefix="ocelli-app-")))
    os.environ["GRADIO_TEMP_DIR"] = str(visitors.folder)
    page: gr.Blocks = Page(agent, visitors).blocks
    return page


def server(
    agent: Asks,
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 7860,
    hosts: tuple[str, ...] = (),
    max_file_mb: int = 64,
) -> uvicorn.Server:
    """The guarded page as a server that can be run.

    Args:
        agent: answers the questions.
        folder: private folder of uploads and shown files; runs in it are deleted with their page.
        host: address to listen on.
        port: TCP port.
        hosts: further names the page may be opened by, such as that of a proxy.
        max_file_mb: largest picture that can be uploaded.
    """
    visitors = Visitors(folder)
    # Outside a running loop Gradio opens one for each of its locks and never closes them.
    inner = asyncio.run(_mounted(agent, visitors, max_file_mb * 2**20))
    scripts = (SCRIPT.read_bytes(),)
    return guarded(inner, visitors, host, port, hosts, 16 * max_file_mb * 2**20, scripts)


async def _mounted(agent: Asks, visitors: Visitors, max_file_size: int) -> fastapi.FastAPI:
    """The page as an ASGI app, closed as far as Gradio can close it."""
    page = build(agent, visitors)
    page.queue(max_size=16, default_concurrency_limit=4)
    inner = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        inner, page, path="/",
        footer_links=[], run_history=False, allowed_paths=[], show_error=False,
        max_file_size=max_file_size, ssr_mode=False, enable_monitoring=False, pwa=False,
        mcp_server=False, theme=_theme(), css_paths=[STYLE],
        head=f"<script>{SCRIPT.read_text('utf-8')}</script>",
    )  # fmt: skip
    return inner


def _theme() -> gr.themes.Base:
    """Soft, in the colours of an iris, with the fonts of the system."""
    return gr.themes.Soft(
        primary_hue="teal", secondary_hue="teal", neutral_hue="slate",
        font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"],
    )  # fmt: skip


def main(
    host: str = "127.0.0.1",
    port: int = 7860,
    settings: Settings | None = None,
    hosts: tuple[str, ...] = (),
    max_file_mb: int = 64,
) -> None:
    """Serve the page until it is interrupted. Its files are deleted at the end.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    serve(
        lambda agent, folder: server(agent, folder, host, port, hosts, max_file_mb),
        host, port, settings,
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Ocelli in the browser.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=7860, type=int, help="TCP port")
    chosen = parser.parse_args()
    main(chosen.host, chosen.port)
