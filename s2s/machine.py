"""How many cores this process may use, whether they multiply int8 fast, and its unused memory.

Two limits of cores hold at once: the affinity of the process, and the CPU quota of its control
groups, which limits containers. The quota is in ``cpu.max`` (version 2) or ``cpu.cfs_quota_us``
(version 1). See https://docs.kernel.org/admin-guide/cgroup-v2.html, "CPU Interface Files", and
https://docs.kernel.org/scheduler/sched-bwc.html. What a core can do is in ``/proc/cpuinfo``.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_INT8_FLAGS = frozenset(["avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8"])
"""x86 instructions that multiply and add int8 at once, as Linux names them."""


def available_cores(root: Path = Path("/")) -> int:
    """Returns the number of cores that this process may use, at least 1.

    A quota of 2.5 cores counts as 2: a third thread would be stopped half of the time.

    Args:
        root: Folder that has ``proc`` and ``sys``.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min([cores, *map(int, _quotas(root))]))


def lacks_int8_products(root: Path = Path("/")) -> bool:
    """Returns whether this is an x86 processor without VNNI and AMX; False if nobody knows.

    Args:
        root: Folder that has ``proc``.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in (root / "proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, flags = line.partition(":")
            if name.strip() == "flags":  # ARM has "Features"; its cores are alike
                return _INT8_FLAGS.isdisjoint(flags.split())
    return False


def release_memory() -> None:
    """Gives memory that this process has freed back to the system, on Linux with glibc.

    Tensors of many sizes leave gaps between those in use, and glibc keeps the gaps. It takes about
    a tenth of a second for each gigabyte.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)


def _quotas(root: Path) -> Iterator[float]:
    """Yields the CPU quotas of the process's groups and of all groups above them, in cores."""
    for folder in _cpu_groups(root):
        # Without a quota, cpu.max has the word "max", which is no number.
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            yield int(quota) / int(period)
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii")
                for name in ("quota", "period")
            )
            if int(quota) > 0:  # -1: there is no quota
                yield int(quota) / int(period)


def _cpu_groups(root: Path) -> Iterator[Path]:
    """Yields the folders of the process's CPU control groups and of the groups above them.

    Inside a container, ``/proc/self/cgroup`` may have the names of the host. Then only the top
    folder exists, which is the container's own group.
    """
    mount = root / "sys/fs/cgroup"
    groups = [(mount, "/"), (mount / "cpu", "/")]
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                groups.append((mount, path))
            elif "cpu" in controllers.split(","):
                groups += [(mount / "cpu", path), (mount / controllers, path)]
    for folder, path in groups:
        name = PurePosixPath(path.lstrip("/"))
        yield from (folder / part for part in (name, *name.parents))
