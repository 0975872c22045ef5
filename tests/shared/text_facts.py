"""Gives a model file a record of its training text, as files of today have it."""

import base64
import json

from s2s.formats.checksum import sealed
from s2s.formats.model_file import read_model_file
from s2s.protobuf import read_fields, write_field
from s2s.tokenizer.pieces import append_pieces, read_pieces

PLAIN = {
    "several_sentences": 0.0,
    "src_length": 30,
    "capitals": 0.0,
    "title_case": 0.0,
    "lower_start": 1.0,
    "any_capitals": 0.0,
    "end_marks": 0.0,
}
"""The text of ``tiny.onnx``: small letters, one sentence a line, no end marks."""


def with_facts(path, **facts):
    """Returns the bytes of a model file with the record ``PLAIN``, changed by ``facts``."""
    card = json.loads(read_model_file(path).header.metadata["s2s.config"])
    card["text"] = {**PLAIN, **facts}
    entry = write_field(1, b"s2s.config") + write_field(2, json.dumps(card).encode())
    return sealed(path.read_bytes() + write_field(14, entry))


def with_other_pieces(data, **texts):
    """Returns the bytes of a model file whose vocabulary writes some pieces in another way.

    Args:
        data: The file.
        texts: New texts by old ones, for ``tokenizer`` and ``tgt_tokenizer``.
    """
    model = read_model_file(data).tokenizer.src_model
    rest = b"".join(
        write_field(number, value if isinstance(value, int) else bytes(value))
        for number, value in read_fields(memoryview(model))
        if number != 1
    )
    for name, new in texts.items():
        pieces = [
            piece._replace(text=new.get(piece.text, piece.text)) for piece in read_pieces(model)
        ]
        changed = base64.b64encode(append_pieces(rest, pieces))
        entry = write_field(1, f"s2s.{name}".encode()) + write_field(2, changed)
        data += write_field(14, entry)
    return sealed(data)
