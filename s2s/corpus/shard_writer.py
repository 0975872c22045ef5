"""The files of a tokenised corpus while they are written: ids and where each sentence begins."""

import os
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.corpus.chunks import PairCounts, TokenizedChunk
from s2s.corpus.sentences import Sentences, ids_dtype
from s2s.tokenizer import Tokenizer

IDS = ("src", "tgt")
"""Names of the files with ids of pieces."""
TEXTS = ("src_text", "tgt_text")
"""Names of the files with bytes of text."""


class FileFacts(NamedTuple):
    """Size and checksum, which show that a file is damaged."""

    bytes: int
    crc32: int


class ShardWriter:
    """Appends chunks to the files of a corpus."""

    def __init__(self, folder: Path, tokenizer: Tokenizer, keep_text: bool) -> None:
        """Begins the files in ``folder``; with ``keep_text``, those of the text, too."""
        sizes = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
        self.dtypes = {name: ids_dtype(size).str for name, size in zip(IDS, sizes, strict=True)} | (
            {name: np.dtype(np.uint8).str for name in TEXTS} if keep_text else {}
        )
        self.counts = PairCounts()
        self._total = dict.fromkeys(self.dtypes, 0)
        names = [f"{name}.{part}" for name in self.dtypes for part in ("ids", "offsets")]
        self._open = ExitStack()
        self._files = {name: self._open.enter_context((folder / name).open("wb")) for name in names}
        self._facts = dict.fromkeys(names, FileFacts(0, 0))
        for name in self.dtypes:
            self._write(f"{name}.offsets", np.zeros(1, "<i8"))

    def add(self, chunk: TokenizedChunk) -> None:
        """Appends the pairs of a chunk."""
        self.counts += chunk.counts
        for name in self.dtypes:
            sentences: Sentences = getattr(chunk, name)
            self._write(f"{name}.ids", sentences.ids)
            offsets = sentences.offsets[1:] + self._total[name]
            self._write(f"{name}.offsets", offsets.astype("<i8"))
            self._total[name] += int(sentences.offsets[-1])

    def close(self) -> dict[str, FileFacts]:
        """Flushes the files to the disk; returns size and checksum of each."""
        with self._open:
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
        return self._facts

    def _write(self, name: str, array: NDArray[Any]) -> None:
        data = array.tobytes()
        self._files[name].write(data)
        before = self._facts[name]
        self._facts[name] = FileFacts(before.bytes + len(data), zlib.crc32(data, before.crc32))
