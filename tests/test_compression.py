import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys

import pytest

from s2s import compression
from s2s.compression import compression_of, unpacked, without_ending
from s2s.errors import DataError, MissingPackageError
from s2s.text import read_lines

PACK = {"gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress}
DATA = b"one\ntwo\n" * 20_000


def zstd_compress(data, **options):
    zstd = pytest.importorskip(
        "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"
    )
    return zstd.compress(data, **options)


@pytest.fixture(params=[*PACK, "zstd"])
def pack(request):
    return PACK.get(request.param, zstd_compress)


def read(data, name="text"):
    with unpacked(io.BufferedReader(io.BytesIO(data)), name) as (stream, was_packed):
        assert was_packed
        return stream.read()


def test_packed_data_is_told_by_its_first_bytes_and_read_to_its_end(pack):
    assert read(pack(DATA)) == DATA
    assert read(pack(b"")) == b""


def test_all_parts_are_read_and_zeros_between_them_passed_over(pack):
    assert read(pack(b"one\n") + pack(b"") + pack(DATA)) == b"one\n" + DATA
    assert read(pack(b"one\n") + bytes(512)) == b"one\n"


def test_what_ends_too_early_or_is_followed_by_other_bytes_is_an_error(pack):
    data = pack(DATA)
    for damaged in (data[:-3], data[: len(data) // 2], data + b"more", data + data[:-3]):
        with pytest.raises(DataError, match=r"^text: the \w+ data is damaged \("):
            read(damaged)


def test_random_damage_is_an_error_of_one_line_or_the_same_text(pack):
    data = pack(DATA)
    for place in range(0, len(data), max(1, len(data) // 60)):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        if compression_of(bytes(damaged)) is None:
            continue
        try:
            # zstd has no checksum here, so it may not notice.
            assert read(bytes(damaged)) == DATA or pack is zstd_compress
        except DataError as error:
            assert "\n" not in str(error)


def test_a_checksum_of_zstd_is_looked_at():
    zstd = pytest.importorskip(
        "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"
    )
    data = zstd_compress(b"one\n", options={zstd.CompressionParameter.checksum_flag: 1})
    assert read(data) == b"one\n"
    with pytest.raises(DataError, match="zstd data is damaged"):
        read(data[:-1] + bytes([data[-1] ^ 1]))


def test_zstd_data_may_begin_with_a_frame_to_be_skipped():
    skipped = b"\x51\x2a\x4d\x18\4\0\0\0abcd"
    assert read(skipped + zstd_compress(b"one\n")) == b"one\n"


def test_a_window_of_more_memory_than_allowed_is_refused_with_advice(monkeypatch):
    monkeypatch.setattr(compression, "MEMORY_LIMIT", 1 << 20)
    with pytest.raises(DataError, match="xz data needs too much memory; pack it again with a"):
        read(lzma.compress(DATA))


def test_text_that_begins_like_packed_data_is_text(tmp_path):
    for text in ("B", "BZh", "BZh9", "P", "P*M", "PK", "^*M", "BZh91AY", ""):
        path = tmp_path / "text"
        path.write_text(text, encoding="utf-8")
        assert list(read_lines(path)) == [text] * bool(text)


def test_a_name_promises_packed_data(tmp_path):
    for each in compression.COMPRESSIONS:
        path = tmp_path / f"plain{each.ending}"
        path.write_bytes(b"plain\n")
        message = rf"plain\{each.ending}: the {each.name} data is damaged \(it has no {each.name} h"
        with pytest.raises(DataError, match=message):
            list(read_lines(path))
        assert without_ending(path.name) == "plain"


def test_a_missing_package_is_named(monkeypatch):
    zstd = "backports" if sys.version_info < (3, 14) else "compression"
    for module, data, message in (
        (zstd, b"\x28\xb5\x2f\xfd", r"^text is zstd data; install 's2s-onnx\[zstd\]', or unpack"),
        ("lzma", lzma.compress(b""), "^text is xz data; use a Python that has it"),
        ("bz2", bz2.compress(b""), "^text is bzip2 data; use a Python that has it"),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingPackageError, match=message):
            read(data)


@pytest.mark.parametrize("text", [b"B\n", b"P*M\n", b"eins\n"])
def test_a_typed_line_is_read_before_the_next_is_there(text):
    program = (
        "import sys; from s2s.text import read_lines; print(next(read_lines('-')), flush=True)"
    )
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        process.stdin.write(text)
        process.stdin.flush()
        assert process.stdout.readline() == text  # the input is still open
        process.stdin.close()
