"""What an instance shall run: a release, its trails and its name, as a small file in the bucket that a shell reads."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Wanted:
    """What an instance shall run; `machine/install.sh` says the same of its variables.

    Parameters
    ----------
    release : the archive, a key in the bucket.
    database : sqlite, a file on the data volume; postgres, a server on the instance; secret, a URL that is secret.
    data : the trails, a key in the bucket (sqlite).
    secret : ARN of the secret with the URL (secret).
    domain : the host name to get a certificate for; empty: none.
    email : whom Let's Encrypt may write to.
    """

    release: str
    database: str = "sqlite"
    data: str = ""
    secret: str = ""
    domain: str = ""
    email: str = ""

    def text(self) -> str:
        """As the shell reads it."""
        return "".join(f"{one.name.upper()}={shlex.quote(getattr(self, one.name))}\n" for one in fields(self))


def parse(text: str) -> Wanted:
    """Read what `Wanted.text` wrote; what a later version may have added is left out."""
    known = {one.name for one in fields(Wanted)}
    pairs = (word.partition("=") for word in shlex.split(text))
    return Wanted(**{name.lower(): value for name, _, value in pairs if name.lower() in known})
