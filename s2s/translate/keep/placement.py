"""Kept texts put into a translation, at the places that the attention tells.

A network that was trained with kept texts puts out a piece for each of them, which the text
replaces. With any other network, the network reads an unknown word in place of the text, and the
text replaces the words that attend to this word most (Luong et al. 2015, "Addressing the Rare Word
Problem", section 3). A text that no word attends to, or a tag, which the network does not read at
all, is inserted between two words: beside the word that attends to its neighbour in the source.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.tokenizer import Tokenizer
from s2s.translate.keep.finder import Finder
from s2s.translate.keep.line import Slot, align, put_together
from s2s.translate.keep.units import SourceUnits, TargetTokens
from s2s.translate.sources import MarkedPart
from s2s.translate.translation import Details, Hypothesis

MIN_ATTENTION = 0.2
"""Share of a word's attention from which on a text may replace it, if no word attends to the text
most. On Multi30k with texts put in (a scratch script, and the sentences that it was chosen on), all
BLEU is 37.6 without this rule, and 37.7, 38.1 and 37.6 with shares of 0.1, 0.2 and 0.35."""


class Placement(NamedTuple):
    """A translation with its kept texts."""

    hypothesis: Hypothesis
    num_inserted: int
    """Texts that had no matching word to replace; unknown signs, which have no words, are not
    counted."""


def place_texts(
    hypothesis: Hypothesis,
    attention: NDArray[np.float32],
    part: MarkedPart,
    finder: Finder,
    tokenizer: Tokenizer,
    prefix_len: int = 0,
) -> Placement:
    """Puts kept texts into a translation.

    Args:
        hypothesis: The translation of the part as the network read it.
        attention: (tgt_len, src_len), without a tag's column; the end piece's is the last.
        part: The source.
        finder: Finds kept texts in the translation.
        tokenizer: The model's.
        prefix_len: Pieces of a prefix, which stay as they are. Kept texts that the prefix holds
            already are not put in again.

    Returns:
        The hypothesis with another text, and another alignment if it has details; the rest is as
        the network put it out.
    """
    source = SourceUnits(part, tokenizer)
    target = TargetTokens(hypothesis.pieces, tokenizer)
    first = sum(start < prefix_len for start, _ in target.ranges)
    in_prefix = finder.held(target.text(0, first), part.kept)
    wanted = []
    for number, kept in enumerate(part.kept):
        if in_prefix[kept.text]:
            in_prefix[kept.text] -= 1
        else:
            wanted.append(number)
    best_units = _best_units(attention, source, target)
    if tokenizer.keep is None:
        slots = _replace_words(attention, source, target, best_units, wanted, first)
    else:
        slots = _replace_stand_ins(attention, source, target, wanted, first)
    homeless = [number for number in wanted if number not in {slot.kept for slot in slots}]
    for number in homeless:
        slot = _insert(source, len(target), best_units, slots, number, first)
        if part.kept[number].kind != "pattern":
            place = max(_among_words(slot.start, source, target, number), first)
            slot = Slot(place, place, number)
        slots.append(slot)
    line = put_together(target, part, slots, finder)
    counts = Counter(kept.text for kept in part.kept)
    assert all(line.text.count(text) >= count for text, count in counts.items())
    details = hypothesis.details
    if details is not None:
        details = Details(details.log_probs, align(attention, source, target, line, part))
    carrying = Hypothesis(
        text=line.text,
        score=hypothesis.score,
        pieces=hypothesis.pieces,
        details=details,
        has_kept=True,
        cut=hypothesis.cut,
    )
    return Placement(carrying, sum(not part.kept[number].is_sign for number in homeless))


def _best_units(
    attention: NDArray[np.float32], source: SourceUnits, target: TargetTokens
) -> list[int]:
    """Returns the unit that each token attends to most; -1 if that is the end piece."""
    columns = np.zeros((len(attention), source.count + 1))
    units = [*source.unit_of, *[source.count] * (attention.shape[1] - len(source.unit_of))]
    np.add.at(columns.T, units, attention.T)
    best = [int(columns[start:stop].sum(axis=0).argmax()) for start, stop in target.ranges]
    return [-1 if unit == source.count else unit for unit in best]


def _replace_words(
    attention: NDArray[np.float32],
    source: SourceUnits,
    target: TargetTokens,
    best_units: Sequence[int],
    wanted: Sequence[int],
    first: int,
) -> list[Slot]:
    """Finds the words that kept texts replace: of several runs, the one that attends most.

    If no word attends to a text most, the text replaces the word that attends to it most of all,
    from ``MIN_ATTENTION`` on.
    """
    slots: list[Slot] = []
    free = [token for token in range(first, len(target)) if not target.is_punctuation(token)]
    weights = {
        number: _weights(attention, source, target, free, source.kept_units[number])
        for number in wanted
    }
    for number in wanted:
        tokens = [token for token in free if best_units[token] == source.kept_units[number]]
        if tokens:
            start, stop = _heaviest_run(tokens, weights[number])
            if source.kept[number].kind != "pattern":  # one word for one word
                start = max(range(start, stop), key=weights[number].__getitem__)
                stop = start + 1
            slots.append(Slot(start, stop, number))
            free = [token for token in free if not start <= token < stop]
    found = {slot.kept for slot in slots}
    for number in (number for number in wanted if number not in found):
        shares = {}
        for token in (token for token in free if best_units[token] not in source.kept_units):
            start, stop = target.ranges[token]
            shares[token] = weights[number][token] / (stop - start)
        best = max(shares, key=shares.__getitem__, default=-1)
        if best >= 0 and shares[best] >= MIN_ATTENTION:
            slots.append(Slot(best, best + 1, number))
            free.remove(best)
    return _uncross(slots, source, weights)


def _weights(
    attention: NDArray[np.float32],
    source: SourceUnits,
    target: TargetTokens,
    tokens: Sequence[int],
    unit: int,
) -> dict[int, float]:
    """Returns how much each token attends to a unit, summed over the token's pieces."""
    columns = [place for place, number in enumerate(source.unit_of) if number == unit]
    return {
        token: float(attention[slice(*target.ranges[token]), columns].sum()) for token in tokens
    }


