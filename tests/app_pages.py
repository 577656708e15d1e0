"""A page of the app that is open in a real browser, as a test sees it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app_server import Served
from playwright.sync_api import Browser, Page, expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATH = next((found for name in BROWSERS if (found := shutil.which(name))), None)
"""Of the browser; None where there is none."""
NONE = f"no browser: none of {', '.join(BROWSERS)}"
PATIENCE_MS = 60_000
"""Of a slow machine: the first question loads the models."""


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """A browser for the block."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        running = playwright.chromium.launch(executable_path=PATH, args=flags)
        yield running
        running.close()


class Visit:
    """A page that is open, and what left it."""

    def __init__(self, browser: Browser, served: Served, **options: Any) -> None:
        self.page: Page = browser.new_context(**options).new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("response", self._answered)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.url = served.url
        self.page.goto(served.url)
        self.box = self.page.get_by_label("Your question and pictures").or_(
            self.page.locator("#ask textarea")
        ).first  # fmt: skip
        expect(self.box).to_be_visible()

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.errors.append(f"{response.status} {response.url}")

    def elsewhere(self) -> list[str]:
        """Requests to another host."""
        ours = (f"{self.url}/", "data:", "blob:")
        return [url for url in self.requests if not url.startswith(ours)]

    def add(self, path: Path) -> None:
        """Add a picture, and wait until it can be pointed at."""
        self.page.set_input_files("#ask input[type=file]", str(path))
        expect(self.page.locator("#canvas img")).to_be_visible(timeout=PATIENCE_MS)

    def ask(self, question: str) -> None:
        self.box.fill(question)
        self.page.click("#ask .submit-button")

    def wait(self, text: str) -> None:
        expect(self.page.locator("#chat .bot-row").last).to_contain_text(text, timeout=PATIENCE_MS)

    def pictures(self) -> list[int]:
        """Natural widths of the loaded pictures of the answers."""
        shown = self.page.locator("#chat .bot-row img")
        for number in range(shown.count()):  # polling by a predicate would need eval in the page
            expect(shown.nth(number)).not_to_have_js_property(
                "naturalWidth", 0, timeout=PATIENCE_MS
            )
        return list(
            self.page.evaluate(
                "[...document.querySelectorAll('#chat .bot-row img')].map(i => i.naturalWidth)"
            )
        )

    def close(self) -> None:
        self.page.context.close()
