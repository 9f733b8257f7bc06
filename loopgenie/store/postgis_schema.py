"""The tables in a PostGIS database: which version they have, and how they get the newest."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import NamedTuple

from loopgenie.errors import DatabaseFault
from loopgenie.store.postgis_pool import Cursor, Pool

#: Only one process migrates at a time; the number stands for us on the whole server ("LoGe").
_LOCK = 1282361189

_ACCESS = """
    SELECT current_user,
           CASE WHEN current_setting('default_transaction_read_only') = 'on' OR pg_is_in_recovery() THEN false
                WHEN schema.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
                ELSE has_schema_privilege(schema.oid, 'CREATE') END,
           schema.oid IS NOT NULL AND has_schema_privilege(schema.oid, 'USAGE'),
           EXISTS (SELECT FROM pg_class WHERE relnamespace = schema.oid AND relname = 'migration'),
           current_setting('server_encoding')
    FROM (SELECT to_regnamespace('loopgenie') AS oid) AS schema"""
_VERSION = "SELECT coalesce(max(number), 0) FROM loopgenie.migration"
_IS_THERE = "SELECT to_regclass('loopgenie.migration') IS NOT NULL"
_MAY_KEEP = """
    SELECT has_table_privilege('loopgenie.answer', 'INSERT') AND has_table_privilege('loopgenie.answer', 'DELETE')
           AND has_table_privilege('loopgenie.answer', 'UPDATE')
           AND NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'"""


class Access(NamedTuple):
    """What this user may do with the database."""

    user: str
    may_make: bool  # tables
    may_read: bool
    has_tables: bool
    encoding: str


def migrations() -> list[tuple[int, str]]:
    """The numbered migrations in order: (number, SQL)."""
    folder = resources.files("loopgenie.store") / "migrations" / "postgis"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text("utf-8")) for name in names]


@cache
def newest() -> int:
    """The number of the last migration."""
    return max(number for number, _ in migrations())


def prepare(pool: Pool) -> bool:
    """Bring the tables up to date where this user may; False where there are none and it may not make them.

    Raises
    ------
    DatabaseFault : the tables are older and this user may not change them, or newer, or it may not read them.
    """
    access = Access._make(pool.rows(_ACCESS)[0])
    if access.has_tables and not access.may_read:
        raise DatabaseFault(
            f"{access.user} may not read the trail database {pool.where}: GRANT loopgenie_reader TO {access.user}"
        )
    version = pool.rows(_VERSION)[0][0] if access.has_tables else 0
    if version > newest():
        raise DatabaseFault(
            f"the trail database {pool.where} has schema {version}, this LoopGenie knows {newest()}: update LoopGenie"
        )
    if version == newest():
        return True
    if access.may_make:
        _migrate(pool, access)
        return True
    if version:
        raise DatabaseFault(
            f"the trail database {pool.where} has schema {version}, want {newest()}, and {access.user} may not change "
            "it: let its owner run `loopgenie info` once"
        )
    return False


def may_keep_answers(pool: Pool) -> bool:
    """Whether this user may write the table of answers."""
    return bool(pool.rows(_MAY_KEEP)[0][0])


def _migrate(pool: Pool, access: Access) -> None:
    """Apply the migrations that are missing, each in its own transaction."""
    if access.encoding != "UTF8":
        raise DatabaseFault(f"the trail database {pool.where} has the encoding {access.encoding}, want UTF8")
    for number, script in migrations():
        with pool.writing() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if _version(cursor) < number:  # asked inside: another process may have been faster
                cursor.execute(script)
                cursor.execute("INSERT INTO loopgenie.migration (number) VALUES (%s)", (number,))


def _version(cursor: Cursor) -> int:
    cursor.execute(_IS_THERE)
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute(_VERSION)
    return int(cursor.fetchone()[0])
