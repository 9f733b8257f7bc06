"""From the name of a town to a position: the gazetteer behind the points of the trail data."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopgenie.addresses import Address, readings, without_umlauts
from loopgenie.errors import InvalidParameters, PlaceNotFound
from loopgenie.geometry import LonLat
from loopgenie.places import GeocoderSilent, Located, from_outside, locate, near_matches, suggestions
from loopgenie.store import Point, Town, TrailStore
from loopgenie.store.sqlite import SqliteStore

CREDIT = "Towns: drawn by hand"

#: Name, region, codes, (lon, lat), people. The trail data is drawn at (10, 0).
TOWNS = tuple(
    Town(name, region, codes, lon, lat, people)
    for name, region, codes, lon, lat, people in [
        ("Paris", "Île-de-France, France", "FR FRA", 2.35, 48.85, 2_138_551),
        ("Paris", "Texas, United States", "TX US USA", -95.56, 33.66, 24_782),
        ("Paris", "Ontario, Canada", "ON CA CAN", -80.38, 43.2, 12_310),
        ("Boulder", "Colorado, United States", "CO US USA", -105.27, 40.01, 106_803),
        ("Boulder", "Montana, United States", "MT US USA", -112.12, 46.24, 1207),
        ("Boulder", "Western Australia, Australia", "WA AU AUS", 121.49, -30.78, 4870),
        ("Neustadt", "Hamburg, Germany", "DE DEU Deutschland", 9.99, 53.55, 12_689),
        ("Neustadt", "Saxony, Germany", "Sachsen DE DEU Deutschland", 14.22, 51.02, 2386),
        ("Munich", "Bavaria, Germany", "Bayern DE DEU Deutschland", 11.58, 48.14, 1_505_005),
        ("München", "Munich, Bavaria, Germany", "Bayern DE DEU Deutschland", 11.58, 48.14, 1_505_005),
        ("Ordino", "Andorra", "AD AND", 10.001, 0.001, 3066),
        ("Chamonix-Mont-Blanc", "France", "FR FRA", 6.87, 45.92, 10_614),
        ("Canillo", "Elsewhere", "EW", 50.0, 0.0, 900),
        ("Grünau", "Austria", "AT AUT", 13.95, 47.85, 2100),
    ]
)


@pytest.fixture(scope="module")
def store(draw, tmp_path_factory):  # type: ignore[no-untyped-def]
    """A village that is a town of the gazetteer, a hamlet that only has the name of one, and a wood."""
    drawing = draw()
    drawing.point(0, 0, "village", "Ordino", 3000)
    drawing.point(1, 0, "locality", "Bosc de Canillo")
    drawing.point(2, 0, "locality", "Camí de Boulder")
    store = SqliteStore(str(tmp_path_factory.mktemp("towns") / "towns.db"))
    store.replace_region(drawing.region())
    store.replace_gazetteer(CREDIT, TOWNS)
    yield store
    store.close()


@pytest.fixture
def with_paris(draw, tmp_path):  # type: ignore[no-untyped-def]
    """Trails with a hamlet that is called as a large city is."""
    store = SqliteStore(str(tmp_path / "paris.db"))
    store.replace_region(draw().point(0, 0, "hamlet", "Paris", 12).region())
    store.replace_gazetteer(CREDIT, TOWNS)
    yield store
    store.close()


# --- a town by its name and region --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "region"),
    [
        ("Paris", "Île-de-France, France"),  # most people
        ("Paris, Texas", "Texas, United States"),
        ("Paris, TX", "Texas, United States"),
        ("paris, tx, usa", "Texas, United States"),
        ("Paris Texas", "Texas, United States"),
        ("Paris, United States", "Texas, United States"),
        ("Paris, Ontario, Canada", "Ontario, Canada"),
        ("Paris, Ile de France", "Île-de-France, France"),
        ("Boulder, CO", "Colorado, United States"),
        ("Boulder CO", "Colorado, United States"),
        ("Boulder, Colorado", "Colorado, United States"),
        ("Boulder, United States", "Colorado, United States"),
        ("Boulder, Western Australia", "Western Australia, Australia"),
        ("Boulder Western Australia", "Western Australia, Australia"),
        ("Neustadt, Germany", "Hamburg, Germany"),
        ("Neustadt, Deutschland", "Hamburg, Germany"),
        ("Neustadt, Sachsen", "Saxony, Germany"),
        ("Munich", "Bavaria, Germany"),
        ("München", "Munich, Bavaria, Germany"),
        ("munchen", "Munich, Bavaria, Germany"),
        ("Muenchen", "Munich, Bavaria, Germany"),  # no spelling of the gazetteer
        ("Muenchen, Bayern", "Munich, Bavaria, Germany"),
        ("Gruenau", "Austria"),
        ("Chamonix", "France"),  # the only one that begins so
    ],
)
def test_the_region_chooses_else_most_people(store: TrailStore, asked: str, region: str) -> None:
    found = locate(asked, store)
    assert (found.region, found.source, found.attribution) == (region, "gazetteer", (CREDIT,))


def test_a_town_tells_what_it_is_and_which_others_there_are(store: TrailStore) -> None:
    found = locate("Paris", store)
    assert found.at == LonLat(2.35, 48.85)
    assert (found.name, found.kind, found.label) == ("Paris", "city", "Paris (Île-de-France, France)")
    assert found.also == ("Paris, Texas, United States", "Paris, Ontario, Canada")
    assert [locate(other, store).region for other in found.also] == ["Texas, United States", "Ontario, Canada"]


def test_what_is_told_of_a_town_finds_it_again(store: TrailStore) -> None:
    for town in TOWNS:
        if town.name != "Ordino":  # that is drawn
            assert locate(f"{town.name}, {town.region}", store).at == (town.lon, town.lat)


# --- points of the trail data go first ----------------------------------------------------------------------------


def test_a_point_of_the_trail_data_goes_before_a_town(with_paris: TrailStore, on_map) -> None:
    found = locate("Paris", with_paris)
    assert (found.at, found.kind, found.source) == (on_map(0, 0), "hamlet", "trails")
    assert found.also[0] == "Paris, Île-de-France, France"
    assert found.attribution == (), "nobody's but that of the trails"


def test_a_region_means_the_town_that_is_there(with_paris: TrailStore) -> None:
    assert locate("Paris, France", with_paris).at == LonLat(2.35, 48.85)
    assert locate("Paris, Texas", with_paris).at == LonLat(-95.56, 33.66)


def test_of_a_town_that_is_drawn_the_drawing_is_taken(store: TrailStore, on_map) -> None:
    for asked in ("Ordino", "Ordino, Andorra", "Ordino AD"):
        assert locate(asked, store) == Located(on_map(0, 0), "Ordino", None, "village", "trails")


def test_a_region_that_nobody_knows_is_let_pass_for_a_point(store: TrailStore, on_map) -> None:
    assert locate("Ordino, the Valleys", store).at == on_map(0, 0)


def test_part_of_a_point_s_name_gives_way_to_a_town_where_many_live(store: TrailStore) -> None:
    assert locate("Boulder", store).region == "Colorado, United States"
    assert locate("Canillo", store).name == "Bosc de Canillo", "of 900 people few can have been meant"


def test_a_name_that_begins_a_drawn_town_means_it_unless_more_live_elsewhere(draw, tmp_path) -> None:
    drawing = draw().point(0, 0, "town", "Andorra la Vella", 22_000).point(1, 0, "hut", "Refugi Andorra")
    store = SqliteStore(str(tmp_path / "andorra.db"))
    store.replace_region(drawing.region())
    for people, name in [(7500, "Andorra la Vella"), (22_001, "Andorra")]:
        store.replace_gazetteer(CREDIT, [Town("Andorra", "Aragon, Spain", "ES", -0.45, 40.98, people)])
        assert locate("Andorra", store).name == name
    store.close()


# --- nobody knows it ----------------------------------------------------------------------------------------------


def test_a_town_in_another_region_is_proposed_not_taken(store: TrailStore) -> None:
    with pytest.raises(PlaceNotFound) as caught:
        locate("Paris, Colorodo", store)
    near = ("Paris, Île-de-France, France", "Paris, Texas, United States", "Paris, Ontario, Canada")
    assert caught.value.near_matches == near
    told = "no place named 'Paris, Colorodo' in the trail data or the gazetteer; did you mean Paris, Île-de-France"
    assert caught.value.detail.startswith(told)


def test_of_an_address_the_place_that_it_is_in_is_proposed(store: TrailStore) -> None:
    with pytest.raises(PlaceNotFound, match=r"did you mean Ordino") as caught:
        locate("Carrer Major 3, Ordino", store)
    assert caught.value.near_matches[0] == "Ordino"


def test_blanks_in_the_wrong_place_are_a_small_mistake(store: TrailStore) -> None:
    with pytest.raises(PlaceNotFound) as caught:
        locate("Bosc de Ca nillo", store)
    assert caught.value.near_matches[0] == "Bosc de Canillo"


@pytest.mark.parametrize(("misspelt", "near"), [("Boulderr", "Boulder"), ("Munnich", "Munich"), ("Ordno", "Ordino")])
def test_misspelt_towns_and_points_get_near_matches(store: TrailStore, misspelt: str, near: str) -> None:
    with pytest.raises(PlaceNotFound) as caught:
        locate(misspelt, store)
    assert caught.value.near_matches[0] == near


ANY_TEXT = st.one_of(
    st.text(max_size=60),
    st.text(string.ascii_letters + " ,-'", max_size=40),
    st.lists(st.sampled_from(["Paris", "TX", ",", "Boulder", "co", "ü", "42.5", "-", "Canillo"]), max_size=6).map(
        " ".join
    ),
)


@given(text=ANY_TEXT)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_place_or_is_not_found(store: TrailStore, text: str) -> None:
    with suppress(InvalidParameters, PlaceNotFound):
        assert locate(text, store).source in ("trails", "gazetteer", "position")
    assert len(near_matches(text, store)) <= 5
    for place in suggestions(text, store, 20):
        assert place.name


@given(text=ANY_TEXT)
def test_readings_take_words_from_the_text_only(text: str) -> None:
    whole, *others = readings(text)
    assert whole == Address(text)
    assert all(reading.name in text or "," not in text for reading in others)
    assert all(reading.regions for reading in others if not reading.sure)


def test_vowels_for_umlauts() -> None:
    assert [without_umlauts(text) for text in ("Muenchen", "AEsch", "Paris")] == ["munchen", "asch", None]


# --- somebody outside ---------------------------------------------------------------------------------------------


class Outside:
    """Knows one place and counts who asks."""

    def __init__(self, place: Located | None = None, why: str = "") -> None:
        self.place, self.why = place, why
        self.asked: list[str] = []

    def find(self, query: str) -> Located | None:
        self.asked.append(query)
        if self.why:
            raise GeocoderSilent(self.why)
        return self.place


INN = Located(LonLat(1.0, 2.0), "Inn", "Somewhere", None, "geocoder", (), ("© Others",))


def test_the_geocoder_is_asked_only_for_what_nobody_here_knows(store: TrailStore) -> None:
    outside = Outside(INN)
    for known in ("Ordino", "Paris, Texas", "42.5,1.5"):
        assert locate(known, store, outside).source != "geocoder"
    assert outside.asked == []
    assert locate("12 Inn Street", store, outside) == INN
    assert outside.asked == ["12 Inn Street"]


def test_a_geocoder_that_does_not_answer_is_told_with_the_near_matches(store: TrailStore) -> None:
    with pytest.raises(PlaceNotFound) as caught:
        locate("Boulderr", store, Outside(why="nothing within 2 s"))
    why = "and the geocoder did not answer (nothing within 2 s); did you mean Boulder or "
    assert caught.value.detail.startswith(f"no place named 'Boulderr' in the trail data or the gazetteer, {why}")


def test_a_geocoder_that_knows_nothing_is_no_fault(store: TrailStore) -> None:
    with pytest.raises(PlaceNotFound, match=r"in the trail data or the gazetteer$"):
        locate("Xyzzyx", store, Outside())


def test_only_what_the_geocoder_knows_depends_on_it(store: TrailStore) -> None:
    outside = Outside(INN)
    assert from_outside("Xyzzyx", store, outside) == INN
    assert from_outside("Ordino", store, outside) is None
    assert from_outside(LonLat(1.0, 1.0), store, outside) is None
    assert from_outside("Xyzzyx", store, None) is None


# --- suggestions --------------------------------------------------------------------------------------------------


def names(places: list[Point | Town]) -> list[str | None]:
    return [f"{p.name}, {p.region}" if isinstance(p, Town) else p.name for p in places]


def test_points_come_first_then_towns_each_once(store: TrailStore) -> None:
    assert names(suggestions("ord", store, 10)) == ["Ordino"], "the town of that name is the village that is drawn"
    # the wood, then the town of the same name, which is far from it
    assert names(suggestions("canillo", store, 10)) == ["Bosc de Canillo", "Canillo, Elsewhere"]
    assert len(suggestions("mun", store, 10)) == 1, "Munich and München are one town"


def test_a_region_may_be_typed_in_part(store: TrailStore) -> None:
    assert names(suggestions("Boulder, Col", store, 10)) == ["Boulder, Colorado, United States"]
    assert names(suggestions("Paris, United States", store, 10)) == ["Paris, Texas, United States"]


def test_near_matches_of_nothing(store: TrailStore) -> None:
    assert near_matches("", store) == near_matches(", ,", store) == []
