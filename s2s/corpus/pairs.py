"""Parallel text: surveyed as a whole, read in chunks, or into memory where it is small."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2s.corpus.chunks import (
    CHUNK_CHARACTERS,
    CHUNK_PAIRS,
    Chunk,
    ChunkEncoder,
    PairCounts,
    make_filter,
)
from s2s.corpus.config import CorpusConfig
from s2s.corpus.sentences import Sentences, join
from s2s.errors import DataError, FileError, printable
from s2s.text import clean, read_pairs
from s2s.tokenizer import Tokenizer

__all__ = [
    "Corpus",
    "PairCounts",
    "Survey",
    "check_file",
    "check_kept",
    "read_chunks",
    "read_corpus",
    "survey",
]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pairs in memory: sentence i of ``src`` is translated by sentence i of ``tgt``."""

    src: Sentences
    tgt: Sentences
    counts: PairCounts

    def __len__(self) -> int:
        return len(self.src)


@dataclass(frozen=True, slots=True)
class Survey:
    """What the text of some corpora holds."""

    pairs: tuple[int, ...]
    """Pairs of each corpus of which neither side is blank."""
    src: list[str]
    """Source sentences of the sample, cleaned, in the order of the text; no tags."""
    tgt: list[str]


def survey(
    corpora: Sequence[CorpusConfig], sample: int, seed: int, *, purpose: str = "train"
) -> Survey:
    """Reads all text once: checks it, counts it, and draws a sample that stands for all of it.

    Every pair has the same chance to be in the sample, whichever corpus it is of and whatever that
    one's weight. Memory is bounded by the sample (Vitter 1985, "Random Sampling with a Reservoir",
    algorithm R).

    Args:
        corpora: The text.
        sample: Pairs to draw; all of them are returned where there are no more.
        seed: Of the draw.
        purpose: What the text is for, in the words of the error: "no sentence to train on".

    Raises:
        DataError: If the sides of a corpus do not match line by line, a file is no UTF-8, or a
            corpus has no pair of two sentences.
        FileError: If a file cannot be read, or only once.
    """
    draw = random.Random(seed).random  # noqa: S311
    drawn: list[tuple[int, str, str]] = []
    seen = 0
    pairs = []
    for config in corpora:
        before = seen
        for src, tgt in _raw_pairs(config):
            if _blank(src) or _blank(tgt):
                continue
            seen += 1
            if len(drawn) < sample:
                drawn.append((seen, clean(src), clean(tgt)))
            elif (place := int(draw() * seen)) < sample:
                drawn[place] = (seen, clean(src), clean(tgt))
        pairs.append(seen - before)
        if not pairs[-1]:
            raise DataError(
                f"{printable(config.src)} and {printable(config.tgt)}: no sentence to {purpose} "
                "on: there is none, or all are blank"
            )
    drawn.sort()
    return Survey(tuple(pairs), [src for _, src, _ in drawn], [tgt for _, _, tgt in drawn])


def _blank(line: str) -> bool:
    """Whether ``clean`` leaves nothing of ``line``; clean itself would take four times as long."""
    stripped = line.strip()
    return not stripped or (stripped[0] in "\0\u200b\ufeff" and not clean(stripped))


def check_file(path: str) -> None:
    """Raises FileError if ``path`` is missing, or can be read only once, like a pipe."""
    name = printable(path)
    try:
        exists, regular = Path(path).exists(), Path(path).is_file()
    except OSError as error:
        raise FileError(f"cannot read {name}: {error.strerror}") from error
    if not exists:
        raise FileError(f"{name} does not exist")
    if not regular:
        raise FileError(f"{name} is no regular file; text is read more than once, from files")


def _raw_pairs(config: CorpusConfig) -> Iterator[tuple[str, str]]:
    for path in (config.src, config.tgt):
        check_file(path)
    return read_pairs(Path(config.src), Path(config.tgt), cleaned=False)


def read_chunks(config: CorpusConfig) -> Iterator[Chunk]:
    """Yields the text of a corpus as it stands in its files.

    Raises:
        DataError: As ``s2s.text.read_pairs``.
        FileError: As that, or if a file can be read only once.
    """
    src: list[str] = []
    tgt: list[str] = []
    characters = 0
    for src_line, tgt_line in _raw_pairs(config):
        src.append(src_line)
        tgt.append(tgt_line)
        characters += len(src_line) + len(tgt_line)
        if len(src) == CHUNK_PAIRS or characters >= CHUNK_CHARACTERS:
            yield Chunk("\n".join(src).encode(), "\n".join(tgt).encode())
            src, tgt, characters = [], [], 0
    if src:
        yield Chunk("\n".join(src).encode(), "\n".join(tgt).encode())


def read_corpus(
    config: CorpusConfig, tokenizer: Tokenizer, *, max_pieces: int, max_ratio: float
) -> Corpus:
    """Reads and tokenises a corpus that is small enough for memory, for validation.

    Args:
        config: Where it is; its weight does not matter here.
        tokenizer: Of the run.
        max_pieces: Limit on each side; neither the end piece nor the tag is counted.
        max_ratio: Limit on longer side against shorter, see ``DataConfig``.

    Raises:
        ConfigError: If the tokenizer has no such tag.
        DataError: If the files do not match, or no pair is left.
        FileError: If one cannot be read.
    """
    how = make_filter(config, tokenizer, max_pieces, max_ratio)
    encode = ChunkEncoder(tokenizer)
    parts = [encode(chunk, how) for chunk in read_chunks(config)]
    counts = sum((part.counts for part in parts), PairCounts())
    check_kept(config, counts)
    return Corpus(join([part.src for part in parts]), join([part.tgt for part in parts]), counts)


def check_kept(config: CorpusConfig, counts: PairCounts) -> None:
    """Raises DataError if the filters left nothing of a corpus."""
    if not counts.kept:
        raise DataError(
            f"{printable(config.src)} and {printable(config.tgt)}: no sentence left to use; "
            f"{counts}"
        )
