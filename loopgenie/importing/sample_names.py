"""Names for places that do not exist."""

from __future__ import annotations

from random import Random


def _words(text: str, separator: str = " ") -> tuple[str, ...]:
    return tuple(text.split(separator))


_BEGINNINGS = _words(
    "All Amb Bell Brim Corr Dapp Dov Ebb Ell Fald Fenn Gimm Gorr Hesk Hull Ill Imm Jorr Kest Lorr Lumm Marr Mell Nimm "
    "Nett Orl Pell Posk Quill Rinn Ross Sarr Skell Tamm Thorr Timm Ull Vann Vess Wend Wimm Yarr Zell"
)
_ENDINGS = _words(
    "abble addow aggin amber andle annick arrow assel attow eddic elmin embrel ennow erring essick ettle ibble iffin "
    "illow immer innock irrel issop ittle obbin oddle olsey ommel onnet orrin osket uddle uffin umber unnow urlow uskin"
)

#: How each kind of place is called after its root.
_PATTERNS: dict[str, tuple[str, ...]] = {
    "town": ("{}",),
    "village": ("{}", "{}", "{}", "Saint {}", "Nether {}", "{} Bridge"),
    "hamlet": ("{}", "Little {}", "Upper {}", "{} Mill", "Old {}"),
    "locality": ("{} Meadows", "{} Clearing", "{} Bottom", "{} Moor", "{} Shoulder"),
    "peak": ("{} Pike", "{} Horn", "Mount {}", "{} Tooth", "{} Beacon", "{} Crown", "{} Knoll", "Great {}", "{} Top"),
    "pass": ("{} Pass", "{} Gap", "{} Saddle", "{} Notch"),
    "tarn": ("{} Tarn", "{} Pool", "Little {} Lake"),
    "lake": ("Lake {}", "{} Water", "{} Mere"),
    "hut": ("{} Hut", "{} Refuge", "{} Bothy"),
    "camp": ("{} Camp", "{} Meadow Camp"),
    "spring": ("{} Spring", "{} Well", "{} Fountain"),
    "viewpoint": ("{} Lookout", "{} Balcony", "{} View"),
    "car park": ("{} Car Park", "{} Bridge Car Park", "{} Sawmill Car Park"),
    "road end": ("{} Valley", "{} Head", "{} Glen"),
}
_TRAIL_FIRST = _words(
    "Bellwether,Bilberry,Blue Hare,Candle,Carters',Charcoal,Clockmaker's,Cloudberry,Cobbler's,Cuckoo,Dipper,Fiddler's,"
    "Foxglove,Gentian,Goatherds',Hay Sledge,Hermit's,Honey,Juniper,Kettle,Lantern,Larch,Marmot,Miller's,Mule,Nightjar,"
    "Owl Light,Pedlar's,Pinecone,Postman's,Quarrymen's,Raven,Salt,Shepherds',Silver Birch,Smugglers',Snowfinch,Spindle,"
    "Thimble,Tinker's,Two Valleys,Wagtail,Whistling,Widow's,Winter Milk,Woodcutters'",
    ",",
)
_TRAIL_LAST = ("Path", "Trail", "Way", "Walk")


class Names:
    """Coins names; no root and no trail name comes twice before all have been used.

    Parameters
    ----------
    rng : drawn from in the order of the calls.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._roots: list[str] = []
        self._trails: list[str] = []

    def place(self, kind: str) -> str:
        """A name for a place of a kind that `_PATTERNS` knows."""
        self._roots = self._roots or self._mixed([a + b for a in _BEGINNINGS for b in _ENDINGS])
        patterns = _PATTERNS[kind]
        return patterns[int(self._rng.random() * len(patterns))].format(self._roots.pop())

    def trail(self) -> str:
        """A name for a trail that is called after nothing on the map."""
        self._trails = self._trails or self._mixed([f"{a} {b}" for a in _TRAIL_FIRST for b in _TRAIL_LAST])
        return self._trails.pop()

    def _mixed(self, words: list[str]) -> list[str]:
        """In random order. `Random.shuffle` may differ between versions of Python, `random()` may not."""
        return [word for _, word in sorted((self._rng.random(), word) for word in words)]
