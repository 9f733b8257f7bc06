"""What a command would make, change or remove, and what that costs, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from deploy.prices import Cost, total


@dataclass(frozen=True)
class Resource:
    """A thing in the cloud or on a host.

    Parameters
    ----------
    kind : its type, such as AWS::EC2::Instance.
    name : what it is called in the template or on the host.
    properties : all that is set, as far as it is known before it is made.
    """

    kind: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What one command would do.

    Parameters
    ----------
    title : one line: what, under which name, where.
    resources : what is made, or, for `down`, taken away.
    steps : what is done, in order.
    costs : a month of doing nothing, in US dollars.
    per_million : what a million requests cost on top.
    notes : what the operator should know before saying yes.
    """

    title: str
    resources: Sequence[Resource] = ()
    steps: Sequence[str] = ()
    costs: Sequence[Cost] = ()
    per_million: Sequence[Cost] = ()
    notes: Sequence[str] = ()
    sign: str = "+"

    def text(self) -> str:
        """All of it."""
        parts = [self.title]
        if self.steps:
            parts += ["", "steps:", *(f"  {n}. {step}" for n, step in enumerate(self.steps, 1))]
        if self.resources:
            parts += ["", f"{len(self.resources)} resources:"]
            for resource in self.resources:
                parts.append(f"  {self.sign} {resource.kind}  {resource.name}")
                if resource.properties:
                    text = yaml.safe_dump(dict(resource.properties), sort_keys=False, allow_unicode=True, width=120)
                    parts += [f"      {line}" for line in text.rstrip().splitlines()]
        if costs := self.costs_text():
            parts += ["", costs]
        return "\n".join(parts) + "\n"

    def costs_text(self) -> str:
        """The estimate of the costs, and the notes."""
        lines = []
        if self.costs:
            lines.append(f"estimated cost of a month without traffic: {total(self.costs):.2f} USD")
            lines += [f"  {cost.usd:8.2f}  {cost.what}" for cost in self.costs]
        if self.per_million:
            lines.append(f"and of a million trips: {total(self.per_million):.2f} USD")
            lines += [f"  {cost.usd:8.2f}  {cost.what}" for cost in self.per_million]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)
