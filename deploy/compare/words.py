"""How figures read: times, money, shares, amounts, and what a target is made of."""

from __future__ import annotations

import math

from deploy.setup import Ec2, Lambda, Setup

#: What stands where nothing is known.
NOTHING = "–"


def time(ms: float | None) -> str:
    """Milliseconds to three digits, in the unit that suits: 8.5 ms, 850 ms, 1.02 s, 15 min."""
    if ms is None:
        return NOTHING
    if float(f"{ms:.3g}") < 1000:
        return f"{_digits(ms)} ms"
    return f"{_digits(ms / 1000)} s" if ms < 600_000 else f"{_digits(ms / 60_000)} min"


def quantile(ms: float | None, failed: float) -> str:
    """A quantile over all requests: its time, or that it failed; `failed` is how many or which share of them did."""
    return "failed" if ms is None and failed else time(ms)


def usd(amount: float | None) -> str:
    """US dollars with cents; from a thousand on without."""
    if amount is None:
        return NOTHING
    return f"{amount:,.2f}" if abs(amount) < 999.995 else f"{amount:,.0f}"


def share(value: float | None) -> str:
    """A part of one in percent: 0 %, 0.03 %, 12.5 %; a small one is never rounded to none, nor nearly all to all."""
    if value is None:
        return NOTHING
    percent = 100 * value
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.99 < percent < 100:
        return "> 99.99 %"
    return f"{percent:.2f}".rstrip("0").rstrip(".") + " %"


def deviation(value: float | None) -> str:
    """A part of one with its sign: +3.1 %."""
    return NOTHING if value is None else f"{round(100 * value, 1) + 0.0:+.1f} %"  # + 0.0: there is no -0.0


def amount(number: float | None) -> str:
    """A number of requests to two digits: 950, 3.9 million."""
    if number is None:
        return NOTHING
    rounded = float(f"{number:.2g}")
    return f"{rounded / 1e6:g} million" if rounded >= 1e6 else f"{rounded:,.0f}"


def number(value: float | None) -> str:
    """Any other figure, to three digits."""
    return NOTHING if value is None else _digits(value)


def setup(made_of: Setup | None) -> str:
    """What is bought, in one line."""
    if made_of is None:
        return "not said"
    if isinstance(made_of, Ec2):
        said = f"EC2, one {made_of.instance}, {made_of.searches} searches at once"
    elif isinstance(made_of, Lambda):
        front = {"http": "an HTTP API", "rest": "a REST API", "url": "a function URL"}[made_of.gateway]
        said = f"Lambda, {made_of.memory_mb} MB, {made_of.arch}, behind {front}" + (", NAT" if made_of.nat else "")
        said += f", at most {made_of.concurrency} sandboxes" if made_of.concurrency != Lambda.concurrency else ""
    else:
        said = (
            f"Fargate, {made_of.min_tasks} to {made_of.max_tasks} tasks of {made_of.cpu / 1024:g} processor and "
            f"{made_of.memory_mb / 1024:g} GB, {made_of.arch}"
        )
    return said + (f", database {made_of.database}" if made_of.database else "")


def _digits(value: float) -> str:
    """Three digits, without the zeros that say nothing, and never as 1e+03."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(float(f"{value:.3g}")))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
