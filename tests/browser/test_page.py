"""The page in a real browser, on the sample region, with the real search."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import gpxpy
import pytest
from werkzeug.serving import make_server

from loopgenie import create_app
from loopgenie.config import Settings
from loopgenie.store.sqlite import SqliteStore
from tests.browser.visit import Visit, painted

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def test_from_the_form_to_the_loop(visit: Visit, village: str) -> None:
    page = visit.page
    assert page.locator("#synthetic").is_visible()
    assert "Synthetic" in page.locator("#attribution").inner_text()
    assert "sample" in page.locator("#regions").inner_text()
    assert painted(page, "network") > 1000
    visit.plan(village, "10")

    cards = page.locator(".card")
    assert 1 <= cards.count() <= 3
    kilometres = float(cards.first.locator("dd").first.inner_text().removesuffix(" km"))
    assert 9 <= kilometres <= 11
    assert page.locator(".start").count() == cards.count()
    assert painted(page, "loops") > 200
    assert page.locator(".arrow").count() > 2
    assert page.locator("#chart canvas").is_visible()
    chart, figure = page.locator("#chart").bounding_box(), page.locator("#profile").bounding_box()
    room = page.locator(".card dl").first.bounding_box() if page.locator(".card #profile").count() else figure
    assert chart
    assert room
    assert chart["width"] > 0.9 * room["width"]
    assert "up to" in page.locator("#readout").inner_text()

    with page.expect_download() as download:
        cards.first.get_by_text("GPX").click()
    assert download.value.suggested_filename.endswith(".gpx")
    track = gpxpy.parse(Path(download.value.path()).read_text()).tracks[0]
    assert track.length_2d() / 1000 == pytest.approx(kilometres, abs=0.1)

    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_the_profile_and_the_map_point_at_each_other(visit: Visit, village: str) -> None:
    page = visit.page
    visit.plan(village, "10")
    page.wait_for_timeout(600)  # the map flies
    page.locator("#chart").scroll_into_view_if_needed()
    page.hover("#chart .u-over", position={"x": 120, "y": 40})
    assert re.fullmatch(r"[\d.]+ km · [\d,]+ m", page.locator("#readout").inner_text())
    assert painted(page, "spot") > 50


def test_on_a_phone_the_profile_scrolls_away_under_the_map(browser: Browser, address: str, village: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    try:
        page = Visit(context.new_page()).open(address).page
        page.fill("#place", village)
        page.click("#go")
        page.wait_for_selector(".card #chart canvas")
        page.wait_for_timeout(600)
        # the map takes the upper 38 % of the screen: the middle of the profile comes to stand in it
        page.evaluate("scrollBy(0, document.querySelector('#chart').getBoundingClientRect().top - 80)")
        page.wait_for_timeout(300)
        top = page.evaluate(
            """() => {
                const { left, top, width, height } = document.querySelector("#chart").getBoundingClientRect();
                const there = document.elementFromPoint(left + width / 2, top + height / 2);
                return there.closest("#chart, .stage").id || "map";
            }"""
        )
        assert top == "map"
    finally:
        context.close()


def test_the_profile_by_keyboard(desk: Visit, village: str) -> None:
    page = desk.page
    desk.plan(village, "10")
    page.focus("#chart")
    page.keyboard.press("ArrowRight")
    near = float(page.get_attribute("#chart", "aria-valuenow") or 0)
    page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    far = float(page.get_attribute("#chart", "aria-valuenow") or 0)
    assert 0 < near < far
    assert "km" in (page.get_attribute("#chart", "aria-valuetext") or "")


def test_all_of_it_by_keyboard(desk: Visit, village: str) -> None:
    page = desk.page
    page.focus("#place")
    page.keyboard.type(village[:5])
    page.wait_for_selector("#suggestions li")
    page.keyboard.press("ArrowDown")
    assert page.locator('#suggestions [aria-selected="true"]').count() == 1
    page.keyboard.press("Enter")
    assert page.input_value("#place").startswith(village[:5])
    assert page.locator("#suggestions").is_hidden()
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")


def test_start_from_a_click_on_the_map(desk: Visit) -> None:
    page = desk.page
    page.click("#map", position={"x": 480, "y": 430})
    assert re.fullmatch(r"-?\d+\.\d{5}, -?\d+\.\d{5}", page.input_value("#place"))
    page.click("#go")
    page.wait_for_selector(".card, .problem")
    assert page.locator(".card").count() >= 1


def test_a_link_shows_the_same_trip_again(desk: Visit, village: str, address: str) -> None:
    page = desk.page
    page.select_option("#hike-unit", "hike_miles")
    desk.plan(village, "6")
    first = page.locator("#results").inner_text()
    link = page.url
    assert "?trip=" in link
    page.goto(f"{address}/docs")
    page.goto(link)
    page.wait_for_selector(".card")
    assert page.locator("#results").inner_text() == first
    assert page.input_value("#hike") == "6"
    assert page.input_value("#hike-unit") == "hike_miles"
    assert page.input_value("#place") == village
    assert desk.wrong == []


def test_another_unit_changes_the_words_not_the_loops(desk: Visit, village: str) -> None:
    page = desk.page
    desk.plan(village, "10")
    loops = page.locator(".card").count()
    page.select_option("#hike-unit", "hike_miles")
    assert " mi" in page.locator(".card dl").first.inner_text()
    assert " ft" in page.locator(".card dl").first.inner_text()
    assert page.locator(".card").count() == loops


def test_a_misspelt_place_leads_to_the_right_one(desk: Visit, village: str) -> None:
    page = desk.page
    page.fill("#place", village + "x")
    page.click("#go")
    page.wait_for_selector(".problem")
    assert village in page.locator(".problem").inner_text()
    page.locator(".suggestion", has_text=village).first.click()
    page.wait_for_selector(".card")
    assert page.input_value("#place") == village


def test_when_there_is_no_loop_the_page_says_why_and_what_helps(desk: Visit, village: str) -> None:
    page = desk.page
    page.fill("#place", village)
    page.click("#more summary")
    page.fill("#ascent", "1")
    page.click("#go")
    page.wait_for_selector(".problem")
    assert "1 m of ascent" in page.locator(".problem p").first.inner_text()
    page.locator(".suggestion").first.click()
    page.wait_for_selector(".card")
    assert float(page.input_value("#ascent")) > 1


def test_wrong_values_are_marked_where_they_stand(desk: Visit, village: str) -> None:
    page = desk.page
    page.fill("#hike", "")
    page.click("#go")
    assert page.get_attribute("#place", "aria-invalid") == "true"
    assert page.get_attribute("#hike", "aria-invalid") == "true"
    assert "Say where you are" in page.locator("#place-error").inner_text()
    page.fill("#place", village)
    page.fill("#hike", "900")
    page.click("#go")
    page.wait_for_selector(".problem")
    assert "500" in page.locator("#hike-error").inner_text()
    assert page.evaluate("document.activeElement.id") == "hike"


def test_an_old_link_that_is_broken_says_so(desk: Visit, address: str) -> None:
    desk.page.goto(f"{address}/?trip=nonsense")
    desk.page.wait_for_selector(".problem")
    assert "broken" in desk.page.locator(".problem").inner_text()


def test_names_from_data_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    """A name that looks like HTML must never become any."""
    from dataclasses import replace

    from loopgenie.importing.sample import sample_region

    evil = '<img src=x onerror="document.body.dataset.hacked=1">'
    region = sample_region(seed=0, size=12)
    points = [p._replace(name=f"{evil}{p.id}") for p in region.points]
    store = SqliteStore(str(tmp_path / "evil.db"))
    store.replace_region(replace(region, name=evil, points=points, attribution=(evil,)))
    server = make_server("127.0.0.1", 0, create_app(Settings(), store), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    context = browser.new_context(viewport={"width": 1360, "height": 860})
    try:
        seen = Visit(context.new_page()).open(f"http://127.0.0.1:{server.server_port}")
        seen.plan(f"{evil}{points[0].id}", "10")
        assert seen.page.evaluate("document.body.dataset.hacked") is None
        assert seen.page.locator('img[src="x"]').count() == 0
        assert evil in seen.page.locator("#attribution").inner_text()
    finally:
        context.close()
        server.shutdown()
        thread.join()
        server.server_close()
