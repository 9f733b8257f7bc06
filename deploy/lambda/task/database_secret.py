"""The address of the database, read at a cold start from where secrets are kept, so that it stands in no setting.

`boto3` is in Lambda's runtime, not in the package, and is imported only when a secret is asked for.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

PARAMETER = "ssm:"


def database_url(name: str) -> str:
    """The database URL kept under a name.

    Parameters
    ----------
    name : the ARN of a secret of Secrets Manager, or `ssm:NAME` of a parameter of SSM's Parameter Store. It holds
        a URL, or JSON as RDS writes it (username, password, host, port, dbname).

    Raises
    ------
    RuntimeError : it cannot be read, or holds neither; the message names it, never what it holds.
    """
    text = _parameter(name) if name.startswith(PARAMETER) else _secret(name)
    try:
        return url_of(text)
    except ValueError as error:
        raise RuntimeError(f"the secret {name} {error}") from None


def url_of(text: str) -> str:
    """The database URL that a secret's text stands for.

    Raises
    ------
    ValueError : it stands for none.
    """
    text = text.strip()
    if not text.startswith("{"):
        if not text.startswith(("postgresql://", "postgres://")):
            raise ValueError("holds no database URL, want postgresql://USER:PASSWORD@HOST:PORT/DATABASE or JSON")
        return text
    try:
        parts = json.loads(text)
        user, password, host = parts["username"], parts["password"], parts["host"]
    except (KeyError, ValueError, TypeError):
        raise ValueError("is JSON without username, password and host") from None
    place = f"{host}:{parts.get('port', 5432)}/{parts.get('dbname') or 'loopgenie'}"
    return f"postgresql://{quote(str(user), safe='')}:{quote(str(password), safe='')}@{place}"


def _secret(name: str) -> str:
    client = _client("secretsmanager")
    return _read(name, lambda: client.get_secret_value(SecretId=name)["SecretString"])


def _parameter(name: str) -> str:
    client = _client("ssm")
    wanted = name.removeprefix(PARAMETER)
    return _read(name, lambda: client.get_parameter(Name=wanted, WithDecryption=True)["Parameter"]["Value"])


def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # a cold start may not hang: without a way to the service (a VPC without endpoint) it ends within init's 10 s
    return boto3.client(service, config=Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2}))


def _read(name: str, ask: Any) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(ask())
    except (BotoCoreError, ClientError, KeyError) as error:
        raise RuntimeError(f"the secret {name} cannot be read: {error}") from None
