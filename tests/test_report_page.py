"""The report in a real browser."""

from __future__ import annotations

import json
import random
import time

import pytest

from tests.browsers import file_url, looking, overflow, until
from tests.commands import dedup as run_dedup
from tests.test_cli import SAMPLE
from tests.test_report import ATTACK, START, TEXT, reported, story

pytestmark = pytest.mark.service
REPORT = file_url(SAMPLE.parent / "sample.report.html")


def opened(watched, url=REPORT):
    watched.page.goto(url)
    watched.page.wait_for_selector("html[data-ready]")
    return watched.page


def status(page):
    return page.locator("#status").inner_text()


def titles(page):
    return page.locator("#list .head .title").all_inner_texts()


def wait_for_titles(page, count):
    """The page draws after the event that asks for it has returned: a click tells nothing of when."""
    until(page, lambda: len(titles(page)) == count)


def test_a_cluster_opens_with_its_members_and_their_differences(browser):
    with looking(browser) as watched:
        page = opened(watched)
        assert status(page) == "13 of 43 clusters"
        card = page.locator(".cluster").filter(has_text="Ferry fire off Port Halden").first
        card.locator(".head").click()
        until(page, lambda: card.locator(".story").count() == 7)
        assert "UPDATE 1-Ferry" in card.locator("ins").all_inner_texts()
        assert any(text.startswith("PORT HALDEN") for text in card.locator("del").all_inner_texts())
        card.locator(".head").click()
        until(page, lambda: card.locator(".story").count() == 0)


def test_similar_news_leads_to_their_cluster_and_back(browser):
    with looking(browser) as watched:
        page = opened(watched)
        page.locator(".cluster").filter(has_text="China rebukes US").first.locator(".head").click()
        wanted = page.locator(".similar button").first
        title = wanted.inner_text()
        wanted.click()
        page.wait_for_selector(".cluster .story")
        assert titles(page) == [title]
        page.get_by_text("Back to the list").click()
        wait_for_titles(page, 13)


def test_the_search_finds_words_sources_and_ids_in_any_member(browser):
    with looking(browser) as watched:
        page = opened(watched)
        for words, count in (("passengers take to lifeboats", 1), ("volga SEGODNYA", 1), ("qt-70-rss", 1), ("zzz", 0)):
            page.fill("#search", words)
            until(page, lambda expected=f"{count} of": status(page).startswith(expected))
            assert len(titles(page)) == count
        page.press("#search", "Escape")
        wait_for_titles(page, 13)


def test_filters_and_orders_do_what_they_say(browser):
    with looking(browser) as watched:
        page = opened(watched)
        page.select_option("#kind", "all")
        wait_for_titles(page, 43)
        page.select_option("#order", "new")
        until(page, lambda: titles(page)[0] == "Beekeepers' Sunday returns to the old abbey this weekend")
        page.select_option("#kind", "update")
        until(page, lambda: 0 < len(titles(page)) <= 4)
        page.select_option("#kind", "copies")
        wait_for_titles(page, 13)
        page.select_option("#source", index=1)
        until(page, lambda: 0 < len(titles(page)) < 13)


def test_the_report_is_usable_by_keys_alone(browser):
    with looking(browser) as watched:
        page = opened(watched)
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "search"
        page.keyboard.insert_text("ferry")  # at once: for letters that come late the page draws anew, later
        until(page, lambda: page.locator(".cluster").count() < 13)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(".cluster .story")
        assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
        page.keyboard.press("k")
        assert page.evaluate("document.activeElement.className") == "head"


def test_the_report_fits_a_phone_and_is_dark_in_the_dark(browser):
    colours = {}
    for scheme in ("light", "dark"):
        with looking(browser, width=360, height=740, scheme=scheme) as watched:
            page = opened(watched)
            page.locator(".head").first.click()
            page.wait_for_selector(".story")
            assert overflow(page) <= 0
            colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light, dark = (sum(int(part) for part in colours[name][4:-1].split(",")) for name in ("light", "dark"))
    assert dark < 150 < 600 < light


