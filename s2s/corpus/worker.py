"""A process that cuts text into pieces: chunks in on standard input, arrays out on standard output.

``python -m s2s.corpus.worker`` is started by ``s2s.corpus.pool`` and ends with its input, so also
when the parent is killed. A message is some parts of bytes, each with its length before it; no
pickle. Nothing slow to import belongs here.
"""

import json
import os
import struct
from typing import IO

import numpy as np

from s2s.corpus.chunks import Chunk, ChunkEncoder, Filter, PairCounts, Resample, TokenizedChunk
from s2s.corpus.sentences import Sentences
from s2s.tokenizer import Tokenizer

_LENGTH = struct.Struct("<Q")
Part = bytes | bytearray | memoryview
_TEXTS = ("src", "tgt", "src_text", "tgt_text")


def send(stream: IO[bytes], *parts: Part) -> None:
    """Writes one message."""
    stream.write(_LENGTH.pack(len(parts)))
    for part in parts:
        stream.write(_LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes]) -> list[bytes] | None:
    """Reads one message; None if the stream has ended.

    Raises:
        EOFError: If it ends within the message.
    """
    head = stream.read(_LENGTH.size)
    if not head:
        return None
    (count,) = _LENGTH.unpack(_whole(head, _LENGTH.size))
    parts = []
    for _ in range(count):
        (length,) = _LENGTH.unpack(_whole(stream.read(_LENGTH.size), _LENGTH.size))
        parts.append(_whole(stream.read(length), length))
    return parts


def _whole(data: bytes, length: int) -> bytes:
    if len(data) < length:
        raise EOFError(f"{len(data)} bytes instead of {length}")
    return data


def pack_tokenizer(tokenizer: Tokenizer) -> tuple[bytes, bytes, bytes]:
    """Returns the message that a process is sent first."""
    keep = () if tokenizer.keep is None else tokenizer.keep.patterns
    header = json.dumps({"tags": tokenizer.tags, "keep": keep})
    return tokenizer.src_model, tokenizer.tgt_model or b"", header.encode()


def unpack_tokenizer(parts: list[bytes]) -> Tokenizer:
    """Returns what ``pack_tokenizer`` was given."""
    return Tokenizer(parts[0], parts[1] or None, **json.loads(parts[2]))


def pack_job(chunk: Chunk, how: Filter | Resample) -> tuple[bytes, bytes, bytes]:
    """Returns the message that asks for a chunk's pieces."""
    header = {"how": type(how).__name__, "settings": how._asdict()}
    return json.dumps(header).encode(), chunk.src, chunk.tgt


def unpack_job(parts: list[bytes]) -> tuple[Chunk, Filter | Resample]:
    """Returns what ``pack_job`` was given."""
    header = json.loads(parts[0])
    kind = {"Filter": Filter, "Resample": Resample}[header["how"]]
    return Chunk(*parts[1:]), kind(**header["settings"])


def pack_encoded(encoded: TokenizedChunk) -> list[Part]:
    """Returns the answer as a message."""
    counts = {name: getattr(encoded.counts, name) for name in PairCounts.__slots__}
    dtypes = [getattr(encoded, name).ids.dtype.str for name in _TEXTS]
    parts: list[Part] = [json.dumps({"counts": counts, "dtypes": dtypes}).encode()]
    for name in _TEXTS:
        sentences = getattr(encoded, name)
        parts += [sentences.ids.tobytes(), sentences.offsets.tobytes()]
    return parts


def unpack_encoded(parts: list[bytes]) -> TokenizedChunk:
    """Returns what ``pack_encoded`` was given."""
    header = json.loads(parts[0])
    src, tgt, src_text, tgt_text = (
        Sentences(np.frombuffer(ids, dtype), np.frombuffer(offsets, np.int64))
        for ids, offsets, dtype in zip(parts[1::2], parts[2::2], header["dtypes"], strict=True)
    )
    return TokenizedChunk(src, tgt, src_text, tgt_text, PairCounts(**header["counts"]))


def main() -> None:
    """Answers one message after the other; the first one holds the tokenizer."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    try:
        if (first := receive(requests)) is None:
            return
        encode = ChunkEncoder(unpack_tokenizer(first))
        while (parts := receive(requests)) is not None:
            send(answers, *pack_encoded(encode(*unpack_job(parts))))
    except (BrokenPipeError, EOFError):
        os._exit(0)  # the parent has gone; there is nobody to flush the rest to


if __name__ == "__main__":
    main()
