"""Make the picture of the README: ask a running LoopGenie for a trip and photograph its page.

usage: python tools/picture.py URL FILE.jpg [--place Ordino] [--drive-km 25] [--hike-km 25] [--dark]

Needs the extra `browser` and Chromium. The page shows the attribution of its data, and so does the picture.
"""

from __future__ import annotations

import argparse
import json
import os
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright


def planned(url: str, place: str, drive_km: float, hike_km: float) -> str:
    """Plan the trip and return the id under which the page shows it again."""
    body = {"location": place, "drive_km": drive_km, "hike_km": hike_km, "alternatives": 1, "time_limit_s": 5}
    request = urllib.request.Request(f"{url}/v1/trips", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(json.load(response)["id"])


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--place", default="Ordino")
    parser.add_argument("--drive-km", type=float, default=25)
    parser.add_argument("--hike-km", type=float, default=25)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    trip = planned(options.url.rstrip("/"), options.place, options.drive_km, options.hike_km)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("LOOPGENIE_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(
            viewport={"width": 1280, "height": 800}, color_scheme="dark" if options.dark else "light"
        )
        page.goto(f"{options.url.rstrip('/')}/?trip={trip}")
        page.wait_for_selector(".card")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1500)
        page.screenshot(path=options.file, type="jpeg", quality=82)
        browser.close()


if __name__ == "__main__":
    main()