def test_the_report_reads_nothing_from_the_network(browser):
    with looking(browser) as watched:
        page = opened(watched)
        page.locator(".head").first.click()
        page.wait_for_selector(".story")
        assert watched.requests == [REPORT]


def test_figures_are_there_without_scripts(browser):
    with looking(browser, scripts=False) as watched:
        watched.page.goto(REPORT)
        assert "stories read" in watched.page.locator("main").inner_text()
        assert watched.page.locator("figure svg").count() >= 2
        assert "takes JavaScript" in watched.page.locator("body").inner_text()


def test_scripts_in_stories_do_nothing(tmp_path, browser):
    addresses = (
        "javascript:alert(3)",
        " javascript:alert(3)",
        "data:text/html,<script>alert(4)</script>",
        'https://x.example/"onclick="alert(5)',
    )
    rows = [
        story(f"{ATTACK}{k}", title=f"{ATTACK} ferry runs aground off Kvaloy", text=f"{ATTACK} {TEXT.format(48)} {k}",
              source=f"{ATTACK}{k}", url=addresses[k], published=START)
        for k in range(4)
    ]  # fmt: skip
    reported(tmp_path, rows, names=[ATTACK])
    with looking(browser) as watched:
        page = opened(watched, file_url(tmp_path / "report.html"))
        page.locator(".head").first.click()
        page.wait_for_selector(".story ins")
        assert page.locator(".story").count() == 4
        assert [link.get_attribute("href") for link in page.locator(".story a").all()] == [addresses[3]]
        assert page.locator("img, iframe").count() == 0
        page.locator(".story .title").first.click()
        page.fill("#search", "<script>alert(6)")
        page.wait_for_timeout(300)
        assert "<script>alert(6)</script>" in page.locator(".head .title").first.inner_text()


def test_a_script_that_found_a_way_in_would_not_run(tmp_path, browser):
    """The page's policy is a second wall: even markup put into the file by hand runs nothing."""
    page_text, _ = reported(tmp_path, [story("a"), story("b")])
    broken = page_text.replace("</header>", "<script>alert(1)</script><img src=x onerror=alert(2)></header>", 1)
    (tmp_path / "broken.html").write_text(broken, "utf-8")
    with looking(browser) as watched:
        opened(watched, file_url(tmp_path / "broken.html"))
        assert not [url for url in watched.requests if url.startswith("http")]


@pytest.mark.slow
def test_a_hundred_thousand_clusters_stay_usable(tmp_path, browser):
    draw = random.Random(3)  # noqa: S311
    names = [f"{first}{second}{k}" for first in "bdfgklmnprst" for second in "aeiou" for k in range(10**4)]
    words = [f"w{k}" for k in range(10**5)]
    with (tmp_path / "feed.jsonl").open("w") as feed:
        for k in range(100_000):
            title, text = " ".join(draw.choices(names, k=8)), " ".join(draw.choices(words, k=40))
            for copy in range(2):
                feed.write(
                    json.dumps({"id": f"{k}-{copy}", "title": title, "text": text, "source": f"s{(k + copy) % 40}"})
                    + "\n"
                )
    begin = time.monotonic()
    code, _, message = run_dedup(
        "run", tmp_path / "feed.jsonl", "-o", tmp_path / "kept.jsonl", "--report", tmp_path / "report.html"
    )
    assert code == 0, message
    assert time.monotonic() - begin < 100  # about 30 seconds; 140 where each cluster goes over all stories
    with looking(browser) as watched:
        page = watched.page
        page.goto(file_url(tmp_path / "report.html"))
        page.wait_for_selector("html[data-ready]")
        assert status(page) == "100,000 of 100,000 clusters"
        loading = page.evaluate("performance.now()")
        page.fill("#search", "zzz")
        until(page, lambda: status(page).startswith("0 of"))
        page.fill("#search", "")
        page.wait_for_selector(".head")
        page.locator(".head").first.click()
        page.wait_for_selector(".story")
        assert loading < 15_000  # about two seconds on a quiet machine
