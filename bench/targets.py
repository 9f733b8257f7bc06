"""The deployment targets side by side, from what their tests have measured.

    make test-docker PYTEST_ADDOPTS=--junitxml=docker.xml
    make test-deploy PYTEST_ADDOPTS=--junitxml=deploy.xml
    python -m bench.targets docker.xml deploy.xml --output bench/results/VERSION/targets.md [--note TEXT]

A test records a figure with pytest's `record_property("TARGET FIGURE", value)`; the names are in `FIGURES` and
`TARGETS`. A figure that no test has recorded is shown as missing, never filled in. Everything is measured on local
stand-ins: containers on one machine, no cloud.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.report import markdown_table
from solver.measuring import about

TARGETS = {
    "compose": "one machine (compose)",
    "swarm": "swarm",
    "ec2": "EC2",
    "lambda": "Lambda",
    "fargate": "Fargate",
}
FIGURES = {
    "package_mib": "package, MiB",
    "package_s": "seconds to package",
    "healthy_s": "cold start: from nothing running to healthy, s",
    "first_trip_s": "first trip, s",
    "warm_p50_ms": "a real trip, warm, p50, ms",
    "warm_p95_ms": "a real trip, warm, p95, ms",
    "again_p50_ms": "the same trip again, p50, ms",
    "update_failed": "failed requests during an update",
    "kill_failed": "failed requests when the app is killed",
    "rollback_failed": "failed requests while a bad version comes and goes",
    "made": "resources made",
    "left": "resources left after `down`",
}

#: target -> figure -> as it was recorded
Recorded = Mapping[str, Mapping[str, str]]


def recorded(files: Iterable[Path]) -> Recorded:
    """The figures in reports of pytest (JUnit XML); of a module in which a test failed there are none.

    Raises
    ------
    ValueError : a figure is unknown or was recorded twice.
    """
    found: dict[str, dict[str, str]] = {target: {} for target in TARGETS}
    for file in files:
        cases = list(ET.parse(file).getroot().iter("testcase"))
        failed = {c.get("classname") for c in cases if c.find("failure") is not None or c.find("error") is not None}
        for case in cases:
            for one in case.iter("property") if case.get("classname") not in failed else ():
                target, _, figure = one.get("name", "").partition(" ")
                if target not in TARGETS:
                    continue
                if figure not in FIGURES or figure in found[target]:
                    raise ValueError(
                        f"{file}: {one.get('name')!r} is {'there twice' if figure in FIGURES else 'unknown'}"
                    )
                found[target][figure] = one.get("value", "")
    return found


def table(figures: Recorded) -> str:
    """A row for each figure, a column for each target."""
    head = ["", *TARGETS.values()]
    rows = [[label, *(figures[t].get(key, "—") for t in TARGETS)] for key, label in FIGURES.items()]
    return markdown_table(head, rows)


def page(figures: Recorded, note: str) -> str:
    """The table with where and when."""
    origin = about()
    made = "Made by `python -m bench.targets` from the tests in `tests/docker` and `tests/deploy`."
    where = f"{origin['date'][:10]}, commit {origin['commit']}, {origin['cores']} cores of {origin['cpu']}"
    return "\n".join(
        [
            "# The targets side by side, on local stand-ins\n",
            f"{where}. {made} {note}".rstrip(),
            "",
            table(figures),
            "",
            "Containers on one machine stand in for the clouds: real cold starts, balancers and networks are slower.",
            "",
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Read the reports and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.targets", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("reports", nargs="+", type=Path, metavar="JUNIT.xml")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.md")
    parser.add_argument("--note", default="", metavar="TEXT", help="what a reader should know about this run")
    arguments = parser.parse_args(argv)
    try:
        text = page(recorded(arguments.reports), arguments.note)
    except (OSError, ValueError, ET.ParseError) as error:
        print(f"targets: {error}", file=sys.stderr)
        return 2
    arguments.output.write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
