"""An AWS account: the session, the tags, and what goes wrong at AWS in one line each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import loopgenie
from deploy.command import Failed, WrongUse

#: Tags on everything that is made; `down` and the bill find it by them.
TAG = "loopgenie"


@dataclass(frozen=True)
class Cloud:
    """Who asks, and where. `client("s3")` and the like speak to one service."""

    session: Any
    region: str

    def client(self, service: str) -> Any:
        """A client of boto3; what it raises becomes one line within `plainly`."""
        return self.session.client(service, region_name=self.region)

    @cached_property
    def account(self) -> str:
        """The number of the account."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov."""
        return str(self.session.get_partition_for_region(self.region))


def connect(region: str | None = None) -> Cloud:
    """Look for credentials and a region, and ask AWS who we are.

    Raises
    ------
    WrongUse : there is no boto3, there are no credentials, no region, or AWS does not take them.
    """
    try:
        import boto3
    except ImportError:
        raise WrongUse("needs the extra `deploy`: pip install 'loopgenie[deploy]'") from None
    with plainly():
        session = boto3.Session(region_name=region)
        where = region or session.region_name or os.environ.get("AWS_REGION")
        if not where:
            raise WrongUse("which AWS region? Say --region eu-central-1 (or the like) or set AWS_REGION")
        known = {r for p in session.get_available_partitions() for r in session.get_available_regions("ec2", p)}
        if where not in known:
            raise WrongUse(f"{where} is no AWS region, want one such as us-east-1 or eu-central-1")
        if session.get_credentials() is None:
            raise WrongUse(
                "there are no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE or "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        cloud = Cloud(session, where)
        _ = cloud.account  # an expired login is found now, not after minutes of building
        return cloud


def tags(target: str, name: str) -> dict[str, str]:
    """The tags of everything that belongs to a deployment."""
    return {
        TAG: name,
        f"{TAG}:target": target,
        f"{TAG}:version": loopgenie.__version__,
    }


def tag_list(pairs: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most of AWS wants them."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


#: What AWS calls it -> what to do. {message} is AWS's own sentence.
_WRONG_USE = {
    "ExpiredToken": "the AWS credentials have expired: log in again",
    "ExpiredTokenException": "the AWS credentials have expired: log in again",
    "RequestExpired": "the AWS credentials have expired, or this machine's clock is wrong",
    "InvalidClientTokenId": "AWS does not know these credentials, or the region is not enabled for the account",
    "UnrecognizedClientException": "AWS does not know these credentials, or the region is not enabled for the account",
    "SignatureDoesNotMatch": "AWS does not take these credentials: the secret key is wrong",
    "AuthFailure": "AWS does not take these credentials, or the region is not enabled for the account",
    "OptInRequired": "the region is not enabled for this account: {message}",
    "AccessDenied": "these credentials may not do that: {message}",
    "AccessDeniedException": "these credentials may not do that: {message}",
    "UnauthorizedOperation": "these credentials may not do that: {message}",
    "BucketAlreadyExists": "the name is taken by somebody else, choose another --name: {message}",
    "AlreadyExistsException": "the name is taken, choose another --name: {message}",
    "RepositoryAlreadyExistsException": "the name is taken, choose another --name: {message}",
    "EntityAlreadyExists": "the name is taken, choose another --name: {message}",
}
_QUOTA = ("LimitExceeded", "QuotaExceeded", "TooManyRequestsException", "VcpuLimitExceeded", "AddressLimitExceeded")


@contextmanager
def plainly() -> Iterator[None]:
    """Turn what boto3 raises inside into `WrongUse` or `Failed` with one line.

    Raises
    ------
    WrongUse : the credentials, the region or a name are not right.
    Failed : AWS does not answer, or cannot.
    """
    try:
        from botocore import exceptions
        from botocore.parsers import ResponseParserError  # an answer that is none of AWS's, of a proxy say
    except ImportError:
        raise WrongUse("needs the extra `deploy`: pip install 'loopgenie[deploy]'") from None
    try:
        yield
    except exceptions.ClientError as error:
        raise _explained(error) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise WrongUse(f"there are no AWS credentials that work: {error}") from error
    except exceptions.ProfileNotFound as error:
        raise WrongUse(f"{error}; AWS_PROFILE names it") from error
    except (exceptions.TokenRetrievalError, exceptions.SSOError) as error:
        raise WrongUse(f"the AWS login has expired: {error}") from error
    except (exceptions.HTTPClientError, exceptions.EndpointConnectionError) as error:
        raise Failed(f"AWS does not answer (is the region right, and this machine online?): {error}") from error
    except (exceptions.BotoCoreError, ResponseParserError) as error:
        raise Failed(f"AWS: {error}") from error


def _explained(error: Any) -> WrongUse | Failed:
    code, message = code_of(error), " ".join(error.response["Error"].get("Message", "").split())
    if code in _WRONG_USE:
        return WrongUse(_WRONG_USE[code].format(message=message))
    if any(code.startswith(word) or code.endswith(word) for word in _QUOTA):
        return Failed(f"a quota of the account is used up ({code}): {message}; ask for more in Service Quotas")
    return Failed(f"AWS {error.operation_name}: {message or code} ({code})")


def code_of(error: Any) -> str:
    """AWS's own name of a `ClientError`."""
    return str(error.response["Error"].get("Code", ""))
