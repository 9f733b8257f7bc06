"""A CloudFormation template, read and worked out: what it makes for given parameters.

Only what is known before anything is made is filled in; what another resource will say stands as `<Name>`
or `<Name.Attribute>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.plan import Resource


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: !Ref, !Sub, !GetAtt and the like."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
_NOTHING = object()  # AWS::NoValue


@dataclass(frozen=True)
class Template:
    """A template: its text as it is sent, and what stands in it."""

    text: str
    body: Mapping[str, Any]

    @staticmethod
    def read(path: Path) -> Template:
        """A template from a YAML file."""
        return Template.parse(path.read_text("utf-8"))

    @staticmethod
    def parse(text: str) -> Template:
        """A template from its YAML."""
        return Template(text, yaml.load(text, _Loader))  # noqa: S506 - a safe loader with more tags

    def resources(
        self, parameters: Mapping[str, str], *, region: str = "<region>", stack: str = "<stack>"
    ) -> list[Resource]:
        """What is made for these parameters; defaults for those that are not given.

        Raises
        ------
        KeyError : a parameter is not the template's, or one without a default is missing.
        """
        known = self._parameters(parameters)
        pseudo = {"AWS::Region": region, "AWS::StackName": stack, "AWS::NoValue": _NOTHING}
        values = _Values(self.body, {**known, **pseudo})
        return [
            Resource(one["Type"], name, values.of(one.get("Properties", {})))
            for name, one in self.body["Resources"].items()
            if values.holds(one.get("Condition"))
        ]

    def _parameters(self, given: Mapping[str, str]) -> dict[str, Any]:
        known = self.body.get("Parameters", {})
        if strangers := set(given) - set(known):
            raise KeyError(f"{', '.join(sorted(strangers))}: no parameter of the template")
        values = {name: given.get(name, one.get("Default")) for name, one in known.items()}
        if missing := [name for name, value in values.items() if value is None]:
            raise KeyError(f"{', '.join(missing)}: parameter without a value")
        hidden = {name for name, one in known.items() if one.get("NoEcho")}
        return {name: "****" if name in hidden and value else value for name, value in values.items()}


class _Values:
    """Intrinsic functions worked out, for one set of parameters."""

    def __init__(self, body: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self._known = known
        self._conditions = body.get("Conditions", {})
        self._mappings = body.get("Mappings", {})

    def holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.of(self._conditions[condition]))

    def of(self, value: Any) -> Any:
        if isinstance(value, list):
            return [made for item in value if (made := self.of(item)) is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref":
                return self._reference(argument)
            if name == "Condition" and isinstance(argument, str) and argument in self._conditions:
                return self.holds(argument)
            if name.startswith("Fn::"):
                return self._function(name[4:], argument)
        made = {key: self.of(item) for key, item in value.items()}
        return {key: item for key, item in made.items() if item is not _NOTHING}

    def _reference(self, name: str) -> Any:
        return self._known.get(name, f"<{name}>")

    def _function(self, name: str, argument: Any) -> Any:
        if name == "If":
            return self.of(argument[1] if self.holds(argument[0]) else argument[2])
        if name == "Sub":
            return self._substituted(argument)
        if name == "GetAtt":
            return f"<{'.'.join(argument)}>"
        parts = self.of(argument)
        if name == "Equals":
            return str(parts[0]) == str(parts[1])
        if name == "Not":
            return not parts[0]
        if name in ("And", "Or"):
            return all(parts) if name == "And" else any(parts)
        if name == "Join":
            return parts[0].join(map(str, parts[1]))
        if name == "Select" and isinstance(parts[1], list):
            return parts[1][int(parts[0])]
        if name == "Split" and isinstance(parts[1], str):
            return parts[1].split(parts[0])
        if name == "FindInMap":
            return self._mappings[parts[0]].get(str(parts[1]), {}).get(parts[2], f"<{'.'.join(map(str, parts))}>")
        if name == "Base64":
            return parts  # as it is read, not as it is sent
        return f"<{name} {parts}>"

    def _substituted(self, argument: Any) -> str:
        text, more = (argument, {}) if isinstance(argument, str) else (argument[0], self.of(argument[1]))

        def one(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            return str(more.get(name, self._known.get(name, f"<{name}>")))

        return re.sub(r"\$\{([^}]+)\}", one, text)
