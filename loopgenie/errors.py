"""Everything that can go wrong, each with its HTTP status.

* LoopGenieError            500
  - BadInput                400   a file or body that is not what it says it is (command line: exit 2)
  - InvalidParameters       422   a parameter is missing, unknown or out of range
  - PlaceNotFound           404   carries near matches
  - NotFound                404   no such trip
  - NoLoopInReach           409   carries why, and what to relax
  - Busy                    503   with Retry-After
  - TrailsUnavailable       503   the database does not answer or holds no trails
    - DatabaseFault         503   names the file for the operator; the web is not told
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class LoopGenieError(Exception):
    """Base of all errors that are told to a user: one clear sentence, no traceback."""

    status = 500
    slug = "internal"
    title = "Something went wrong on our side"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def public_detail(self) -> str:
        """What strangers are told."""
        return self.detail

    def members(self) -> Mapping[str, object]:
        """Further members of the problem document (RFC 9457, section 3.2)."""
        return {}


class BadInput(LoopGenieError):
    """A file or a body is not what it says it is."""

    status = 400
    slug = "bad-input"
    title = "That cannot be read"


class InvalidParameters(LoopGenieError):
    """A parameter is missing, unknown or out of range; `errors` maps a field to what is wrong with it."""

    status = 422
    slug = "invalid-parameters"
    title = "A parameter is missing, unknown or out of range"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {what}" for name, what in errors.items()))
        self.errors = dict(errors)

    def members(self) -> Mapping[str, object]:
        """The errors by field."""
        return {"errors": [{"field": name, "detail": what} for name, what in self.errors.items()]}


class NotFound(LoopGenieError):
    """There is no such thing."""

    status = 404
    slug = "not-found"
    title = "There is no such thing"


class PlaceNotFound(NotFound):
    """No place of that name; `near_matches` are names that exist."""

    slug = "place-not-found"
    title = "No such place"

    def __init__(self, detail: str, near_matches: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.near_matches = tuple(near_matches)

    def members(self) -> Mapping[str, object]:
        """The near matches."""
        return {"near_matches": list(self.near_matches)}


class NoLoopInReach(LoopGenieError):
    """There is no loop of that length; says why and what to relax.

    `nearest_lengths_m` are lengths of loops that do exist; `relax` are changes to the request that would help, each
    `{"field": …, "value": …, "why": …}`, of several days with the `trip` that it would give; they are told with the
    fields to leave out for them (`instead_of`). `obstacle` tells which night or day of several is in the way. It is
    `lasting` where asking again would tell the same.
    """

    status = 409
    slug = "no-loop"
    title = "No loop of that length in reach"

    def __init__(
        self,
        detail: str,
        *,
        nearest_lengths_m: Sequence[float] = (),
        relax: Sequence[Mapping[str, object]] = (),
        proven: bool = False,
        obstacle: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.obstacle = obstacle
        self.nearest_lengths_m = tuple(nearest_lengths_m)
        self.relax = tuple(relax)
        self.proven = proven
        self.lasting = True

    def members(self) -> Mapping[str, object]:
        """Why, and what to relax."""
        members: dict[str, object] = {
            "nearest_lengths_m": list(self.nearest_lengths_m),
            "relax": [{**r, "instead_of": _instead_of(r["field"])} for r in self.relax],
            "proven": self.proven,
        }
        return members if self.obstacle is None else {**members, "obstacle": self.obstacle}


#: Fields of a request of which it may have one: whoever asks with another one has to leave the first one out.
_ONE_OF = (
    ("hike_km", "hike_miles", "day_km", "day_miles", "day_hours"),
    ("drive_km", "drive_miles", "drive_minutes"),
    ("days", "nights"),
    ("max_dry_km", "max_dry_miles"),
)


def _instead_of(field: object) -> list[str]:
    """The fields that a change to this one stands in for."""
    return [other for group in _ONE_OF if field in group for other in group if other != field]


class Busy(LoopGenieError):
    """Too much to do right now; come back in `retry_after_s` seconds."""

    status = 503
    slug = "busy"
    title = "Busy"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TrailsUnavailable(LoopGenieError):
    """The trail database does not answer or holds no trails."""

    status = 503
    slug = "trails-unavailable"
    title = "The trail database cannot be reached"
    retry_after_s = 5


class DatabaseFault(TrailsUnavailable):
    """The database does not answer; the detail says where it lies and what is wrong with it."""

    @property
    def public_detail(self) -> str:
        """Nothing of where files lie on the server."""
        return "The trail database does not answer; the log of the service says why."
