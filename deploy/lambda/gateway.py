"""The CloudFormation template as a whole: the function from template.yml, the API in front of it from Zappa.

Zappa's own `deploy` would make the same API; but it makes the role, the bucket and the function outside of any stack,
and leaves them behind. In one stack all of it is made, changed and removed together, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deploy.command import WrongUse
from deploy.template import Template

from .packaging import STAGE

GATEWAYS = {"http": "an HTTP API", "rest": "a REST API", "url": "a function URL"}
_ARN = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${FunctionName}"
_SUFFIX = "execute-api.${AWS::Region}.${AWS::URLSuffix}"
_URLS: dict[str, Any] = {
    "http": {"Fn::Sub": f"https://${{ApiV2}}.{_SUFFIX}"},
    "rest": {"Fn::Sub": f"https://${{Api}}.{_SUFFIX}/{STAGE}"},
    "url": {"Fn::GetAtt": ["FunctionUrl", "FunctionUrl"]},
}


def template(function: str, parameters: Mapping[str, str]) -> Template:
    """The template for these parameters, with what they make and no more.

    Parameters
    ----------
    function : the function's name, which the API bears, too.
    parameters : all of the template's; `Gateway` says what is in front.

    Raises
    ------
    WrongUse : Zappa is not installed.
    """
    kind = parameters["Gateway"]
    read = Template.read(Path(__file__).with_name("template.yml"))
    known = {name: value for name, value in parameters.items() if name in read.body["Parameters"]}
    made = {one.name for one in read.resources(known)}
    body: dict[str, Any] = json.loads(json.dumps(read.body))
    body["Resources"] = {
        name: _unconditional(body["Resources"][name], made) for name in body["Resources"] if name in made
    }
    if kind != "url":
        body["Resources"] |= _api(kind, function)
    body["Outputs"]["Url"] = {"Value": _URLS[kind]}
    return Template(json.dumps(body, separators=(",", ":")), body)


def _unconditional(resource: dict[str, Any], made: set[str]) -> dict[str, Any]:
    """A resource whose condition holds, without it, waiting for no other that is not made."""
    needs = [name for name in resource.get("DependsOn", []) if name in made]
    return {key: value for key, value in resource.items() if key != "Condition"} | (
        {"DependsOn": needs} if needs else {}
    )


def _api(kind: str, function: str) -> dict[str, Any]:
    """Zappa's resources for an API, with what Zappa sets by calls afterwards put into the template."""
    try:
        import troposphere
        from zappa.core import Zappa
    except ImportError:
        raise WrongUse("needs the extra `deploy`: pip install 'loopgenie[deploy]'") from None
    zappa = Zappa(load_credentials=False, aws_region="us-east-1")
    # both are filled in by CloudFormation: the template is the same in every region and account
    zappa.boto_session = SimpleNamespace(region_name="${AWS::Region}")
    zappa.credentials_arn = troposphere.Ref("AWS::NoValue")  # a permission of the function does, no role is needed
    made = zappa.create_stack_template(
        lambda_arn=_ARN,
        lambda_name=function,
        api_key_required=False,
        iam_authorization=False,
        authorizer=None,
        description="LoopGenie",
        endpoint_configuration=["REGIONAL"],
        apigateway_version="v2" if kind == "http" else "v1",
        stage_name="$default",
    )
    resources: dict[str, Any] = _substituted(json.loads(made.to_json())["Resources"])
    for one in resources.values():
        if one["Type"] in ("AWS::ApiGatewayV2::Integration", "AWS::ApiGateway::Method", "AWS::Lambda::Permission"):
            one["DependsOn"] = "Function"  # they name it by its ARN, in which CloudFormation sees no reference
    if kind == "rest":
        # GPX files and compressed answers reach the client as bytes
        resources["Api"]["Properties"]["BinaryMediaTypes"] = ["*/*"]
        methods = sorted(name for name, one in resources.items() if one["Type"] == "AWS::ApiGateway::Method")
        resources |= _answering(methods)
    return resources


def _answering(methods: list[str]) -> dict[str, Any]:
    """What makes a REST API answer: a deployment of its methods, a stage, and the right to call the function."""
    source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"
    return {
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": methods,
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {"RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": STAGE},
        },
        "ApiInvokePermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]},
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": source},
            },
        },
    }


def _substituted(value: Any) -> Any:
    """Texts with ${…} as CloudFormation wants them, and Zappa's ARNs for any partition."""
    if isinstance(value, dict):
        return {key: _substituted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item) for item in value]
    if not isinstance(value, str):
        return value
    text = value.replace("arn:aws:", "arn:${AWS::Partition}:")
    return {"Fn::Sub": text} if "${" in text else text
