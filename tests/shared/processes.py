"""The command line in a process of its own."""

import subprocess
import sys

COMMAND = [sys.executable, "-c", "from s2s.cli import main; main()"]


def start(*args, **options):
    """Starts a command, its standard error in a pipe."""
    return subprocess.Popen([*COMMAND, *map(str, args)], stderr=subprocess.PIPE, **options)  # noqa: S603
