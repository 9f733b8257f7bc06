"""Templates of CloudFormation, worked out for given parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("yaml", reason="needs the extra `deploy`")

from deploy.template import Template

TEXT = """
Parameters:
  Size: {Type: String, Default: small}
  Count: {Type: Number, Default: 2}
  Password: {Type: String, NoEcho: true, Default: ""}
  Name: {Type: String}
Mappings:
  Disk:
    small: {Gb: 8}
    "2": {Gb: 9}
Conditions:
  Large: !Equals [!Ref Size, large]
  Small: !Not [!Condition Large]
  Both: !And [!Condition Large, !Equals [!Ref Count, 2]]
  Either: !Or [!Condition Large, !Equals [!Ref Count, 2]]
Resources:
  Always:
    Type: A::B
    Properties:
      Name: !Sub "${Name}-${AWS::Region}-${Other.Arn}-${!Literal}"
      Other: !GetAtt Other.Arn
      Address: {"Fn::GetAtt": [Other, Endpoint.Address]}
      Joined: !Join ["-", [a, !Ref Size]]
      Part: !Select [1, !Split [",", "a,b"]]
      Gb: !FindInMap [Disk, !Ref Size, Gb]
      ByNumber: !FindInMap [Disk, !Ref Count, Gb]
      Missing: !FindInMap [Disk, huge, Gb]
      Chosen: !If [Large, 1, 2]
      Gone: !If [Large, 1, !Ref AWS::NoValue]
      Items: [kept, !If [Large, 1, !Ref AWS::NoValue]]
      Secret: !Ref Password
      With: !Sub ["${Host}:${Count}", {Host: !GetAtt Other.Host}]
  OnlyLarge: {Type: A::C, Condition: Large}
  OnlyBoth: {Type: A::C, Condition: Both}
  Other: {Type: A::D, Condition: Either}
"""


@pytest.fixture
def template(tmp_path: Path) -> Template:
    path = tmp_path / "template.yaml"
    path.write_text(TEXT)
    return Template.read(path)


def test_what_is_known_is_filled_in_and_the_rest_is_named(template: Template) -> None:
    always = template.resources({"Name": "n", "Password": "hush"}, region="mars-1")[0]
    assert always.kind == "A::B"
    assert always.properties == {
        "Name": "n-mars-1-<Other.Arn>-${Literal}",
        "Other": "<Other.Arn>",
        "Address": "<Other.Endpoint.Address>",
        "Joined": "a-small",
        "Part": "b",
        "Gb": 8,
        "ByNumber": 9,  # a number finds the key that is its text
        "Missing": "<Disk.huge.Gb>",
        "Chosen": 2,
        "Items": ["kept"],
        "Secret": "****",
        "With": "<Other.Host>:2",
    }


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["Always", "Other"]),
        ({"Size": "large"}, ["Always", "OnlyLarge", "OnlyBoth", "Other"]),
        ({"Size": "large", "Count": "3"}, ["Always", "OnlyLarge", "Other"]),
        ({"Count": "3"}, ["Always"]),
    ],
)
def test_only_resources_whose_condition_holds_are_made(
    template: Template, given: dict[str, str], names: list[str]
) -> None:
    assert [one.name for one in template.resources({"Name": "n", **given})] == names


def test_parameters_that_are_not_there_or_missing_are_named(template: Template) -> None:
    with pytest.raises(KeyError, match="Colour: no parameter"):
        template.resources({"Name": "n", "Colour": "red"})
    with pytest.raises(KeyError, match="Name: parameter without a value"):
        template.resources({})
