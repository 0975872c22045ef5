import errno
import importlib.util
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from s2s.errors import FileError
from s2s.files import atomic_folder, atomic_output, atomic_path, exclusive, remove_abandoned


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
        assert lent.parent.parent == tmp_path
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


def make_old(folder):
    for path in (*folder.iterdir(), folder):
        os.utime(path, (1, 1))


def abandoned_folder(path):
    path.mkdir()
    for name in ("lock", "out"):
        (path / name).write_bytes(b"")
    return path


def test_what_killed_processes_left_is_removed_but_nothing_that_is_being_written(tmp_path):
    abandoned_folder(young := tmp_path / ".s2s-young.tmp")
    make_old(abandoned_folder(tmp_path / ".s2s-left.tmp"))
    (other := tmp_path / ".s2s-folder.tmp").mkdir()  # of others: it has no lock
    make_old(other)
    with atomic_path(tmp_path / "slow") as lent:
        make_old(lent.parent)
        with atomic_output(tmp_path / "out") as file:
            file.write("x")
        assert names(tmp_path) == sorted([young.name, lent.parent.name, other.name, "out"])
        lent.write_bytes(b"whole")
    assert (tmp_path / "slow").read_bytes() == b"whole"


def test_temporary_files_of_an_older_s2s_are_removed_after_ten_minutes(tmp_path):
    left, young = tmp_path / ".s2s-0123456789ab.tmp", tmp_path / ".s2s-ba9876543210.tmp"
    for path in (left, young):
        path.write_bytes(b"half")
    os.utime(left, (1, 1))
    with atomic_output(tmp_path / "out") as file:
        file.write("x")
    assert names(tmp_path) == [young.name, "out"]


def test_a_folder_that_an_older_s2s_has_locked_stays(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    folder = abandoned_folder(tmp_path / ".s2s-0123456789ab.tmp")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_abandoned(tmp_path, min_age=0) == []
        assert (folder / "out").exists()
    assert remove_abandoned(tmp_path, min_age=0) == [folder.name]
    assert names(tmp_path) == []


def test_a_killed_process_gives_its_locks_back(tmp_path):
    program = """
import sys
from pathlib import Path
from s2s.files import atomic_path, exclusive
with exclusive(Path(sys.argv[1])), atomic_path(sys.argv[1]) as lent:
    lent.write_bytes(b"half")
    print("locked", flush=True)
    input()
"""
    out = tmp_path / "out"
    command = [sys.executable, "-c", program, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout.readline() == b"locked\n"
        assert len(left := names(tmp_path)) == 2
        with pytest.raises(FileError, match=r"another process is writing .*out; wait"):  # noqa: SIM117
            with exclusive(out):
                pytest.fail("the block ran")
        assert remove_abandoned(tmp_path, min_age=0) == []
        process.kill()
    assert names(tmp_path) == left
    with exclusive(out):
        assert remove_abandoned(tmp_path, min_age=0) != left
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == []


def test_locks_work_without_fcntl(tmp_path):
    """As on Windows, where filelock has another way to lock a file."""
    program = """
import sys, warnings
warnings.simplefilter("ignore")  # filelock's: locks are files that exist
sys.modules["fcntl"] = None
from pathlib import Path
import s2s.cli.resumable, s2s.corpus.shards, s2s.files
if "torch" in sys.argv:
    import s2s.train
folder = Path(sys.argv[1])
with s2s.files.exclusive(folder / "out"), s2s.files.atomic_output(folder / "out") as file:
    file.write("whole")
    assert s2s.files.remove_abandoned(folder, min_age=0) == []
with s2s.files.atomic_folder(folder / "made", lambda: False) as lent:
    (lent / "file").touch()
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    if importlib.util.find_spec("torch"):
        command.append("torch")
    subprocess.run(command, check=True, timeout=120)  # noqa: S603
    assert names(tmp_path) == ["made", "out"]
    assert names(tmp_path / "made") == ["file"]


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_folder_that_is_in_the_way_is_kept_or_replaced(tmp_path, is_complete):
    target = tmp_path / "parent" / "target"
    with atomic_folder(target, lambda: is_complete) as lent:
        (lent / "new").touch()
        target.mkdir()
        (target / "old").touch()
    assert names(target) == (["old"] if is_complete else ["new"])
    assert names(tmp_path / "parent") == ["target"]


def test_a_lock_that_cannot_be_opened_is_an_error_and_not_ours(tmp_path):
    with exclusive(tmp_path / "out"):
        (folder,) = tmp_path.iterdir()
    (folder / "lock").mkdir(parents=True)
    with pytest.raises(FileError, match=r"cannot write .*out"), exclusive(tmp_path / "out"):
        pytest.fail("the block runs without a lock")
    assert (folder / "lock").is_dir()
