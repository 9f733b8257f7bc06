"""The secrets of a stack: made once from random numbers, handed to the swarm, and known to nobody after that.

They belong to the database on the volume, whose users have these passwords, so they stay as long as it does.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from deploy.command import WrongUse
from deploy.swarm.engine import Engine

_LABEL = "org.loopgenie.database"


def names(stack: str, *, own_database: bool) -> list[str]:
    """The names of the secrets of a stack."""
    own = ["database_owner_password", "database_reader_password"] if own_database else []
    return [f"{stack}_{name}" for name in (*own, "database_owner_url", "database_url", "cache_access", "cache_url")]


def make(stack: str, *, database_url: str = "", owner_url: str = "") -> dict[str, str]:
    """New secrets by name.

    Parameters
    ----------
    database_url : of a database that is there already; empty: the stack has its own.
    owner_url : the same as a user who may make the tables; empty: as the app.
    """
    owner, reader, cache = (secrets.token_hex(24) for _ in range(3))
    made = {
        "cache_access": f"requirepass {cache}\n",  # a line of Redis' configuration
        "cache_url": f"redis://:{cache}@redis:6379/0",
    }
    if database_url:
        made |= {"database_url": database_url, "database_owner_url": owner_url or database_url}
    else:
        made |= {
            "database_owner_password": owner,
            "database_reader_password": reader,
            "database_owner_url": f"postgresql://loopgenie:{owner}@db:5432/loopgenie",
            "database_url": f"postgresql://loopgenie_app:{reader}@db:5432/loopgenie",
        }
    return {f"{stack}_{name}": value for name, value in made.items()}


def has_own_database(engine: Engine, stack: str, *, wanted: bool) -> bool:
    """Whether a stack has a database of its own: as it was made, else as it is wanted.

    Raises
    ------
    WrongUse : it has one and a URL was given.
    """
    there = engine.inspect("secret", f"{stack}_database_url")
    made = there[0]["Spec"].get("Labels", {}).get(_LABEL) if there else None
    if made == "own" and not wanted:
        raise WrongUse(
            f"the stack {stack} has a database of its own: leave --database-url-file out, or `down --volumes` first"
        )
    return wanted if made is None else made == "own"


def ensure(engine: Engine, stack: str, *, own_database: bool, database_url: str = "", owner_url: str = "") -> bool:
    """See to it that the swarm has all secrets of a stack; True where they are new.

    Raises
    ------
    WrongUse : some are lost, and the database knows them.
    """
    wanted = names(stack, own_database=own_database)
    there = [one["Spec"]["Name"] for one in engine.inspect("secret", *wanted)]
    if set(there) == set(wanted):
        return False
    if there:
        _remove_leftovers(engine, stack, there)
    if not own_database and not database_url:
        raise WrongUse(f"the secrets of the stack {stack} are lost: give --database-url-file again")
    for name, value in make(stack, database_url=database_url, owner_url=owner_url).items():
        # not the label of the stack: whatever carries that is removed with it
        labels = (
            "--label",
            f"org.loopgenie.deployment={stack}",
            "--label",
            f"{_LABEL}={'own' if own_database else 'url'}",
        )
        engine.run("secret", "create", *labels, name, "-", secret=value)
    return True


def remove(engine: Engine, stack: str) -> list[str]:
    """Remove the secrets of a stack; returns their names."""
    words = ("secret", "ls", "--filter", f"label=org.loopgenie.deployment={stack}", "--format", "{{.Name}}")
    there = engine.run(*words).split()
    if there:
        engine.run("secret", "rm", *there)
    return there


def _remove_leftovers(engine: Engine, stack: str, there: Sequence[str]) -> None:
    """Remove a set that was never whole; once a database was made with it, that would lock everybody out."""
    if engine.inspect("volume", f"{stack}_database") or engine.names("service", stack):
        raise WrongUse(
            f"some secrets of the stack {stack} are lost (there are only {', '.join(sorted(there))}), and its database "
            "knows their passwords: back it up, take it `down --volumes`, and restore"
        )
    engine.run("secret", "rm", *there)
