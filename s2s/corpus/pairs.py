"""Parallel text: surveyed as a whole, read in chunks, or read into memory if it is small."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2s.corpus.chunks import (
    CHUNK_CHARACTERS,
    CHUNK_PAIRS,
    Chunk,
    ChunkTokenizer,
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
    "check_accepted",
    "check_file",
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
    """Sizes of some corpora, and a sample of their text."""

    pairs: tuple[int, ...]
    """For each corpus: pairs without a blank side."""
    src: list[str]
    """Source sentences of the sample, cleaned, in the order of the text, without tags."""
    tgt: list[str]
    """Target sentences of the sample, one for each source sentence."""


def survey(
    corpora: Sequence[CorpusConfig], sample: int, seed: int, *, purpose: str = "train"
) -> Survey:
    """Reads all text once: checks it, counts its pairs and draws a random sample.

    Every pair of every corpus has the same chance to be in the sample, whatever the weights. Memory
    is bounded by the sample (Vitter 1985, "Random Sampling with a Reservoir", algorithm R).

    Args:
        corpora: The files.
        sample: Number of pairs to draw; if there are fewer, all of them are returned.
        seed: Seed of the draw.
        purpose: A verb for the error message: "no sentence to train on".

    Raises:
        DataError: If the sides of a corpus do not match line by line, a file is not UTF-8, or a
            corpus has only pairs with a blank side.
        FileError: If a file cannot be read, or can be read only once.
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
            elif (row := int(draw() * seen)) < sample:
                drawn[row] = (seen, clean(src), clean(tgt))
        pairs.append(seen - before)
        if not pairs[-1]:
            raise DataError(
                f"{printable(config.src)} and {printable(config.tgt)} have no pair to {purpose} "
                "on; expected at least one line that is blank in neither file"
            )
    drawn.sort()
    return Survey(tuple(pairs), [src for _, src, _ in drawn], [tgt for _, _, tgt in drawn])


def _blank(line: str) -> bool:
    """Whether ``clean`` returns an empty text; to call it would take four times as long."""
    stripped = line.strip()
    return not stripped or (stripped[0] in "\0\u200b\ufeff" and not clean(stripped))


def check_file(path: str) -> None:
    """Raises FileError if ``path`` is missing, or can be read only once, as a pipe."""
    name = printable(path)
    try:
        exists, regular = Path(path).exists(), Path(path).is_file()
    except OSError as error:
        raise FileError(f"cannot read {name}: {error.strerror}") from error
    if not exists:
        raise FileError(f"{name} does not exist")
    if not regular:
        raise FileError(
            f"{name} is not a regular file; training reads its text more than once, so name a file"
        )


def _raw_pairs(config: CorpusConfig) -> Iterator[tuple[str, str]]:
    for path in (config.src, config.tgt):
        check_file(path)
    return read_pairs(Path(config.src), Path(config.tgt), cleaned=False)


def read_chunks(config: CorpusConfig) -> Iterator[Chunk]:
    """Yields the text of a corpus, unchanged, in chunks.

    Raises:
        DataError: As ``s2s.text.read_pairs``.
        FileError: As ``s2s.text.read_pairs``, or if a file can be read only once.
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
        config: The corpus' files and tag; its weight does not matter here.
        tokenizer: Tokenizer of the run.
        max_pieces: Most pieces of a side; neither the end piece nor the tag is counted.
        max_ratio: Limit on the longer side against the shorter one, see ``DataConfig``.

    Raises:
        ConfigError: If the tokenizer lacks the tag.
        DataError: If the files do not match, or no pair is accepted.
        FileError: If a file cannot be read.
    """
    how = make_filter(config, tokenizer, max_pieces=max_pieces, max_ratio=max_ratio)
    tokenize = ChunkTokenizer(tokenizer)
    chunks = [tokenize(chunk, how) for chunk in read_chunks(config)]
    counts = sum((chunk.counts for chunk in chunks), PairCounts())
    check_accepted(config, counts)
    return Corpus(
        src=join([chunk.src for chunk in chunks]),
        tgt=join([chunk.tgt for chunk in chunks]),
        counts=counts,
    )


def check_accepted(config: CorpusConfig, counts: PairCounts) -> None:
    """Raises DataError if no pair of a corpus was accepted."""
    if not counts.accepted:
        raise DataError(
            f"{printable(config.src)} and {printable(config.tgt)}: no pair was accepted "
            f"({counts}); check the text, or raise max_pieces or max_ratio (--set max_ratio=20)"
        )
