"""How many cores a process may use, in containers of both kinds; what they can do; memory."""

import platform
import subprocess
import sys

import pytest

from s2s import machine
from s2s.machine import available_cores, lacks_int8_products, release_memory


@pytest.fixture
def sixty_four_cores(monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: range(64), raising=False)


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


V1 = "sys/fs/cgroup/cpu/"
LIMITS = [
    # name, files, cores
    ("no control groups", {}, 64),
    ("version 2, no quota", {"sys/fs/cgroup/cpu.max": "max 100000\n"}, 64),
    ("version 2", {"sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
    ("two and a half cores", {"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2),
    ("half a core", {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
    ("more than there are", {"sys/fs/cgroup/cpu.max": "9900000 100000\n"}, 64),
    (
        "version 2, a service on the host",
        {
            "proc/self/cgroup": "0::/system.slice/s2s.service\n",
            "sys/fs/cgroup/system.slice/s2s.service/cpu.max": "300000 100000\n",
        },
        3,
    ),
    (
        "version 2, a limit above the service",
        {
            "proc/self/cgroup": "0::/system.slice/s2s.service\n",
            "sys/fs/cgroup/system.slice/cpu.max": "400000 100000\n",
            "sys/fs/cgroup/system.slice/s2s.service/cpu.max": "max 100000\n",
        },
        4,
    ),
    ("version 1", {V1 + "cpu.cfs_quota_us": "200000\n", V1 + "cpu.cfs_period_us": "100000\n"}, 2),
    (
        "version 1, no quota",
        {V1 + "cpu.cfs_quota_us": "-1\n", V1 + "cpu.cfs_period_us": "100000\n"},
        64,
    ),
    (
        "version 1, controllers mounted together, names of the host",
        {
            "proc/self/cgroup": "4:memory:/docker/1a2b\n3:cpu,cpuacct:/docker/1a2b\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "500000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        5,
    ),
    ("no numbers", {"sys/fs/cgroup/cpu.max": "none at all\n"}, 64),
    ("a period of zero", {"sys/fs/cgroup/cpu.max": "1 0\n"}, 64),
]


@pytest.mark.parametrize(("files", "cores"), [pytest.param(*row[1:], id=row[0]) for row in LIMITS])
def test_a_quota_limits_the_cores(tmp_path, sixty_four_cores, files, cores):
    write(tmp_path, files)
    assert available_cores(tmp_path) == cores


def test_affinity_limits_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: {0, 5}, raising=False)
    write(tmp_path, {"sys/fs/cgroup/cpu.max": "800000 100000\n"})
    assert available_cores(tmp_path) == 2


def test_a_system_without_affinity_counts_its_cores(tmp_path, monkeypatch):
    monkeypatch.delattr(machine.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(machine.os, "cpu_count", lambda: None)
    assert available_cores(tmp_path) == 1


PROCESSORS = [
    # name, /proc/cpuinfo, whether int8 products are slow
    ("AVX2 alone", "model name\t: A\nflags\t\t: fpu sse2 avx2\nbugs\t: x\n", True),
    ("VNNI of 256 bits", "flags\t\t: fpu avx2 avx_vnni\n", False),
    ("VNNI of 512 bits", "flags\t\t: fpu avx512f avx512_vnni\n", False),
    ("AMX", "flags\t\t: fpu amx_tile amx_int8\n", False),
    ("AMX without int8", "flags\t\t: fpu amx_tile amx_bf16\n", True),
    ("a name in another one", "flags\t\t: fpu not_avx_vnni\n", True),
    ("no processor", "", False),
    ("ARM", "Features\t: fp asimd\n", False),
    ("vmx flags come later", "vmx flags\t: avx_vnni\nflags\t: avx2\n", True),
]


@pytest.mark.parametrize(
    ("text", "slow"), [row[1:] for row in PROCESSORS], ids=[row[0] for row in PROCESSORS]
)
def test_a_processor_tells_whether_it_multiplies_int8_fast(tmp_path, text, slow):
    write(tmp_path, {"proc/cpuinfo": text})
    assert lacks_int8_products(tmp_path) is slow


def test_a_system_without_proc_is_not_called_slow(tmp_path):
    assert lacks_int8_products(tmp_path) is False


GAPS = """
from pathlib import Path
from s2s.machine import release_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

blocks = [b"x" * 50_000 for _ in range(2000)]
del blocks[::2], blocks[0]  # every other block is still in use
before = resident()
release_memory()
print(resident() / before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps gaps")
def test_gaps_between_what_is_in_use_go_back_to_the_system():
    command = [sys.executable, "-c", GAPS]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    assert float(done.stdout) < 0.75


def test_a_libc_without_trimming_keeps_its_memory(monkeypatch):
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda _: object())
    release_memory()
