"""How often a word of a translation is aligned with the source word that it means.

    python recipes/bench_alignment.py MODEL SOURCE TRAIN_SOURCE TRAIN_TARGET

``SOURCE`` is translated. A pair of words counts as known if each is the other's best partner by
Dice's coefficient over the lines of the parallel text ``TRAIN_*``, and that is at least 0.6. Where
both words of a known pair stand once in a sentence and its translation, the alignment should join
them. This is counted with the attention to a word divided by the number of its pieces to the power
of 0 (not divided), 0.5 (what s2s does) and 1.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from s2s import Translator
from s2s.text import read_lines
from s2s.translate import words

LEAST_DICE = 0.6
LEAST_LINES = 5
"""Lines with both words of a pair."""
MOST_WORDS = 40
"""Words of a line of the parallel text; longer ones are left out."""
POWERS = (0.0, 0.5, 1.0)


def known_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Returns the source word of each target word that has one.

    Args:
        pairs: Sentences and their translations.
    """
    src_lines, tgt_lines = Counter[str](), Counter[str]()
    both = Counter[tuple[str, str]]()
    for src, tgt in pairs:
        src_words, tgt_words = set(words_of(src)), set(words_of(tgt))
        if max(len(src_words), len(tgt_words)) > MOST_WORDS:
            continue
        src_lines.update(src_words)
        tgt_lines.update(tgt_words)
        both.update(product(src_words, tgt_words))
    dice = {
        pair: 2 * lines / (src_lines[pair[0]] + tgt_lines[pair[1]])
        for pair, lines in both.items()
        if lines >= LEAST_LINES
    }
    best_src, best_tgt = dict[str, str](), dict[str, str]()
    for src, tgt in sorted(dice, key=lambda pair: (dice[pair], pair)):
        best_tgt[src], best_src[tgt] = tgt, src
    return {
        tgt: src
        for tgt, src in best_src.items()
        if best_tgt[src] == tgt and dice[src, tgt] >= LEAST_DICE
    }


def words_of(text: str) -> list[str]:
    """Returns the words between blanks, in small letters and without signs around them."""
    return [word.strip(".,;:!?\"'()").lower() for word in text.split()]


def outcomes(translator: Translator, texts: list[str], source_of: dict[str, str]) -> Iterator[bool]:
    """Yields for each known pair of each text whether it is joined."""
    translations = translator.translate(texts, sentences=False, details=True)
    for text, found in zip(texts, translations, strict=True):
        src, tgt = words_of(text), words_of(found.text)
        details = found.details
        joined = set(details.alignment if details is not None else ())
        for place, word in enumerate(tgt):
            source = source_of.get(word)
            if source and tgt.count(word) == 1 and src.count(source) == 1:
                yield (src.index(source), place) in joined


def main() -> None:
    """Prints a line for each power."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("source", type=Path, help="file with one sentence per line")
    parser.add_argument("train", type=Path, nargs=2, help="both sides of a parallel text")
    arguments = parser.parse_args()
    src_path, tgt_path = arguments.train
    source_of = known_pairs(zip(read_lines(src_path), read_lines(tgt_path), strict=True))
    texts = list(read_lines(arguments.source))
    print(f"{len(source_of)} known pairs, {len(texts)} sentences")
    with Translator(arguments.model) as translator:
        for power in POWERS:
            words.LENGTH_POWER = power
            found = list(outcomes(translator, texts, source_of))
            share = sum(found) / max(1, len(found))
            print(f"power {power}: {sum(found)} of {len(found)} joined ({share:.2%})")


if __name__ == "__main__":
    main()
