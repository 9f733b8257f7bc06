"""The files of the page as copies for a web server in front."""

from __future__ import annotations

import gzip
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loopgenie import assets, cli

DAY_S = 24 * 3600


def _forget() -> None:
    assets.files.cache_clear()
    assets.version.cache_clear()


@pytest.fixture
def other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the files of the page are taken from."""
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    yield tmp_path
    monkeypatch.undo()
    _forget()


def test_the_set_lies_under_its_version_as_it_is_served(tmp_path: Path) -> None:
    target = assets.write(tmp_path)
    assert target == tmp_path / assets.version()
    assert list(tmp_path.iterdir()) == [target], "nothing unfinished is left"
    for name, asset in assets.files().items():
        assert (target / name).read_bytes() == asset.content
        packed = target / f"{name}.gz"
        assert packed.exists() is (len(asset.content) >= 1000)
        if packed.exists():
            assert gzip.decompress(packed.read_bytes()) == asset.content
    assert (target / "vendor/leaflet/leaflet.js.gz").exists()
    assert not (target / "favicon.svg.gz").exists(), "551 bytes"


def test_everybody_may_read_it_whatever_the_mask_says(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        target = assets.write(tmp_path / "new")
    finally:
        os.umask(before)
    for path in (target.parent, target, *target.rglob("*")):
        want = 0o755 if path.is_dir() else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == want, path


def test_a_set_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    target = assets.write(tmp_path)
    (target / "loopgenie.js").write_text("// seen")
    old = time.time() - 40 * DAY_S
    os.utime(target, (old, old))
    assert assets.write(tmp_path) == target
    assert (target / "loopgenie.js").read_text() == "// seen"
    assert time.time() - target.stat().st_mtime < DAY_S, "it counts as used today"


def test_several_replicas_at_once_make_one_whole_set(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as replicas:
        targets = set(replicas.map(assets.write, [tmp_path] * 16))
    assert targets == set(tmp_path.iterdir()) == {tmp_path / assets.version()}
    assert all((tmp_path / assets.version() / name).read_bytes() == a.content for name, a in assets.files().items())


def test_sets_of_a_month_ago_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    for name, days in (
        ("0123456789ab", 31), ("ba9876543210", 29), (".0123456789ab-x", 31), (".0123456789ab-y", 1), ("photos", 99),
    ):  # fmt: skip
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.css").touch()
        os.utime(folder, (time.time() - days * DAY_S,) * 2)
    assets.write(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"ba9876543210", ".0123456789ab-y", "photos", assets.version()}


def test_any_change_makes_another_version(other_files: Path) -> None:
    versions = []
    for name, content in (("a.css", "x"), ("a.css", "y"), ("b.css", "x")):
        (other_files / name).write_text(content)
        _forget()
        versions.append(assets.version())
    assert len(set(versions)) == 3


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(assets, "_write_file", full)
    with pytest.raises(OSError, match="No space left"):
        assets.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_command_tells_where_the_set_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["static", str(tmp_path / "s")]) == 0
    assert capsys.readouterr() == (f"{tmp_path}/s/{assets.version()}\n", "")
    (tmp_path / "file").touch()
    assert cli.main(["static", str(tmp_path / "file")]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"loopgenie: {tmp_path}/file: File exists\n")


def test_serving_writes_the_set_first_and_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[object] = []
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr(os, "execve", lambda *words: served.append(words))
    monkeypatch.setenv("LOOPGENIE_DATABASE_URL", "sqlite:///x.db")
    monkeypatch.setenv("LOOPGENIE_STATIC_FOLDER", str(tmp_path / "s"))
    assert cli.main(["serve", "--port", "0"]) == 0
    assert (tmp_path / "s" / assets.version() / "loopgenie.css").exists()
    assert capsys.readouterr() == ("", "")
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOOPGENIE_STATIC_FOLDER", str(tmp_path / "file"))
    assert cli.main(["serve", "--port", "0"]) == 0
    assert len(served) == 2
    assert capsys.readouterr().err == (
        f"loopgenie: the files of the page are not in {tmp_path}/file: File exists; they are served from here\n"
    )
