"""Frozen dataclasses as JSON values, and back."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

from deploy.setup import SETUPS, Setup

T = TypeVar("T")


def plain(value: Any) -> Any:
    """As JSON values; numbers that are not finite become None."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = {"kind": value.kind} if isinstance(value, Setup) else {}
        return kind | {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no infinity; what failed is None everywhere else, too
    return value


def restored(kind: type[T], value: object, where: str) -> T:
    """A dataclass from JSON values; what it does not know is left out, what is not given has its default.

    Parameters
    ----------
    kind : the dataclass.
    value : as `plain` made it.
    where : what to call it in a complaint.

    Raises
    ------
    ValueError : names the field and what it should be.
    """
    found: T = _value(kind, value, where)
    return found


def _value(kind: Any, value: Any, where: str) -> Any:
    if kind is Setup or kind == Setup | None:
        return None if value is None and kind != Setup else _setup(value, where)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _value(next(one for one in inner if one is not type(None)), value, where)
    if is_dataclass(kind):
        return _whole(typing.cast("type[Any]", kind), value, where)
    if origin is tuple and isinstance(value, list | tuple):
        if inner[-1] is Ellipsis:
            return tuple(_value(inner[0], one, f"{where}[{number}]") for number, one in enumerate(value))
        if len(value) == len(inner):
            return tuple(_value(one, part, where) for one, part in zip(inner, value, strict=True))
    elif origin not in (None, tuple) and isinstance(value, Mapping):
        return {str(name): _value(inner[1], one, f"{where}.{name}") for name, one in value.items()}
    elif kind is Any:
        return value
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif isinstance(kind, type) and origin is None and type(value) is kind:
        return value
    raise ValueError(f"{where} is {str(value)[:40]!r}, want {getattr(kind, '__name__', kind)}")


def _whole(cls: type[T], value: object, where: str) -> T:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} is {str(value)[:40]!r}, want an object with fields of {cls.__name__}")
    hints, known = typing.get_type_hints(cls), {}
    for one in fields(cls):  # type: ignore[arg-type]
        needed = one.default is MISSING and one.default_factory is MISSING
        if value.get(one.name) is not None:
            known[one.name] = _value(hints[one.name], value[one.name], f"{where}.{one.name}")
        elif needed:
            raise ValueError(f"{where}.{one.name} is missing")
    return cls(**known)


def _setup(value: object, where: str) -> Setup:
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if kind not in SETUPS:
        raise ValueError(f"{where}.kind is {kind!r}, want one of {', '.join(SETUPS)}")
    return _whole(SETUPS[kind], value, where)
