"""A target whose delays and faults are known: `python known_target.py` prints its port and serves until it is ended.

`/TEST/HOW/v1/trips`: the second part of a path says how it behaves, and each test has a memory of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import os
import random
import sys
from collections import Counter

from aiohttp import web

CONSTANT_S = 0.1
EXPONENTIAL_MEAN_S = 0.4
EXPONENTIAL_COUNT = 100
STALL_AFTER_S, STALL_S, ELSE_S = 1.5, 2.0, 0.2
POPULAR = 3  # requests that come before those which are measured
TRIPS_BEFORE_DEATH = 8

#: Of 100 delays the one at rank r is the quantile r / 100 of an exponential distribution; the last one is cut.
exponential = [
    -EXPONENTIAL_MEAN_S * math.log(1 - min(rank, EXPONENTIAL_COUNT - 0.5) / EXPONENTIAL_COUNT)
    for rank in range(1, EXPONENTIAL_COUNT + 1)
]
random.Random(1).shuffle(exponential)
asked: Counter[str] = Counter()
began: dict[str, float] = {}
fresh: Counter[str] = Counter()
kept: set[tuple[str, int, int]] = set()


def loop_of(wish: dict, **changes: object) -> dict:
    line = [[0, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]]
    properties = {"score": 900 * wish["hike_km"], "length_m": 1000 * wish["hike_km"], "repeat_share": 0.0}
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "geometry": {"type": "LineString", "coordinates": changes.pop("line", line)},
                "properties": properties | changes,
            }
        ],
    }


def answer(document: object, **headers: str) -> web.Response:
    body = gzip.compress(json.dumps(document).encode(), mtime=0)
    headers = {"Content-Encoding": "gzip", "x-length": str(len(body)), **headers}
    # aiohttp leaves a body alone that says how it is coded
    return web.Response(body=body, content_type="application/geo+json", headers=headers)


def problem(status: int, title: str, detail: str) -> web.Response:
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
    return web.Response(status=status, text=body, content_type="application/problem+json")


async def trailheads(request: web.Request) -> web.StreamResponse:
    match request.match_info["how"]:
        case "moved":
            raise web.HTTPFound(f"{request.path.replace('moved', 'constant')}?bbox=-180,-90,180,90")
        case "deep":
            return web.Response(text="[" * 100_000)
        case "huge-number":
            return web.Response(text='{"features": [{"geometry": {"coordinates": [1' + 400 * "0" + ", 45]}}]}")
        case "half":
            return await cut(request)
        case "drips":
            slow = web.StreamResponse()
            await slow.prepare(request)
            for _ in range(50):
                await slow.write(b" ")
                await asyncio.sleep(0.1)
            return slow
        case "endless":
            return await large(request)
    places = [{"geometry": {"coordinates": [lon / 10, 45.0, 800.0]}} for lon in range(30)]
    listed = places[::-1] if request.match_info["how"] == "reversed" else places
    return web.json_response({"data": {"snapshot": "known"}, "features": listed})


async def cut(request: web.Request) -> web.StreamResponse:
    """Less than it says, and the connection is closed."""
    whole = web.StreamResponse(headers={"Content-Length": "1000"})
    await whole.prepare(request)
    await whole.write(b"{")
    request.transport.abort()
    return whole


async def large(request: web.Request) -> web.StreamResponse:
    """40 MB: more than anybody should read."""
    whole = web.StreamResponse()
    await whole.prepare(request)
    for _ in range(40):
        await whole.write(b" " * 1_000_000)
    return whole


async def renew(request: web.Request) -> web.Response:
    key = request.path.rsplit("/", 1)[0]
    fresh[key] += 1
    asked[key] = 0
    return web.Response()


def origin_of(key: str, unit: int, wish: dict) -> str:
    """Where a unit has an answer from, that keeps each for good."""
    found = (key, unit, wish["seed"])
    origin = "memory" if found in kept else "solved"
    kept.add(found)
    return origin


async def count(request: web.Request) -> web.Response:
    return web.Response(text=str(asked[request.path.rsplit("/", 1)[0]]))


async def trip(request: web.Request) -> web.StreamResponse:
    how, wish, key = request.match_info["how"], await request.json(), request.path.removesuffix("/v1/trips")
    asked[key] += 1
    number = asked[key] - POPULAR  # of those which are measured, from 1
    now = asyncio.get_running_loop().time()
    if number == 1:
        began[key] = now
    if how.startswith("units-"):
        unit = asked[key] % int(how.removeprefix("units-"))
        origin = origin_of(key, unit, wish)
        return answer(loop_of(wish), **{"Server-Timing": f'app;desc="{unit}", answer;desc="{origin}"'})
    match how:
        case "forgets":
            return answer(loop_of(wish), **{"Server-Timing": 'answer;desc="solved"'})
        case "constant":
            await asyncio.sleep(CONSTANT_S)
        case "exponential" if number > 0:
            await asyncio.sleep(exponential[(number - 1) % EXPONENTIAL_COUNT])
        case "stall" if number > 0:
            into = now - began[key] - STALL_AFTER_S
            await asyncio.sleep(ELSE_S if into < 0 or into >= STALL_S else STALL_S - into)
        case "dies" if number > TRIPS_BEFORE_DEATH:
            os._exit(0)
        case "hangs" if number > 2:
            await asyncio.sleep(60)
        case "fails":
            # the number differs each time, the error does not
            return problem(500, "Internal Server Error", f"request {number} went wrong")
        case "half-a-character":
            return problem(503, "Busy", "\ud800")
        case "no-number":
            return answer(loop_of(wish, score=math.nan))
        case "deep":
            return web.Response(text="[" * 100_000)
        case "html":
            page = "<html><title>504</title><h1>Gateway   Time-out</h1></html>"
            return web.Response(status=504, text=page, content_type="text/html")
        case "no-loop":
            return problem(409, "No loop", "of that length in reach")
        case "garbage":
            return web.Response(text="<p>Hello</p>", content_type="text/html")
        case "broken-gzip":
            return web.Response(body=b"\x1f\x8b nothing", headers={"Content-Encoding": "gzip"})
        case "open":
            return answer(loop_of(wish, line=[[0, 0], [0, 1], [1, 1], [0, 0.1]]))
        case "short":
            return answer(loop_of(wish, length_m=1000 * wish["hike_km"] * (1 - wish["tolerance"]) - 2))
        case "half":
            return await cut(request)
        case "huge-number":
            text = json.dumps(loop_of(wish, score=1)).replace('"score": 1', '"score": 1' + 400 * "0")
            return web.Response(text=text)
        case "huge-share":
            return answer(loop_of(wish, repeat_share=1e308))
        case "endless":
            return await large(request)
        case "bomb":
            bomb = gzip.compress(b" " * 40_000_000)
            return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})
        case "wild-timing":
            timing = "solve;dur=nan, wait;dur=-5, total;dur=inf, db;dur=2"
            return answer(loop_of(wish), **{"Server-Timing": timing, "x-standin-init-ms": "nan"})
        case "cookie":
            if "seen" in request.cookies:
                return problem(400, "Known", "you have been here before")
            kind = answer(loop_of(wish))
            kind.set_cookie("seen", "yes", path="/")
            return kind
        case "cold":
            app = f'app;desc="{fresh[key]}", answer;desc="{origin_of(key, fresh[key], wish)}", '
            first = 'cold;desc="first";dur=3.0, ' if asked[key] == 1 else ""
            await asyncio.sleep(0.1 if first else 0.02)
            headers = {
                "Server-Timing": f"{first}{app}solve;dur=12.5, wait;dur=0.0, total;dur=20.0",
                "x-standin-init-ms": "80.5",
                "x-standin-sandbox": "a-b",
            }
            return answer(loop_of(wish), **headers)
        case "worth":
            # 5200 m for 5000 m
            return answer(loop_of(wish, score=4800.0, length_m=1040 * wish["hike_km"], repeat_share=0.01))
    return answer(loop_of(wish))


async def serve() -> None:
    app = web.Application()
    app.router.add_get("/{test}/{how}/v1/trailheads", trailheads)
    app.router.add_post("/{test}/{how}/v1/trips", trip)
    app.router.add_get("/{test}/{how}/renew", renew)
    app.router.add_get("/{test}/{how}/asked", count)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # its end is ours


if __name__ == "__main__":
    asyncio.run(serve())
