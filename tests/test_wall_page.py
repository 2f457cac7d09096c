"""The wall in a real browser, served as a user serves it."""

from __future__ import annotations

import json
import urllib.request

import pytest

from dedup.feedback import judged_pairs
from dedup.stores import open_store
from tests.browsers import looking, overflow, until
from tests.servers import BANK, COPY, FERRY, KEY, server
from tests.test_cli import SAMPLE

pytestmark = pytest.mark.service
ATTACK = "&lt;script&gt;alert(6)&lt;/script&gt;\"'><script>alert(1)</script><img src=x onerror=alert(2)>"
INQUIRY = {
    "id": "d",
    "title": "Inquiry into Kvaloy grounding of ferry Aurora begins",
    "text": "Investigators boarded the ferry Aurora off Kvaloy to learn why it ran aground on Monday.",
    "source": "Echo",
}


def post(address, stories):
    body = json.dumps(stories).encode()
    request = urllib.request.Request(f"{address}/stories", body, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


@pytest.fixture(scope="module")
def wall(tmp_path_factory):
    """A server on SQLite with the sample and some stories; yields its address and its store."""
    store = f"sqlite:///{tmp_path_factory.mktemp('wall')}/stories.db"
    with server(store) as (_, address):
        post(address, [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()])
        post(address, [BANK, FERRY, COPY, INQUIRY])
        yield address, store


def card(page, words):
    return page.locator("article.card").filter(has_text=words).first


def test_a_card_shows_sources_copies_and_why_they_are_one(wall, browser):
    with looking(browser) as watched:
        page = watched.page
        page.goto(wall[0])
        ferry = card(page, FERRY["title"])
        assert ferry.locator(".chip").first.inner_text() == "Wire"
        assert "Post" in ferry.locator(".meta").first.inner_text()
        ferry.get_by_text("1 copy").click()
        ferry.get_by_role("link", name="Why?").click()
        explanation = ferry.locator(".explanation")
        explanation.wait_for()
        until(page, lambda: explanation.locator("table.evidence tr").count() > 10)
        assert "duplicate" in explanation.inner_text().lower()
        assert explanation.locator("mark").count() > 0


def test_similar_news_opens_under_a_card_and_says_why_it_is_apart(wall, browser):
    with looking(browser) as watched:
        page = watched.page
        page.goto(wall[0])
        ferry = card(page, FERRY["title"])
        ferry.locator("summary", has_text="Similar News").click()
        line = ferry.locator(".found li").filter(has_text=INQUIRY["title"])
        line.wait_for()
        line.get_by_role("link", name="Why apart?").click()
        line.locator(".explanation[data-verdict=different]").wait_for()


def test_buttons_record_what_people_say_in_the_store(wall, browser):
    address, store = wall
    with looking(browser) as watched:
        page = watched.page
        page.goto(address)
        ferry = card(page, FERRY["title"])
        ferry.get_by_text("1 copy").click()
        ferry.locator(".copies").get_by_role("button", name="Not the same").click()
        ferry.get_by_text("Recorded: not the same.").wait_for()
        ferry.locator("summary", has_text="Similar News").click()
        line = ferry.locator(".found li").filter(has_text=INQUIRY["title"])
        line.get_by_role("button", name="The same", exact=True).click()
        line.get_by_text("Recorded: the same.").wait_for()
    with open_store(store) as opened:
        said = {
            (one["left"]["id"], one["right"]["id"]): (one["same"], one["were_one_cluster"])
            for one in judged_pairs(opened)
        }
    assert said["a", "b"] == (False, True)
    assert said["a", "d"] == (True, False)


def test_the_search_of_the_wall_finds_a_card(wall, browser):
    with looking(browser) as watched:
        page = watched.page
        page.goto(wall[0])
        page.keyboard.press("/")
        page.keyboard.type("key RATE")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=key*")
        card(page, "Bank raises its key rate").wait_for()
        assert "Bank raises its key rate" in page.locator("main").inner_text()


def test_earlier_stories_come_as_one_reads_down(wall, browser):
    with looking(browser) as watched:
        page = watched.page
        page.goto(wall[0])
        assert page.locator("article.card").count() == 30
        page.locator(".more").scroll_into_view_if_needed()
        until(page, lambda: page.locator("article.card").count() > 40)
        assert page.locator(".more a").count() == 0


def test_keys_go_from_card_to_card(wall, browser):
    with looking(browser) as watched:
        page = watched.page
        page.goto(wall[0])
        for _ in range(3):
            page.keyboard.press("j")
        page.keyboard.press("k")
        at = "[...document.querySelectorAll('.card')].indexOf(document.activeElement)"
        until(page, lambda: page.evaluate(at) == 1)


def test_the_wall_works_without_scripts(wall, browser):
    with looking(browser, scripts=False) as watched:
        page = watched.page
        page.goto(f"{wall[0]}/?q=kvaloy")
        card(page, FERRY["title"]).get_by_text("1 copy").click()
        page.get_by_role("link", name="Why?").first.click()
        page.locator(".explanation").wait_for()
        page.get_by_text("To the wall").click()
        card(page, FERRY["title"]).locator("summary", has_text="Similar News").click()
        card(page, FERRY["title"]).get_by_text("Look for similar news").click()
        page.get_by_role("button", name="Not the same").first.click()
        page.get_by_text("Recorded: not the same.").wait_for()


def test_the_wall_fits_a_phone_and_is_dark_in_the_dark(wall, browser):
    for scheme, least, most in (("light", 600, 765), ("dark", 0, 150)):
        with looking(browser, width=360, height=740, scheme=scheme) as watched:
            page = watched.page
            page.goto(wall[0])
            ferry = card(page, FERRY["title"])
            ferry.get_by_text("1 copy").click()
            ferry.get_by_role("link", name="Why?").click()
            ferry.locator(".explanation").wait_for()
            assert overflow(page) <= 0
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert least <= sum(int(part) for part in colour[4:-1].split(",")) <= most


def test_scripts_in_stories_do_nothing_on_the_wall(tmp_path, browser):
    title, text = f"{ATTACK} {FERRY['title']}", f"{ATTACK} {FERRY['text']}"
    way_out = "https://x.example/'onclick='alert(4)"
    stories = [
        {"id": ATTACK, "title": title, "text": text, "source": ATTACK, "url": "javascript:alert(3)"},
        {"id": f"{ATTACK}2", "title": f"{title}!", "text": text, "source": "x", "url": way_out},
        {**INQUIRY, "title": f"{INQUIRY['title']} {ATTACK}", "hx-on:load": "alert(5)"},
    ]
    with server(f"sqlite:///{tmp_path}/stories.db") as (_, address), looking(browser) as watched:
        post(address, stories)
        page = watched.page
        page.goto(address)
        ferry = page.locator("article.card").last
        ferry.get_by_text("1 copy").click()
        ferry.get_by_role("link", name="Why?").click()
        ferry.locator(".explanation").wait_for()
        ferry.get_by_role("button", name="Not the same").first.click()
        ferry.get_by_text("Recorded: not the same.").wait_for()
        ferry.locator("summary", has_text="Similar News").click()
        ferry.locator(".found ul").wait_for()
        ferry.locator("h2").click()
        assert page.locator("article img").count() == 0
        hrefs = [link.get_attribute("href") or "" for link in page.locator("a").all()]
        assert not [href for href in hrefs if href.startswith(("javascript", "data"))]
        assert all(url.startswith(address) for url in watched.requests)
        page.goto(f"{address}/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        page.locator("#search").wait_for()


def test_new_stories_are_announced_while_one_reads(wall, browser):
    with looking(browser) as watched:
        page = watched.page
        page.goto(wall[0])
        post(
            wall[0],
            {**BANK, "id": "late", "title": "Snow falls on Kvaloy in June", "text": "Nobody had seen that before."},
        )
        page.evaluate("htmx.ajax('GET', document.getElementById('new').getAttribute('hx-get'), '#new')")
        page.get_by_text("1 new story").click()
        card(page, "Snow falls on Kvaloy").wait_for()


def test_a_browser_shows_the_key_as_a_password(tmp_path, browser):
    store = f"sqlite:///{tmp_path}/stories.db"
    with server(store, "--host", "0.0.0.0", env={"DEDUP_API_KEY": KEY}) as (_, address):  # noqa: S104
        address = address.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        context = browser.new_context(http_credentials={"username": "me", "password": KEY})
        page = context.new_page()
        answer = page.goto(address)
        assert answer.status == 200
        assert "No stories yet" in page.inner_text("main")
        context.close()
