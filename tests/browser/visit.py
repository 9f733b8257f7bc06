"""A visit to the page in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Visit:
    """A page that is open, with everything that went wrong on it and every host it asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.wrong.append(str(e)))
        page.on("request", lambda r: self.hosts.add(urlsplit(r.url).netloc))

    def open(self, address: str) -> Visit:
        self.page.goto(address)
        self.page.wait_for_selector("body[data-ready][data-network]")
        return self

    def plan(self, place: str, hike: str) -> None:
        self.page.fill("#place", place)
        self.page.fill("#hike", hike)
        self.page.click("#go")
        self.page.wait_for_selector(".card")


def painted(page: Page, pane: str) -> int:
    """How many pixels of a canvas of the map have something on them."""
    return int(
        page.evaluate(
            """(pane) => {
                const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                let count = 0;
                for (let i = 3; i < data.length; i += 4) count += data[i] > 0;
                return count;
            }""",
            pane,
        )
    )
