"""The trips that every target is asked for: the same ones, in the same order, each with a number.

A mix of what people ask: a short loop from here, a long one, one from any trailhead in reach as the page asks for it,
and one that was asked before. All but the last are new to everybody, so that they are searched for and not kept
answers; each takes the time that a search is given (a second), on a slow processor as on a fast one, which shows in
how good the loops are. Only a search that proves its loop the best, as of many a short trip, ends before, and sooner on
a fast processor.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

from deploy.command import Failed
from deploy.compare.exchange import TIMEOUT_S, Unanswered, Unreadable, exchange, session, short

#: The share of each kind of trip. An assumption: nobody has counted yet.
MIX: Mapping[str, float] = MappingProxyType({"short": 0.3, "long": 0.25, "area": 0.25, "again": 0.2})
#: What is asked for. The first two take what is within a third of the length, so that there is nearly always a loop;
#: the third is what the page asks for, with its tolerance of a tenth.
WISHES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "short": {"drive_km": 10, "hike_km": 5, "tolerance": 0.3},
        "long": {"drive_km": 20, "hike_km": 25, "tolerance": 0.3},
        "area": {"drive_km": 50, "hike_km": 15, "tolerance": 0.1, "alternatives": 3},
    }
)
#: Within so many wishes, one after the other, each kind has just its share, and comes once among the first ones.
BLOCK = 20
#: So many trips are asked for over and over again, as popular ones are.
POPULAR = 3

_PLACES = 1000
_SEEDS = 2**53  # seeds of a trip are below


@dataclass(frozen=True)
class Wish:
    """One trip to be asked for.

    Parameters
    ----------
    number : in the run; the same number is the same trip at every target.
    kind : one of `record.KINDS`.
    body : what is sent.
    """

    number: int
    kind: str
    body: Mapping[str, object]

    @property
    def hike_m(self) -> float:
        """The length asked for."""
        return 1000 * float(str(self.body["hike_km"]))

    @property
    def window_m(self) -> tuple[float, float]:
        """The shortest and the longest loop that is a right answer."""
        tolerance = float(str(self.body["tolerance"]))
        return self.hike_m * (1 - tolerance), self.hike_m * (1 + tolerance)


@dataclass(frozen=True)
class Trips:
    """An endless list of wishes, the same for the same places and seed.

    Parameters
    ----------
    places : (lon, lat) of trailheads in degrees.
    seed : of the run; another one makes trips that were never asked for.
    data : id of the trails that these places are of; targets with another one have other trails.
    """

    places: tuple[tuple[float, float], ...]
    seed: int
    data: str = ""

    def __post_init__(self) -> None:
        if not self.places:
            raise ValueError("there are no trailheads to ask for trips from; import trails first")

        if not all(map(math.isfinite, chain.from_iterable(self.places))):
            raise ValueError("a trailhead is at a place that is no number")

    def __iter__(self) -> Iterator[Wish]:
        """All of them, from number 0 on."""
        number = 0
        while True:
            yield self.wish(number)
            number += 1

    def wish(self, number: int, kind: str = "") -> Wish:
        """The wish of a number: of the mix, or of this kind."""
        kind = kind or self._kind(number)
        if kind == "again":
            popular = self.popular[number % POPULAR]
            return Wish(number, kind, popular.body)
        return Wish(number, kind, self._body(kind, f"{number}"))

    @property
    def popular(self) -> tuple[Wish, ...]:
        """The trips that are asked for over and over: to be asked for once before the measurement begins."""
        kinds = list(WISHES)
        return tuple(
            Wish(number, "again", self._body(kinds[number % len(kinds)], f"popular {number}"))
            for number in range(POPULAR)
        )

    def _kind(self, number: int) -> str:
        block, position = divmod(number, BLOCK)
        dice = random.Random(f"{self.seed} kinds {block}")
        # one of each first, so that a few wishes have all of them
        first, rest = list(MIX), [kind for kind, share in MIX.items() for _ in range(round(share * BLOCK) - 1)]
        dice.shuffle(first)
        dice.shuffle(rest)
        return [*first, *rest][position]

    def _body(self, kind: str, name: str) -> dict[str, object]:
        dice = random.Random(f"{self.seed} {name}")
        lon, lat = dice.choice(self.places)
        return {"location": {"lon": lon, "lat": lat}, **WISHES[kind], "seed": dice.randrange(_SEEDS)}


def wishes(url: str, seed: int, *, timeout_s: float = TIMEOUT_S) -> Trips:
    """The trips to ask a target for, from the trailheads that it has.

    Raises
    ------
    Failed : it does not say which trailheads it has, or has none.
    """
    return asyncio.run(_wishes(url, seed, timeout_s))


async def _wishes(url: str, seed: int, timeout_s: float) -> Trips:
    address = f"{url.rstrip('/')}/v1/trailheads?bbox=-180,-90,180,90&limit={_PLACES}"
    try:
        async with session() as through:
            answer = await exchange(through, address, timeout_s=timeout_s)
        if answer.status != 200:
            raise Failed(f"{url} does not say which trailheads it has: HTTP {answer.status}")
        found = json.loads(answer.text())
        places = {tuple(map(float, one["geometry"]["coordinates"][:2])) for one in found["features"]}
        return Trips(tuple((lon, lat) for lon, lat in sorted(places)), seed, str(found["data"]["snapshot"]))
    except Unanswered as why:
        raise Failed(f"{url} does not answer: {why}") from None
    except (Unreadable, ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise Failed(f"{url} is no LoopGenie with trails: {short(str(error))}") from None
