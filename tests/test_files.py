import errno
import os
import stat
from pathlib import Path

import pytest

from s2s.errors import FileError
from s2s.files import atomic_output, atomic_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "out.txt"
    with atomic_output(path) as file:
        file.write("ä\n")
        assert not path.exists()
    assert path.read_bytes() == "ä\n".encode()
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, failure):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(failure), atomic_output(path, "wb") as file:
        file.write(b"half")
        raise failure
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.txt"]


def test_a_path_is_lent_to_writers_that_want_a_name(tmp_path):
    with atomic_path(tmp_path / "weights") as lent:
        assert lent.parent == tmp_path
        lent.write_bytes(b"weights")
    assert (tmp_path / "weights").read_bytes() == b"weights"


def test_permissions_are_the_old_file_s_or_the_usual_ones(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch(mode=0o640)
    umask = os.umask(0o022)
    try:
        for path in (new, old):
            with atomic_output(path) as file:
                file.write("x")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o644
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path):
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    with atomic_output(link) as file:
        file.write("x")
    assert link.is_symlink()
    assert target.read_text() == "x"


def test_devices_are_written_to_and_not_replaced():
    with atomic_output("/dev/null") as file:
        file.write("x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_a_file_error():
    with pytest.raises(FileError, match="No space left"), atomic_output("/dev/full") as file:
        file.write("x" * 100_000)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none/x", "folder does not exist"), ("", "is a folder"), ("x" * 300, "too long")],
)
def test_places_that_cannot_be_written_are_told_at_once(tmp_path, name, reason):
    with pytest.raises(FileError, match=reason), atomic_output(tmp_path / name):
        pytest.fail("the block ran")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_files_and_folders_are_file_errors(tmp_path):
    path = tmp_path / "file"
    path.touch(mode=0o400)
    with pytest.raises(FileError, match="read-only"), atomic_output(path):
        pytest.fail("the block ran")
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="ermission"), atomic_output(tmp_path / "new"):
        pytest.fail("the block ran")


def test_another_file_s_error_inside_the_block_keeps_its_name(tmp_path):
    with pytest.raises(OSError, match="elsewhere") as caught, atomic_output(tmp_path / "out"):
        raise OSError(errno.ENOENT, "gone", "elsewhere")
    assert not isinstance(caught.value, FileError)


def test_what_killed_processes_left_is_removed_but_nothing_that_is_being_written(tmp_path):
    left, young = tmp_path / ".s2s-0123456789ab.tmp", tmp_path / ".s2s-ba9876543210.tmp"
    for path in (left, young):
        path.write_bytes(b"half")
    (tmp_path / ".s2s-folder.tmp").mkdir()  # of others
    os.utime(left, (1, 1))
    with atomic_path(tmp_path / "slow") as lent:
        os.utime(lent, (1, 1))
        with atomic_output(tmp_path / "out") as file:
            file.write("x")
        assert names(tmp_path) == sorted([young.name, lent.name, ".s2s-folder.tmp", "out"])
        lent.write_bytes(b"whole")
    assert (tmp_path / "slow").read_bytes() == b"whole"