def _heaviest_run(tokens: Sequence[int], weights: Mapping[int, float]) -> tuple[int, int]:
    """Returns the first token of the neighbours that weigh most together, and the one after."""
    runs: list[tuple[float, int, int]] = []
    for token in tokens:
        if runs and runs[-1][2] == token:
            runs[-1] = (runs[-1][0] + weights[token], runs[-1][1], token + 1)
        else:
            runs.append((weights[token], token, token + 1))
    _, start, stop = max(runs, key=lambda run: run[0])
    return start, stop


def _uncross(
    slots: Sequence[Slot], source: SourceUnits, weights: Mapping[int, Mapping[int, float]]
) -> list[Slot]:
    """Exchanges two numbers that come in another order than in the source, unless that is clear.

    It is clear if each of the two words attends more to its number than to the other one.
    """
    others = [slot for slot in slots if source.kept[slot.kept].kind != "number"]
    places = {slot.kept: slot.start for slot in slots if slot not in others}
    for before, after in combinations(sorted(places), 2):
        late, early = places[before], places[after]
        clear_late = weights[before][late] > weights[after][late]
        clear_early = weights[after][early] > weights[before][early]
        if late > early and not (clear_late and clear_early):
            places[before], places[after] = early, late
    return [*others, *(Slot(place, place + 1, number) for number, place in places.items())]


def _replace_stand_ins(
    attention: NDArray[np.float32],
    source: SourceUnits,
    target: TargetTokens,
    wanted: Sequence[int],
    first: int,
) -> list[Slot]:
    """Gives each stand-in of the translation the kept text that it attends to most, each once."""
    pairs = []
    for token in target.stand_ins:
        place = target.ranges[token][1] - 1
        for number in wanted:
            kept_unit = source.kept_units[number]
            columns = [column for column, unit in enumerate(source.unit_of) if unit == kept_unit]
            if columns:  # the network read something there
                pairs.append((-float(attention[place, columns].sum()), token, number))
    by_token: dict[int, int] = {}
    for _, token, number in sorted(pairs):
        if token >= first and token not in by_token and number not in by_token.values():
            by_token[token] = number
    return [Slot(token, token + 1, number) for token, number in by_token.items()]


def _among_words(place: int, source: SourceUnits, target: TargetTokens, number: int) -> int:
    """Corrects the place of an inserted text by what it stands beside in the source.

    A text that signs follow, such as a full stop, is not put after the signs at the end. A sign
    that stands before or after all words does so in the translation. The attention says little
    there: a question mark has marks at both ends in Spanish.
    """
    words = [token for token in range(len(target)) if not target.is_punctuation(token)]
    if not words:
        return place
    kept_unit, is_sign = source.kept_units[number], source.kept[number].is_sign
    if is_sign and source.word_places:
        if kept_unit > source.word_places[-1]:
            place = len(target)
        elif kept_unit < source.word_places[0]:
            place = 0 if kept_unit == 0 else words[0]
    return place if kept_unit == source.count - 1 else min(place, words[-1] + 1)


def _insert(
    source: SourceUnits,
    length: int,
    best_units: Sequence[int],
    slots: Sequence[Slot],
    number: int,
    first: int,
) -> Slot:
    """Finds a place between two tokens: beside the nearest unit that one of them attends to.

    A kept text comes after its left neighbour in the source. One that is close to its right
    neighbour alone, such as an opening tag, comes before that neighbour.
    """
    kept_unit, kept = source.kept_units[number], source.kept[number]
    by_unit = {source.kept_units[slot.kept]: (slot.start, slot.stop) for slot in slots}
    for token, unit in enumerate(best_units):
        if unit not in source.kept_units:
            by_unit[unit] = (by_unit.get(unit, (token, token))[0], token + 1)
    by_unit[-1], by_unit[source.count] = (0, 0), (length, length)
    opens = kept.after_blank and not kept.before_blank
    for distance in range(1, source.count + 1):
        left, right = kept_unit - distance, kept_unit + distance
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
