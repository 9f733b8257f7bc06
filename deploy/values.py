"""What an option's value may be: types for argparse, each of which says what would be right."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterable


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number between two, both included."""

    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"is {text!r}, want a whole number from {low} to {high}")
        return int(text)

    return number


def number(low: float, high: float, example: str) -> Callable[[str], float]:
    """A number between two, both included; the example stands in the complaint."""

    def value(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not low <= found <= high:
            raise argparse.ArgumentTypeError(f"is {text!r}, want a number from {low:g} to {high:g} such as {example}")
        return found

    return value


def one_of(numbers: Iterable[int]) -> Callable[[str], int]:
    """One of some whole numbers."""
    words = [str(number) for number in numbers]

    def number(text: str) -> int:
        if text not in words:
            raise argparse.ArgumentTypeError(f"is {text!r}, want one of {', '.join(words)}")
        return int(text)

    return number


def like(pattern: str | re.Pattern[str], example: str) -> Callable[[str], str]:
    """A text of which all matches a pattern; the example stands in the complaint."""

    def words(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"is {text!r}, want {example}")
        return text

    return words


def or_none(value: Callable[[str], object]) -> Callable[[str], object]:
    """The same, or `none`, which becomes an empty text: it takes back what was said before."""
    return lambda text: "" if text == "none" else value(text)
