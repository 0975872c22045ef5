"""Gives a model file a record of its training text, as files of today have it."""

import json

from s2s.formats.checksum import sealed
from s2s.formats.model_file import read_model_file
from s2s.protobuf import write_field

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
