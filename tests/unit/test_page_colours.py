"""The colours of the days: told apart by everybody, on both backgrounds.

Colours as eyes without one kind of cone see them are simulated after Machado, Oliveira and Fernandes (2009), "A
physiologically-based model for simulation of color vision deficiency", severity 1; differences are distances in
CIE L*a*b* (1976), where about 2.3 can just be noticed side by side; contrast is that of WCAG 2.
"""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

import loopgenie

CSS = (Path(loopgenie.__file__).parent / "web/static/loopgenie.css").read_text()

Rgb = tuple[float, float, float]

EYES: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def colours(theme: str) -> dict[str, str]:
    """The custom properties of a theme; the dark one stands in the first block for the dark."""
    light, dark = CSS.split("@media (prefers-color-scheme: dark)", 1)
    block = light if theme == "light" else dark[: dark.index("\n}\n")]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def linear(colour: str) -> Rgb:
    """Linear light of #rrggbb (sRGB, IEC 61966-2-1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return r, g, b


def luminance(light: Rgb) -> float:
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted(luminance(linear(c)) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, eyes: str) -> Rgb:
    """L*a*b* (D65) of a colour as such eyes see it."""
    light = linear(colour)
    r, g, b = (min(1.0, max(0.0, sum(m * v for m, v in zip(row, light, strict=True)))) for row in EYES[eyes])

    def root(t: float) -> float:
        return t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116

    x = root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047)
    y = root(luminance((r, g, b)))
    z = root((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_black_white_and_a_known_pair() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert lab("#ffffff", "all cones") == pytest.approx((100, 0, 0), abs=0.02)
    # red and a dark green of about the same lightness to who has no green cones
    assert math.dist(lab("#c2410c", "no green"), lab("#7a5a00", "no green")) < 15
    assert math.dist(lab("#c2410c", "all cones"), lab("#7a5a00", "all cones")) > 40


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_days_can_be_told_apart(theme: str, eyes: str) -> None:
    found = colours(theme)
    days = [lab(found[f"day-{n}"], eyes) for n in range(1, 7)]
    assert min(math.dist(a, b) for a, b in combinations(days, 2)) > 15
    # the next day goes on where one ends, and the seventh looks like the first
    assert min(math.dist(a, b) for a, b in zip(days, days[1:] + days[:1], strict=True)) > 25


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_days_stand_out_from_the_paper_and_carry_a_number(theme: str) -> None:
    found = colours(theme)
    for n in range(1, 7):
        assert contrast(found[f"day-{n}"], found["paper"]) >= 3, n  # WCAG 1.4.11
        assert contrast(found[f"day-{n}"], found["card"]) >= 4.5, n  # WCAG 1.4.3
