"""One Chromium for all tests of a module that look at pages; they skip with the reason where there is none.

While it runs, its thread has an event loop that runs: no test of another module could have one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import pathlib
import shutil
import time

import pytest

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def chromium():
    """Where Debian, or another system, puts it; None for nowhere."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser():
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("no playwright: pip install playwright")
    binary = chromium()
    if binary is None:
        pytest.skip("no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=binary, args=ARGUMENTS)
        yield started
        started.close()


class Watched:
    """A page, and all that it did that no page of ours may do."""

    def __init__(self, page):
        self.page = page
        self.wrong: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.requests.append(request.url))
        page.add_init_script("window.attacked = []; window.alert = (what) => window.attacked.push(String(what));")

    def _dismiss(self, dialog):
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def attacked(self):
        return self.page.evaluate("window.attacked")


@contextlib.contextmanager
def looking(browser, *, width=1100, height=900, scheme="light", scripts=True):
    """A page of its own, that must end without an error of its scripts."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=scripts
    )
    context.set_default_timeout(10_000)
    watched = Watched(context.new_page())
    try:
        yield watched
        assert watched.wrong == []
        if scripts:
            assert watched.attacked() == []
    finally:
        context.close()


def file_url(path):
    return pathlib.Path(path).resolve().as_uri()


def overflow(page):
    """How far a page is wider than the window, in pixels."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def until(page, ready):
    """Wait until something holds of a page; its policy forbids Playwright's own way, which evaluates texts."""
    deadline = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < deadline, page.inner_text("body")[:2000]
        page.wait_for_timeout(25)
