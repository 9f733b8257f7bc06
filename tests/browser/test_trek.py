"""Loops of several days on the page.

`trek.json` is a real loop of the sample region (seed 0, size 12), cut by hand into five days with camps, water and
rules that region does not have; it stands in for the service where a test needs exactly that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gpxpy
import pytest

from tests.browser.visit import Visit, painted

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

TREK = (Path(__file__).parent / "trek.json").read_text()
#: The request that the answer's id stands for.
ASKED = {
    "location": "Ellerring", "drive_km": 30, "days": 5, "day_km": [6, 12], "first_day": 0.5, "rest_days": 1,
    "camps": "dispersed", "date": "2026-07-03",
}  # fmt: skip


def answer_with(page: Page, body: str, *, status: int = 200) -> list[dict[str, Any]]:
    """Let all trips be answered so; what is asked is written down."""
    asked: list[dict[str, Any]] = []

    def fulfil(route: Route) -> None:
        if route.request.method == "POST":
            asked.append(route.request.post_data_json)
        route.fulfill(status=status, content_type="application/geo+json", body=body)

    page.route("**/v1/trips", fulfil)
    page.route("**/v1/trips/*", fulfil)
    return asked


def ask_for_days(page: Page, days: str) -> None:
    page.fill("#place", "Ellerring")
    page.fill("#days", days)
    page.click("#go")
    page.wait_for_selector(".card, .problem")
    page.wait_for_timeout(600)  # the map flies


def pixels(page: Page, *names: str) -> list[int]:
    """How many pixels of the map's lines have each of some colours of the page's; the canvas is read once."""
    counts: list[int] = page.evaluate(
        """(names) => {
            const style = getComputedStyle(document.documentElement);
            const wanted = names.map((name) => {
                const hex = style.getPropertyValue(`--${name}`).trim();
                return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
            });
            const canvas = document.querySelector(".leaflet-loops-pane canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const counts = names.map(() => 0);
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] < 255) continue;
                wanted.forEach((rgb, n) => (counts[n] += rgb.every((v, k) => Math.abs(data[i + k] - v) < 3)));
            }
            return counts;
        }""",
        list(names),
    )
    return counts


def test_from_the_form_to_the_files_with_the_real_search(visit: Visit, village: str) -> None:
    """Nothing stands in for the service here."""
    page = visit.page
    page.fill("#place", village)
    page.fill("#days", "3")
    page.fill("#day-from", "6")
    page.fill("#day-to", "16")
    page.fill("#date", "2026-07-04")
    page.click("#go")
    page.wait_for_selector(".days")
    assert page.locator(".heading h2").inner_text().endswith(f"of 3 days near {village}")
    table = page.locator(".card.chosen .days")
    lengths = [float(cell.inner_text().split()[-2]) for cell in table.locator('.figures td[data-label="Length"]').all()]
    assert len(lengths) == 3
    assert 6 <= lengths[1] <= 16
    assert max(lengths) <= 16, "the first and the last day may be shorter"
    assert "Sat 4 Jul" in table.inner_text()
    assert page.locator(".night").count() >= 1
    assert page.locator(".daymark").all_inner_texts() == ["1", "2", "3"]
    assert min(pixels(page, "day-1", "day-2", "day-3")) > 50

    with page.expect_download() as download:
        page.locator(".card.chosen").get_by_text("GPX by days").click()
    tracks = gpxpy.parse(Path(download.value.path()).read_text()).tracks
    assert [track.length_2d() / 1000 for track in tracks] == pytest.approx(lengths, abs=0.1)
    with page.expect_download() as download:
        page.locator(".card.chosen .button", has_text="GPX").click()
    [track] = gpxpy.parse(Path(download.value.path()).read_text()).tracks
    assert track.length_2d() / 1000 == pytest.approx(sum(lengths), abs=0.2)

    link, shown = page.url, page.locator("#results").inner_text()
    page.goto(link)
    page.wait_for_selector(".days")
    assert page.locator("#results").inner_text() == shown
    assert [page.input_value(f"#{name}") for name in ("days", "day-from", "day-to", "date")] == [
        "3", "6", "16", "2026-07-04",
    ]  # fmt: skip


# --- the form -----------------------------------------------------------------------------------------------------


def test_one_day_is_asked_for_as_ever(desk: Visit) -> None:
    page = desk.page
    asked = answer_with(page, TREK)
    assert page.locator("#hike").is_visible()
    assert page.locator("#day-from, #camps, #rest").first.is_hidden()
    ask_for_days(page, "1")
    assert asked == [{"location": "Ellerring", "drive_km": 20, "hike_km": 12, "alternatives": 3}]


def test_several_days_are_asked_for_by_the_day(visit: Visit) -> None:
    page = visit.page
    asked = answer_with(page, TREK)
    page.fill("#days", "5")
    assert page.locator("#hike").is_hidden()
    assert page.locator("#tolerance").is_hidden()
    assert page.locator("#days-hint").inner_text() == "4 nights"
    assert page.locator("#day-hint").inner_text().startswith("50 to 100 km in all")  # 5 x 10 to 5 x 20
    page.click("#more summary")
    page.fill("#rest", "1")
    page.select_option("#first", "0.5")
    assert page.locator("#day-hint").inner_text().startswith("35 to 70 km in all")  # 3.5 walking days
    page.select_option("#last", "0.5")
    page.select_option("#camps", "designated")
    page.fill("#date", "2026-07-04")
    page.fill("#day-ascent", "900")
    page.fill("#dry", "8")
    page.fill("#detour", "250")
    assert page.locator("#wishes").inner_text() == "6 set"
    ask_for_days(page, "5")
    assert asked == [
        {
            "location": "Ellerring", "drive_km": 20, "alternatives": 3, "days": 5, "day_km": [10, 20], "rest_days": 1,
            "first_day": 0.5, "last_day": 0.5, "camps": "designated", "date": "2026-07-04", "max_day_ascent_m": 900,
            "max_dry_km": 8, "max_camp_detour_m": 250,
        }
    ]  # fmt: skip
    ask_for_days(page, "1")
    assert asked[1] == {
        "location": "Ellerring", "drive_km": 20, "hike_km": 12, "alternatives": 3, "date": "2026-07-04",
    }, "what belongs to several days is not asked for with one"  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "sent"),
    [
        ("day_miles", {"day_miles": [6, 12]}),
        ("day_hours", {"day_hours": [5, 7]}),
        ("hike_km", {"hike_km": 45}),  # 3 days of 15 km
        ("hike_miles", {"hike_miles": 27}),  # 3 days of 9 miles
    ],
)
def test_another_unit_brings_what_is_usual_in_it(desk: Visit, unit: str, sent: dict[str, object]) -> None:
    page = desk.page
    asked = answer_with(page, TREK)
    page.fill("#days", "3")
    page.select_option("#day-unit", unit)
    ask_for_days(page, "3")
    assert asked == [{"location": "Ellerring", "drive_km": 20, "alternatives": 3, "days": 3, **sent}]
    assert ("mi" in page.locator(".days tfoot").inner_text()) is unit.endswith("miles")


def test_a_window_the_wrong_way_round_is_told_before_it_is_asked(desk: Visit) -> None:
    page = desk.page
    asked = answer_with(page, TREK)
    page.fill("#place", "Ellerring")
    page.fill("#days", "3")
    page.fill("#day-from", "20")
    page.fill("#day-to", "10")
    page.click("#go")
    assert page.locator("#day-error").inner_text() == "10 is less than 20: say the shorter first."
    page.fill("#day-to", "")
    page.fill("#day-from", "")
    page.click("#go")
    assert page.locator("#day-error").inner_text() == "Say how far you want to walk."
    assert asked == []


@pytest.mark.parametrize("way", [{}, {"rest_days": [2, 4]}, {"day_km": "6-12"}, {"first_day": 0.25}])
def test_a_link_brings_all_fields_back(desk: Visit, address: str, way: dict[str, object]) -> None:
    import base64

    page = desk.page
    linked = {**ASKED, "max_day_ascent_m": 900, "max_dry_miles": 4, "max_camp_detour_m": 100, "last_day": 0.5, **way}
    name = base64.urlsafe_b64encode(json.dumps(linked).encode()).decode().rstrip("=") + "~00"
    asked = answer_with(page, TREK.replace(json.loads(TREK)["id"], name))
    page.goto(f"{address}/?trip={name}")
    page.wait_for_selector(".days")
    shown = {
        name: page.input_value(f"#{name}")
        for name in ("days", "day-from", "day-to", "day-unit", "camps", "date", "rest", "first", "last", "day-ascent")
    }
    assert shown == {
        "days": "5", "day-from": "6", "day-to": "12", "day-unit": "day_km", "camps": "dispersed", "date": "2026-07-03",
        "rest": "" if isinstance(linked["rest_days"], list) else "1", "first": "" if way.get("first_day") else "0.5",
        "last": "0.5", "day-ascent": "900",
    }  # fmt: skip
    assert [page.input_value(f"#{name}") for name in ("dry", "dry-unit", "detour")] == ["4", "max_dry_miles", "100"]
    page.click("#go")
    page.wait_for_selector(".days")
    assert asked == [{**linked, "day_km": [6, 12]}]


# --- the answer ---------------------------------------------------------------------------------------------------


def test_the_table_tells_day_by_day(visit: Visit) -> None:
    page = visit.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    assert page.locator(".heading h2").inner_text() == "1 trip of 5 days near Ellerring"
    days = json.loads(TREK)["features"][0]["properties"]["days"]
    rows = page.locator(".days .figures")
    assert rows.count() == 5
    for i, day in enumerate(days):
        text = rows.nth(i).inner_text()
        if day["rest"]:
            assert "Rest at Ambembrel Refuge" in text
        else:
            assert f"{day['length_m'] / 1000:.1f} km" in text
            assert f"{day['ascent_m']} m" in text
        assert f"{3 + i} Jul" in text
    totals = page.locator(".days tfoot").inner_text()
    for figure in ("36.1 km", "2,605 m", "18 h 24", "4 nights", "8.0 km"):  # 9.8 + 8.2 + 9.5 + 8.6 km
        assert figure in totals
    page.locator(".days summary").first.click()
    first = page.locator(".days tbody").first.inner_text()
    for said in ("150 m off the trail", "bear cables", "backcountry_camps.geojson 17, of 12 Jan 2017"):
        assert said in first
    assert "Fill up: stream · not all year · next in 4.2 km" in first
    assert "Permit: A permit is needed" in first
    assert "start at Poskembrel Tarn" in first
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_each_day_has_its_colour_and_its_number_on_the_map(visit: Visit) -> None:
    page = visit.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    *days, water = pixels(page, "day-1", "day-2", "day-3", "day-4", "day-5", "water")
    assert [count > 50 for count in days] == [True, True, False, True, True], "day 3 is a rest"
    assert water > 50
    assert page.locator(".daymark").all_inner_texts() == ["1", "2", "4", "5"]
    assert page.locator(".night").all_inner_texts() == ["1", "2–3", "4"]
    assert page.locator("#chart canvas").is_visible()


def test_pointing_at_a_day_brings_it_forward_and_a_click_goes_there(desk: Visit) -> None:
    page = desk.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    [before] = pixels(page, "day-2")
    row = page.locator('tbody[data-day="2"] .figures')
    row.hover()
    assert "looked-at" in (page.get_attribute('tbody[data-day="2"]', "class") or "")
    page.wait_for_timeout(100)
    forward, other = pixels(page, "day-2", "day-1")
    assert forward > 1.2 * before, "wider"
    assert other < 20, "pale"
    row.click()
    page.wait_for_timeout(600)
    page.mouse.move(5, 5)
    page.wait_for_timeout(100)
    assert pixels(page, "day-2")[0] > 1.4 * before, "nearer"
    page.get_by_role("button", name="Show all days").click()
    page.wait_for_timeout(600)
    page.mouse.move(5, 5)
    page.wait_for_timeout(100)
    assert pixels(page, "day-1")[0] > 50


def test_days_by_keyboard(desk: Visit) -> None:
    page = desk.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    zoomed_out = page.locator(".label").all_inner_texts()
    page.mouse.move(900, 200)  # a row that scrolls under the mouse is pointed at, too
    page.get_by_role("button", name="Show day 4 on the map").focus()
    assert "looked-at" in (page.get_attribute('tbody[data-day="4"]', "class") or "")
    page.keyboard.press("Enter")
    page.wait_for_timeout(800)
    assert page.locator(".label").all_inner_texts() != zoomed_out
    camp = page.get_by_role("button", name="Ambembrel Refuge, nights 2–3")
    camp.focus()
    assert "Ambembrel Refuge" in page.locator(".leaflet-tooltip").inner_text()


def test_the_profile_tells_the_day(desk: Visit) -> None:
    page = desk.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    page.focus("#chart")
    page.keyboard.press("End")
    # the last day is 8.6 km long, and all of it 36.1 km
    assert page.locator("#readout").inner_text().startswith("day 5: 8.6 km · 36.1 km · ")
    page.keyboard.press("Home")
    assert page.locator("#readout").inner_text().startswith("day 1: 0.0 km · 0.0 km · ")


def test_another_unit_rewrites_the_table(desk: Visit) -> None:
    page = desk.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    page.select_option("#day-unit", "day_miles")
    assert "22.5 mi" in page.locator(".days tfoot").inner_text()  # 36.134 km
    assert page.input_value("#day-from") == "6"


def test_files_in_one_track_or_by_days(desk: Visit) -> None:
    page = desk.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    links = {link.inner_text(): link.get_attribute("href") or "" for link in page.locator(".actions a").all()}
    assert links["GPX"].endswith(".gpx?rank=1")
    assert links["GPX by days"].endswith(".gpx?rank=1&tracks=days")
    assert links["KML"].endswith(".kml?rank=1")


def test_more_days_than_colours_are_marked(desk: Visit) -> None:
    """Day 7 has the colour of day 1 again, with a paler middle."""
    page = desk.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    [plain] = pixels(page, "day-1")
    document = json.loads(TREK)
    for day in document["features"][0]["properties"]["days"]:
        day["day"] += 6
    page.unroute("**/v1/trips")
    answer_with(page, json.dumps(document))
    ask_for_days(page, "5")
    assert page.locator(".daymark").all_inner_texts() == ["7", "8", "10", "11"]
    assert 0.5 * plain < pixels(page, "day-1")[0] < 0.95 * plain


# --- the calendar -------------------------------------------------------------------------------------------------


def test_what_is_closed_and_one_click_to_a_better_date(desk: Visit) -> None:
    page = desk.page
    asked = answer_with(page, TREK)
    ask_for_days(page, "5")
    calendar = page.locator(".calendar")
    calendar.locator("summary").click()
    text = calendar.inner_text()
    assert "2 ways are closed while you walk: 3.6 km" in text
    assert "Two Valleys Walk · 3.2 km · closed for elk calving, 15 May to 14 July" in text
    assert "A way without a name · 0.4 km · on days 4–5 · bridge out" in text
    calendar.get_by_text("Ask for 15 Jul 2026 – opens Two Valleys Walk, 3.2 km").click()
    page.wait_for_function("document.querySelector('#date').value === '2026-07-15'")
    page.wait_for_selector("#results[aria-busy=false]")
    assert asked[1] == {**asked[0], "date": "2026-07-15"}


def test_the_calendar_of_one_day(desk: Visit, village: str) -> None:
    page = desk.page

    def with_calendar(route: Route) -> None:
        response = route.fetch()
        note = "Without a date only what is open all year is walked."
        route.fulfill(response=response, json={**response.json(), "calendar": {"date": None, "note": note}})

    page.route("**/v1/trips", with_calendar)
    desk.plan(village, "10")
    assert page.locator(".calendar").inner_text() == "Without a date only what is open all year is walked."
    assert page.locator(".days").count() == 0


# --- when there is none -------------------------------------------------------------------------------------------

PROBLEM = {
    "title": "No such loop",
    "status": 409,
    "detail": "night 2 has no camp in reach: the nearest is 24.1 km on, a day may have 20 km",
    "obstacle": {"night": 2, "day": 3, "shortest_m": 24100.0},
    "relax": [
        {
            "field": "days",
            "value": 4,
            "why": "4 days instead of 3",
            "trip": {
                "length_m": 52000.0,
                "days": [
                    {"length_m": 14000.0, "camp": "Lawn Lake"},
                    {"length_m": 12000.0, "camp": "Tileston Meadows"},
                    {"length_m": 26000.0, "camp": None},
                ],
                "trailhead": "Lawn Lake Trailhead",
            },
        },
        {"field": "day_km", "value": [10, 25], "why": "up to 25 km a day", "trip": None},
    ],
}


def test_what_would_help_tells_the_trip_it_gives(desk: Visit) -> None:
    page = desk.page
    asked = answer_with(page, json.dumps(PROBLEM), status=409)
    ask_for_days(page, "3")
    ways = page.locator(".suggestion").all_inner_texts()
    assert ways == [
        "4 days instead of 3\n52.0 km in 3 days from Lawn Lake Trailhead: "
        "14.0 km to Lawn Lake, 12.0 km to Tileston Meadows, 26.0 km",
        "Up to 25 km a day",
    ]
    page.locator(".suggestion").nth(1).click()
    page.wait_for_function("document.querySelector('#day-to').value === '25'")
    page.locator(".suggestion").nth(0).click()
    page.wait_for_function("document.querySelector('#days').value === '4'")
    page.wait_for_selector("#results[aria-busy=false]")
    assert [(a["days"], a["day_km"]) for a in asked] == [(3, [10, 20]), (3, [10, 25]), (4, [10, 25])]


def test_wrong_values_are_marked_at_the_fields_of_the_days(desk: Visit) -> None:
    page = desk.page
    errors = [
        {"field": "day_km", "detail": "is [10, 200], want two numbers from 1 to 80"},
        {"field": "rest_days", "detail": "is 9, want at most 3"},
        {"field": "max_dry_km", "detail": "is 0.1, want a number from 1 to 100"},
        {"field": "date", "detail": 'is "2026-02-30", want a date like 2026-07-04'},
    ]
    answer_with(page, json.dumps({"title": "Wrong", "status": 422, "errors": errors}), status=422)
    ask_for_days(page, "5")
    for field in ("day", "rest_days", "dry", "date"):
        assert page.locator(f'[data-field="{field}"] .wrong').inner_text() != "", field
    assert page.evaluate("document.activeElement.id") == "day-from"


# --- for everybody ------------------------------------------------------------------------------------------------


def test_texts_of_an_answer_stay_texts(desk: Visit) -> None:
    """Whatever stands in names, rules and sources never becomes HTML, nor an address a script."""
    page = desk.page
    evil = '<img src=x onerror="document.body.dataset.hacked=1">'
    document = json.loads(TREK)

    def spoil(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: spoil(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [spoil(v, key) for v in value]
        spoilt = ("name", "text", "why", "source", "note", "opens", "trails", "capacity", "food storage")
        return f"{evil}{value}" if key in spoilt and isinstance(value, str) else value

    answer_with(page, json.dumps(spoil(document)))
    ask_for_days(page, "5")
    for summary in page.locator(".days summary, .calendar summary").all():
        summary.click()
    page.locator(".night").first.hover()
    assert evil in page.locator(".leaflet-tooltip").inner_text()
    assert page.evaluate("document.body.dataset.hacked") is None
    assert page.locator('img[src="x"]').count() == 0
    links = [link.get_attribute("href") or "" for link in page.locator(".days a").all()]
    refuge = "https://refuge.example/ambembrel"  # its website, and the source of a note
    assert links == ["https://park.example/permits", refuge, refuge], "the address of the rule about fires is a script"


def test_every_field_and_button_says_what_it_is(visit: Visit) -> None:
    page = visit.page
    answer_with(page, TREK)
    ask_for_days(page, "5")
    page.click("#more summary")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("input, select, button, [role=button]")]
            .filter((e) => e.offsetParent && !e.labels?.length && !e.ariaLabel && !e.title && !e.innerText?.trim())
            .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert painted(page, "loops") > 200
