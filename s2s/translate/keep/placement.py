"""Kept texts brought to their places in a translation, by what the attention looked at.

A network that was trained with kept texts puts out a piece for each, in whose place it comes. With
any other, a text that the network read an unknown word for takes the place of the words that look
at this most (Luong et al. 2015, "Addressing the Rare Word Problem", section 3). Where none does,
and for tags, which the network has not read at all, it is put between two words: beside the one
that looks at its neighbour in the source.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import Keep
from s2s.translate.keep.line import Slot, align, put_together
from s2s.translate.keep.units import SourceUnits, TargetTokens
from s2s.translate.sources import MarkedPart
from s2s.translate.translation import Details, Hypothesis

LEAST_LOOK = 0.2
"""Share of a word's attention by which it may have come of a text that no word looks at most. On
Multi30k with texts put in (a scratch script, and the sentences that it was chosen on), all BLEU is
37.6 without this rule, and 37.7, 38.1 and 37.6 with shares of 0.1, 0.2 and 0.35."""


class Carried(NamedTuple):
    """A translation with its kept texts."""

    hypothesis: Hypothesis
    inserted: int
    """Texts that had no word to replace."""


def carry(
    hypothesis: Hypothesis,
    attention: NDArray[np.float32],
    part: MarkedPart,
    keep: Keep,
    tokenizer: Tokenizer,
    begun: int = 0,
) -> Carried:
    """Puts kept texts into a translation.

    Args:
        hypothesis: Of the part as the network read it.
        attention: (tgt_len, src_len), without a tag's column; the end piece's is the last.
        part: The source.
        keep: What is kept.
        tokenizer: The model's.
        begun: Pieces of a prefix, which stay as they are; what it has of kept texts is not put in
            once more.

    Returns:
        The hypothesis with another text, and another alignment if it has details; all else is as
        the network found it.
    """
    source = SourceUnits(part, tokenizer)
    target = TargetTokens(hypothesis.pieces, tokenizer)
    first = sum(start < begun for start, _ in target.ranges)
    said = Counter(keep.texts(target.text(0, first)))
    wanted = []
    for number, each in enumerate(part.kept):
        if said[each.text]:
            said[each.text] -= 1
        else:
            wanted.append(number)
    best = _best_units(attention, source, target)
    if tokenizer.keep is None:
        slots = _replacing(attention, source, target, best, wanted, first)
    else:
        slots = _standing_in(attention, source, target, wanted, first)
    inserted = [number for number in wanted if number not in {slot.kept for slot in slots}]
    for number in inserted:
        slots.append(_between(source, len(target), best, slots, number, first))
    line = put_together(target, part, slots, keep)
    counts = Counter(each.text for each in part.kept)
    assert all(line.text.count(text) >= count for text, count in counts.items())
    details = hypothesis.details
    if details is not None:
        details = Details(details.log_probs, align(attention, source, target, line, part))
    return Carried(
        Hypothesis(line.text, hypothesis.score, hypothesis.pieces, details, has_kept=True),
        len(inserted),
    )


def _best_units(
    attention: NDArray[np.float32], source: SourceUnits, target: TargetTokens
) -> list[int]:
    """Returns the unit that each token looks at most; -1 if that is the end piece."""
    columns = np.zeros((len(attention), source.count + 1))
    units = [*source.unit_of, *[source.count] * (attention.shape[1] - len(source.unit_of))]
    np.add.at(columns.T, units, attention.T)
    best = [int(columns[start:stop].sum(axis=0).argmax()) for start, stop in target.ranges]
    return [-1 if unit == source.count else unit for unit in best]


def _replacing(
    attention: NDArray[np.float32],
    source: SourceUnits,
    target: TargetTokens,
    best: Sequence[int],
    wanted: Sequence[int],
    first: int,
) -> list[Slot]:
    """Finds the words in whose place kept texts come: of several runs, that which looks most.

    Where no word looks at a text most, it is the one that looks at it with ``LEAST_LOOK`` or more.
    """
    slots: list[Slot] = []
    free = [token for token in range(first, len(target)) if not target.is_mark(token)]
    for number in wanted:
        unit = source.kept_units[number]
        columns = [place for place, each in enumerate(source.unit_of) if each == unit]
        weights = {
            token: float(attention[slice(*target.ranges[token]), columns].sum()) for token in free
        }
        runs: list[tuple[float, int, int]] = []
        for token in free:
            if best[token] != unit:
                continue
            if runs and runs[-1][2] == token:
                runs[-1] = (runs[-1][0] + weights[token], runs[-1][1], token + 1)
            else:
                runs.append((weights[token], token, token + 1))
        if not runs:
            for token in free:
                start, stop = target.ranges[token]
                others = best[token] in source.kept_units
                if not others and weights[token] >= LEAST_LOOK * (stop - start):
                    runs.append((weights[token] / (stop - start), token, token + 1))
        if runs:
            _, start, stop = max(runs, key=lambda run: run[0])
            slots.append(Slot(start, stop, number))
            free = [token for token in free if not start <= token < stop]
    return slots


def _standing_in(
    attention: NDArray[np.float32],
    source: SourceUnits,
    target: TargetTokens,
    wanted: Sequence[int],
    first: int,
) -> list[Slot]:
    """Gives each piece of kept texts in the translation that which it looks at most, each once."""
    pairs = []
    for token in target.stand_ins:
        place = target.ranges[token][1] - 1
        for number in wanted:
            columns = [
                n for n, each in enumerate(source.unit_of) if each == source.kept_units[number]
            ]
            pairs.append((-float(attention[place, columns].sum()), token, number))
    by_token: dict[int, int] = {}
    for _, token, number in sorted(pairs):
        if token >= first and token not in by_token and number not in by_token.values():
            by_token[token] = number
    return [Slot(token, token + 1, number) for token, number in by_token.items()]


def _between(
    source: SourceUnits,
    length: int,
    best: Sequence[int],
    slots: Sequence[Slot],
    number: int,
    first: int,
) -> Slot:
    """Finds the place between two tokens: beside the nearest unit that one of them looks at.

    After what stands on the left in the source; what is written close to its right neighbour alone,
    such as an opening tag, before that.
    """
    unit, each = source.kept_units[number], source.kept[number]
    by_unit = {source.kept_units[slot.kept]: (slot.start, slot.stop) for slot in slots}
    for token, looked in enumerate(best):
        if looked not in source.kept_units:
            by_unit[looked] = (by_unit.get(looked, (token, token))[0], token + 1)
    by_unit[-1], by_unit[source.count] = (0, 0), (length, length)
    opens = each.after_blank and not each.before_blank
    for distance in range(1, source.count + 1):
        left, right = unit - distance, unit + distance
        places = {}
        if left in by_unit and (left >= 0 or distance == 1):
            places["left"] = by_unit[left][1]
        if right in by_unit and (right < source.count or distance == 1):
            places["right"] = by_unit[right][0]
        for side in ("right", "left") if opens else ("left", "right"):
            if side in places:
                place = max(places[side], first)
                return Slot(place, place, number)
    return Slot(length, length, number)
