"""Runs a command of JoeyNMT 2.3 with a torch that is newer than it knows.

    PYTHON run_joeynmt.py train CONFIG --skip-test

Its ``plateau`` schedule passes ``verbose``, which torch no longer takes.
"""

from typing import Any

from torch.optim import lr_scheduler


class Plateau(lr_scheduler.ReduceLROnPlateau):
    """The schedule of torch, with an argument that does nothing."""

    def __init__(self, optimizer: Any, verbose: bool = False, **options: Any) -> None:
        super().__init__(optimizer, **options)


if __name__ == "__main__":
    lr_scheduler.ReduceLROnPlateau = Plateau  # type: ignore[misc]
    from joeynmt.__main__ import main  # after the line above, since it imports the schedule

    main()
