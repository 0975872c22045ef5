"""A tokenising process: reads chunks from standard input, writes arrays to standard output.

``s2s.corpus.pool`` starts it as ``python -m s2s.corpus.worker``. It ends when its input ends, so
also when its parent is killed. A message is the number of its parts, then each part after its
length; there is no pickle. The process should start fast: import nothing slow here.
"""

import json
import os
import struct
from typing import IO

import numpy as np

from s2s.corpus.chunks import Chunk, ChunkTokenizer, Filter, PairCounts, Resample, TokenizedChunk
from s2s.corpus.config import AugmentConfig
from s2s.corpus.sentences import Sentences
from s2s.tokenizer import Tokenizer

_LENGTH = struct.Struct("<Q")
_FIELDS = ("src", "tgt", "src_text", "tgt_text")
"""Sentences of a ``TokenizedChunk``, in the order of the message."""


def send(stream: IO[bytes], *parts: bytes) -> None:
    """Writes one message."""
    stream.write(_LENGTH.pack(len(parts)))
    for part in parts:
        stream.write(_LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes]) -> list[bytes] | None:
    """Reads one message; None if the stream has ended.

    Raises:
        EOFError: If the stream ends within the message.
    """
    head = stream.read(_LENGTH.size)
    if not head:
        return None
    (count,) = _LENGTH.unpack(_complete(head, _LENGTH.size))
    parts = []
    for _ in range(count):
        (length,) = _LENGTH.unpack(_complete(stream.read(_LENGTH.size), _LENGTH.size))
        parts.append(_complete(stream.read(length), length))
    return parts


def _complete(data: bytes, length: int) -> bytes:
    """Returns ``data`` if it has ``length`` bytes; else the stream ended too early."""
    if len(data) < length:
        raise EOFError(f"{len(data)} bytes instead of {length}")
    return data


def pack_tokenizer(tokenizer: Tokenizer) -> tuple[bytes, bytes, bytes]:
    """Returns the first message to a process."""
    keep = () if tokenizer.keep is None else tokenizer.keep.patterns
    header = json.dumps({"tags": tokenizer.tags, "keep": keep})
    return tokenizer.src_model, tokenizer.tgt_model or b"", header.encode()


def unpack_tokenizer(parts: list[bytes]) -> Tokenizer:
    """Returns what ``pack_tokenizer`` was given."""
    return Tokenizer(parts[0], parts[1] or None, **json.loads(parts[2]))


def pack_job(chunk: Chunk, how: Filter | Resample) -> tuple[bytes, bytes, bytes]:
    """Returns the message that asks a process to tokenise a chunk."""
    settings = how._asdict()
    if isinstance(how, Resample):
        settings["augment"] = how.augment.to_dict()
    header = {"how": type(how).__name__, "settings": settings}
    return json.dumps(header).encode(), chunk.src, chunk.tgt


def unpack_job(parts: list[bytes]) -> tuple[Chunk, Filter | Resample]:
    """Returns what ``pack_job`` was given."""
    header = json.loads(parts[0])
    settings, chunk = header["settings"], Chunk(*parts[1:])
    if header["how"] == "Filter":
        return chunk, Filter(**settings)
    settings["augment"] = AugmentConfig.from_dict(settings["augment"])
    return chunk, Resample(**settings)


def pack_answer(chunk: TokenizedChunk) -> list[bytes]:
    """Returns the message with a chunk's pieces."""
    dtypes = [getattr(chunk, name).ids.dtype.str for name in _FIELDS]
    header = {"counts": chunk.counts.to_dict(), "dtypes": dtypes}
    parts = [json.dumps(header).encode(), chunk.rows.tobytes()]
    for name in _FIELDS:
        sentences = getattr(chunk, name)
        parts += [sentences.ids.tobytes(), sentences.offsets.tobytes()]
    return parts


def unpack_answer(parts: list[bytes]) -> TokenizedChunk:
    """Returns what ``pack_answer`` was given."""
    header = json.loads(parts[0])
    src, tgt, src_text, tgt_text = (
        Sentences(np.frombuffer(ids, dtype), np.frombuffer(offsets, np.int64))
        for ids, offsets, dtype in zip(parts[2::2], parts[3::2], header["dtypes"], strict=True)
    )
    counts = PairCounts.from_dict(header["counts"])
    rows = np.frombuffer(parts[1], np.int64)
    return TokenizedChunk(src, tgt, src_text, tgt_text, counts, rows)


def main() -> None:
    """Answers messages one by one; the first message holds the tokenizer."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write between the answers
    try:
        if (first := receive(requests)) is None:
            return
        tokenize = ChunkTokenizer(unpack_tokenizer(first))
        while (parts := receive(requests)) is not None:
            send(answers, *pack_answer(tokenize(*unpack_job(parts))))
    except (BrokenPipeError, EOFError):
        os._exit(0)  # the parent has ended: nobody reads what is still in the buffers


if __name__ == "__main__":
    main()
