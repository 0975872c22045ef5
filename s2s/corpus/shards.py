"""Tokenised text on disk: made once, checked before each use, read in stretches.

A corpus is a folder. Its name is a hash of all that it was made from: both texts, the tokenizer,
the tag, the limits. It is made under another name and then renamed, so that it is complete or does
not exist, even if several processes make it at once. Memory does not grow with the text: stretches
are read into arrays and not mapped, so no page of a file counts as memory of this process.
"""

import hashlib
import json
import os
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2s.corpus.chunks import Filter, PairCounts, make_filter
from s2s.corpus.config import CorpusConfig
from s2s.corpus.pairs import check_accepted, check_file, open_pairs, read_chunks
from s2s.corpus.pool import TokenizerPool
from s2s.corpus.repeats import LIMIT, Repeats
from s2s.corpus.sentences import Sentences
from s2s.corpus.shard_writer import IDS, TEXTS, ShardWriter
from s2s.errors import DataError, FileError, printable
from s2s.files import atomic_folder, remove_abandoned
from s2s.tokenizer import Tokenizer

FORMAT = 2
"""Version of the files, part of the key; raised if older files could be misread."""
META_FILE = "meta.json"
REPORT_SECONDS = 30.0
"""Seconds between two progress reports."""
_READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Shards:
    """A corpus on disk, in the order of its text."""

    folder: Path
    key: str
    """Hash of all that it was made from: the same key means the same sentences."""
    counts: PairCounts
    dtypes: dict[str, str]

    def __len__(self) -> int:
        return self.counts.accepted

    @property
    def has_text(self) -> bool:
        """Whether the text is stored too, so that it can be cut into pieces again."""
        return TEXTS[0] in self.dtypes

    def tokens(self) -> tuple[int, int]:
        """Returns the numbers of source and target tokens, end pieces and tags counted.

        Raises:
            FileError: If the files were removed or cut short.
        """
        last, offset = len(self), np.dtype("<i8")
        src, tgt = (self._array(f"{side}.offsets", offset, last, last + 1) for side in IDS)
        return int(src[0]), int(tgt[0])

    def lengths(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns source and target lengths of the pairs from ``start`` to before ``stop``.

        End pieces and tags are counted.

        Raises:
            FileError: If the files were removed or cut short.
        """
        src, tgt = (
            np.diff(self._array(f"{side}.offsets", np.dtype("<i8"), start, stop + 1))
            for side in IDS
        )
        return src, tgt

    def read(self, start: int, stop: int) -> tuple[Sentences, Sentences]:
        """Returns source and target of the pairs from ``start`` to before ``stop``.

        Raises:
            FileError: If the files were removed or cut short.
        """
        return self._read("src", start, stop), self._read("tgt", start, stop)

    def read_text(self, start: int, stop: int) -> tuple[Sentences, Sentences]:
        """Returns the same pairs as bytes of their text, with line ends; needs ``has_text``."""
        return self._read("src_text", start, stop), self._read("tgt_text", start, stop)

    def _read(self, name: str, start: int, stop: int) -> Sentences:
        offsets = self._array(f"{name}.offsets", np.dtype("<i8"), start, stop + 1)
        first, last = int(offsets[0]), int(offsets[-1])
        ids = self._array(f"{name}.ids", np.dtype(self.dtypes[name]), first, last)
        return Sentences(ids, offsets - first)

    def _array(self, name: str, dtype: np.dtype[Any], start: int, stop: int) -> NDArray[Any]:
        path = self.folder / name
        array = np.empty(stop - start, dtype)
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(start * dtype.itemsize)
                data, done = array.view(np.uint8).data, 0
                while done < len(data) and (read := file.readinto(data[done:])):
                    done += read
        except OSError as error:
            raise FileError(f"cannot read {printable(str(path))}: {error.strerror}") from error
        if done < len(data):
            raise FileError(
                f"{printable(str(path))} became shorter while it was being read; start again"
            )
        return array


def open_shards(
    config: CorpusConfig,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    max_pieces: int,
    max_ratio: float,
    keep_text: bool,
    report: Callable[[str], None],
    workers: int | None = None,
    deduplicate: bool = False,
) -> Shards:
    """Opens a corpus as ids, and tokenises it first if that was not done before.

    Args:
        config: The corpus' files, tag and weight.
        tokenizer: Tokenizer of the run.
        folder: Folder of all corpora, each in a folder of its own; made if missing.
        max_pieces: Most pieces of a side; neither the end piece nor the tag is counted.
        max_ratio: Limit on the longer side against the shorter one, see ``DataConfig``.
        keep_text: Whether the text is stored too, for subword sampling and augmentation.
        report: Called with a line about what is done, and now and then about the progress.
        workers: Tokenising processes; None: one a core.
        deduplicate: Whether pairs that occur again are left out; they are always counted.

    Raises:
        ConfigError: If the tokenizer lacks the tag.
        DataError: If the files do not match, or no pair is accepted.
        FileError: If a file cannot be read, or ``folder`` cannot be written to.
    """
    how = make_filter(
        config, tokenizer, max_pieces=max_pieces, max_ratio=max_ratio, keep_text=keep_text
    )
    stamps = [_stamp(path) for path in config.paths]
    key = _key(config, tokenizer, how, deduplicate)
    target = folder / key
    what = ", ".join(map(printable, config.paths))
    for name in remove_abandoned(folder, min_age=0.0):
        report(f"removed {folder / name}, unfinished tokenised text of another run")
    if target.exists():
        loaded = load(target, key)
        if isinstance(loaded, Shards):
            report(f"{what}: using the tokenised text in {target}")
            return loaded
        report(f"{what}: tokenised text in {target} is damaged ({loaded}); tokenising again")
    else:
        report(f"{what}: tokenising")
    with atomic_folder(target, lambda: isinstance(load(target, key), Shards)) as lent:
        with TokenizerPool(tokenizer, workers) as pool:
            repeats = Repeats(drop=deduplicate)
            jobs = ((chunk, how) for chunk in read_chunks(config, repeats))
            writer = ShardWriter(lent, tokenizer, keep_text)
            try:
                reported = time.monotonic()
                for chunk in pool.map(jobs):
                    writer.add(chunk)
                    if time.monotonic() - reported >= REPORT_SECONDS:
                        report(f"{what}: {writer.counts.read:,} pairs tokenised so far")
                        reported = time.monotonic()
            finally:
                facts = writer.close()
        writer.counts = repeats.count(writer.counts)
        if repeats.is_full:
            report(f"{what}: repeated pairs were looked for among {LIMIT:,} different ones only")
        check_accepted(config, writer.counts)
        if [_stamp(path) for path in config.paths] != stamps:
            raise DataError(f"{what} changed while it was being read; start again")
        meta = {
            "format": FORMAT,
            "key": key,
            "counts": writer.counts.to_dict(),
            "dtypes": writer.dtypes,
            "files": {name: fact._asdict() for name, fact in facts.items()},
        }
        text = json.dumps(meta, indent=2) + "\n"
        (lent / META_FILE).write_text(text, encoding="utf-8")
    return Shards(target, key, writer.counts, writer.dtypes)


def load(folder: Path, key: str) -> Shards | str:
    """Returns the corpus in ``folder``, or what is wrong with it."""
    try:
        meta = json.loads((folder / META_FILE).read_text(encoding="utf-8"))
        if (meta["format"], meta["key"]) != (FORMAT, key):
            return f"{META_FILE} belongs to another corpus"
        for name, facts in meta["files"].items():
            path = folder / name
            if (size := path.stat().st_size) != facts["bytes"]:
                return f"{name} has {size} bytes instead of {facts['bytes']}"
            if _checksum(path) != facts["crc32"]:
                return f"{name} has a wrong checksum"
        shards = Shards(folder, key, PairCounts.from_dict(meta["counts"]), dict(meta["dtypes"]))
        return (
            shards if _sizes_match(shards) else f"the counts in {META_FILE} do not match its files"
        )
    except OSError as error:
        return f"{Path(error.filename or folder).name}: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{META_FILE} cannot be read"


def _sizes_match(shards: Shards) -> bool:
    """Whether the sizes of the files fit the counts and number types of ``META_FILE``."""
    if not {*IDS} <= shards.dtypes.keys() <= {*IDS, *TEXTS}:
        return False
    for name, kind in shards.dtypes.items():
        offsets = shards.folder / f"{name}.offsets"
        if offsets.stat().st_size != 8 * (len(shards) + 1):
            return False
        with offsets.open("rb") as file:
            file.seek(-8, os.SEEK_END)
            total = int.from_bytes(file.read(), "little")
        kinds = ("|u1",) if name in TEXTS else ("<u2", "<i4")
        size = (shards.folder / f"{name}.ids").stat().st_size
        if kind not in kinds or size != total * np.dtype(kind).itemsize:
            return False
    return True


def _key(config: CorpusConfig, tokenizer: Tokenizer, how: Filter, deduplicate: bool) -> str:
    """Returns a hash of all that decides the tokenised text."""
    models = (tokenizer.src_model, tokenizer.tgt_model)
    parts = {
        "format": FORMAT,
        "filter": how._asdict(),
        "tags": tokenizer.tags,
        "models": [None if model is None else _hash(model) for model in models],
        "text": [_hash_file(path) for path in config.paths],
    }
    if config.pairs is not None:
        parts["layout"] = open_pairs(config).layout
    if deduplicate:
        parts["deduplicate"] = True
    if tokenizer.keep is not None:  # else the key is that of an s2s that had no ``keep``
        parts["keep"] = tokenizer.keep.patterns
    return _hash(json.dumps(parts, sort_keys=True).encode())[:32]


def _stamp(path: str) -> tuple[int, int]:
    """Returns size and time of the last change, to notice that a file was changed."""
    check_file(path)
    status = Path(path).stat()
    return status.st_size, status.st_mtime_ns


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def _hash_file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
    except OSError as error:
        raise FileError(f"cannot read {printable(path)}: {error.strerror}") from error


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_READ_SIZE):
            checksum = zlib.crc32(data, checksum)
    return checksum
