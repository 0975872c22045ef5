"""Groups of pairs that belong in one part of a split, since they share a sentence."""

import re
from collections import defaultdict
from collections.abc import Sequence


def group_pairs(rows: Sequence[tuple[str, str]]) -> list[list[int]]:
    """Puts pairs that share a source or a target, case and punctuation aside, into one group.

    Two pairs that share nothing are in one group, too, if others between them join them.

    Args:
        rows: Sources and targets.

    Returns:
        The numbers of the rows of each group, ascending; groups in the order of their first rows.
    """
    place = list(range(len(rows)))  # of each pair, one that came no later and is of its group

    def first(row: int) -> int:
        while place[row] != row:
            row = place[row] = place[place[row]]
        return row

    seen: dict[tuple[int, str], int] = {}
    for row, pair in enumerate(rows):
        for side, text in enumerate(pair):
            words = " ".join(re.findall(r"\w+", text.casefold()))
            one, other = sorted((first(row), first(seen.setdefault((side, words), row))))
            place[other] = one
    groups: dict[int, list[int]] = defaultdict(list)
    for row in range(len(rows)):
        groups[first(row)].append(row)
    return list(groups.values())
