"""Parallel text: read in chunks, or read into memory if it is small."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import ceil
from pathlib import Path

from s2s.corpus.chunks import (
    CHUNK_CHARACTERS,
    CHUNK_PAIRS,
    Chunk,
    ChunkTokenizer,
    PairCounts,
    make_filter,
)
from s2s.corpus.columns import is_code
from s2s.corpus.config import CorpusConfig
from s2s.corpus.pair_file import PairFile, open_pair_file
from s2s.corpus.repeats import Repeats
from s2s.corpus.sentences import Sentences, join
from s2s.errors import DataError, FileError, printable
from s2s.text import clean, read_lines, read_pairs
from s2s.tokenizer import Tokenizer

__all__ = [
    "Corpus",
    "PairCounts",
    "check_accepted",
    "check_file",
    "column_languages",
    "count_pairs",
    "is_blank",
    "open_pairs",
    "raw_pairs",
    "raw_references",
    "read_chunks",
    "read_corpus",
]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pairs in memory: sentence i of ``src`` is translated by sentence i of ``tgt``."""

    src: Sentences
    tgt: Sentences
    counts: PairCounts

    def __len__(self) -> int:
        return len(self.src)


def is_blank(line: str) -> bool:
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


def raw_pairs(config: CorpusConfig) -> Iterator[tuple[str, str]]:
    """Yields the line pairs of a corpus, unchanged; see ``read_chunks`` for errors."""
    for path in config.paths:
        check_file(path)
    if config.pairs is not None:
        return open_pairs(config).pairs
    src, tgt = map(Path, config.paths)
    return read_pairs(src, tgt, cleaned=False)


def count_pairs(corpora: Iterable[CorpusConfig], most: int) -> float:
    """Counts the line pairs of some corpora, each as often as its weight says.

    Args:
        corpora: The corpora.
        most: Stop when so many are counted.

    Raises:
        DataError: As ``raw_pairs``.
        FileError: As ``raw_pairs``.
    """
    count = 0.0
    for config in corpora:
        pairs = raw_pairs(config)
        left = max(0, ceil((most - count) / config.weight))
        count += config.weight * sum(1 for _ in islice(pairs, left))
    return count


def raw_references(config: CorpusConfig) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields each source line of a validation corpus with all its translations, unchanged.

    Raises:
        DataError: If a file of ``more_tgt`` has another number of lines; else as ``raw_pairs``.
        FileError: As ``raw_pairs``.
    """
    for path in config.more_tgt:
        check_file(path)
    pairs = raw_pairs(config)
    if not config.more_tgt:
        yield from ((src, (tgt,)) for src, tgt in pairs)
        return
    rows = list(pairs)
    more = [list(read_lines(Path(path))) for path in config.more_tgt]
    for path, lines in zip(config.more_tgt, more, strict=True):
        if len(lines) != len(rows):
            raise DataError(
                f"{printable(path)} has {len(lines)} lines but {printable(config.paths[-1])} has "
                f"{len(rows)}; further translations must match line by line"
            )
    for (src, tgt), *others in zip(rows, *more, strict=True):
        yield src, (tgt, *others)


def open_pairs(config: CorpusConfig) -> PairFile:
    """Opens a corpus that is one file; see ``open_pair_file`` for errors."""
    assert config.pairs is not None
    check_file(config.pairs)
    return open_pair_file(config.pairs, config.columns, config.pairs_format)


def column_languages(config: CorpusConfig) -> tuple[str | None, str | None]:
    """Returns the languages that the columns of a file are named after, None if they are not."""
    layout = open_pairs(config).layout
    if layout is None:
        return None, None
    names = [side[0].rpartition(".")[2] for side in layout.columns]
    src, tgt = (name if is_code(name) else None for name in names)
    return src, tgt


def read_chunks(config: CorpusConfig, repeats: Repeats | None = None) -> Iterator[Chunk]:
    """Yields the text of a corpus, unchanged, in chunks.

    Args:
        config: The corpus.
        repeats: Counts pairs that occur again, or leaves them out.

    Raises:
        DataError: As ``s2s.text.read_pairs`` and ``s2s.corpus.pair_file.open_pair_file``.
        FileError: As ``s2s.text.read_pairs``, or if a file can be read only once.
    """
    src: list[str] = []
    tgt: list[str] = []
    characters = 0
    for src_line, tgt_line in raw_pairs(config):
        src.append(src_line)
        tgt.append(tgt_line)
        characters += len(src_line) + len(tgt_line)
        if len(src) == CHUNK_PAIRS or characters >= CHUNK_CHARACTERS:
            yield from _chunk(src, tgt, repeats)
            src, tgt, characters = [], [], 0
    yield from _chunk(src, tgt, repeats)


def _chunk(src: list[str], tgt: list[str], repeats: Repeats | None) -> Iterator[Chunk]:
    """Yields a chunk, unless no pair is left."""
    if repeats is not None:
        rows = [
            row
            for row, pair in enumerate(zip(src, tgt, strict=True))
            if not any(map(is_blank, pair))
        ]
        again = repeats.find([src[row] for row in rows], [tgt[row] for row in rows])
        if repeats.drop:
            dropped = {row for row, is_again in zip(rows, again.tolist(), strict=True) if is_again}
            src, tgt = (
                [text for row, text in enumerate(side) if row not in dropped] for side in (src, tgt)
            )
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
            f"{config.name}: no pair was accepted ({counts}); check the text, or raise max_pieces "
            "or max_ratio (--set max_pieces=400, --set max_ratio=20)"
        )
