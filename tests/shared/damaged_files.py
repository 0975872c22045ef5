"""Damages files at random: bytes, fields of a protobuf, values of JSON, a safetensors header.

The result depends on the file and the ``random.Random`` alone, so that a seed makes it again.
"""

import json

from s2s.protobuf import read_fields, write_field, write_varint

ONNX = {  # onnx.proto: the fields of a message that are messages
    "model": {7: "graph", 8: "opset", 14: "entry"},
    "graph": {1: "node", 5: "tensor", 11: "value", 12: "value"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph"},
    "value": {2: "type"},
    "type": {1: "tensor_type"},
    "tensor_type": {2: "shape"},
    "shape": {1: "dimension"},
}
SENTENCEPIECE = {  # sentencepiece_model.proto
    "model": {1: "piece", 2: "trainer", 3: "normalizer", 5: "normalizer"},
}
FIXED32 = {("attribute", 2), ("piece", 2)}
NUMBERS = (0, 1, 2, 3, 7, 127, 128, 2**31 - 1, 2**31, 2**32, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
ODD = [None, True, False, 0, 1, -1, 7, 999, 2**31, 2**63, 10**30, -1.5, 1e300, float("nan")]
ODD += [
    "\ud800\x1b[2J",
    json.loads("[" * 400 + "]" * 400),
    float("inf"),
    "",
    "\0",
    "lstm",
    "é" * 300,
    [],
    {},
    [None],
    [[[]]],
    {"": 0},
    "../../x",
]


def damage_bytes(rng, data):
    """Damages bytes anywhere."""
    if not data:
        return rng.randbytes(4)
    changed = bytearray(data)
    place = rng.randrange(len(data))
    size = min(rng.choice([1, 1, 2, 4, 8, 64, 1000]), len(data) - place)
    kind = rng.randrange(9)
    if kind == 0:
        changed[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        changed[place : place + size] = rng.randbytes(size)
    elif kind == 2:
        changed[place : place + size] = rng.choice([b"\0", b"\xff"]) * size
    elif kind == 3:
        changed[place:place] = rng.randbytes(size)
    elif kind == 4:
        del changed[place : place + size]
    elif kind == 5:
        del changed[place:]
    elif kind == 6:
        changed += rng.choice([rng.randbytes(size), bytes(size), data[:size]])
    elif kind == 7:
        other = rng.randrange(len(data))
        changed[place : place + size] = data[other : other + size]
    else:
        for _ in range(rng.randrange(2, 40)):
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


class Message:
    """A protobuf message that can be taken apart, changed and written again."""

    def __init__(self, schema, kind, data):
        self.kind = kind
        self.fields = [
            [number, self._inside(schema, number, value)]
            for number, value in read_fields(memoryview(data))
        ]

    def _inside(self, schema, number, value):
        if isinstance(value, int):
            return value
        child = schema.get(self.kind, {}).get(number)
        return bytes(value) if child is None else Message(schema, child, value)

    def write(self):
        written = []
        for number, value in self.fields:
            inside = value.write() if isinstance(value, Message) else value
            if isinstance(inside, bytes) and (self.kind, number) in FIXED32:
                written.append(write_varint(number << 3 | 5) + inside[:4].ljust(4, b"\0"))
            else:
                written.append(write_field(number, inside))
        return b"".join(written)

    def messages(self):
        """Yields this message and those in it."""
        yield self
        for _, value in self.fields:
            if isinstance(value, Message):
                yield from value.messages()


def damage_message(rng, data, schema):
    """Changes fields of a message, or of one within: values, order, number."""
    root = Message(schema, "model", data)
    by_kind = {}
    for message in root.messages():
        if message.fields:
            by_kind.setdefault(message.kind, []).append(message)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        kinds = [
            kind for kind in sorted(by_kind) if any(message.fields for message in by_kind[kind])
        ]
        message = rng.choice(
            [candidate for candidate in by_kind[rng.choice(kinds)] if candidate.fields]
        )
        _change_field(rng, message)
    return root.write()


def _change_field(rng, message):
    fields = message.fields
    place = rng.randrange(len(fields))
    field = fields[place]
    kind = rng.randrange(10)
    if kind == 0:
        del fields[place]
    elif kind == 1:
        fields.insert(place, list(field))
    elif kind == 2:
        other = rng.randrange(len(fields))
        field[1], fields[other][1] = fields[other][1], field[1]
    elif kind == 3:
        field[0] = rng.choice([1, 2, 3, 4, 5, 6, 7, 9, 13, 14, 15, 20, 25])
    elif isinstance(field[1], int):
        field[1] = rng.choice([*NUMBERS, field[1] ^ 1, field[1] + 1])
    elif isinstance(field[1], bytes):
        field[1] = rng.choice([damage_bytes(rng, field[1]), write_varint(rng.choice(NUMBERS))])
    elif field[1].fields:
        _change_field(rng, field[1])


def damage_json(rng, value, odd=ODD):
    """Changes values of what JSON holds; returns the text."""
    value = json.loads(json.dumps(value))
    for _ in range(rng.choice([1, 1, 1, 3])):
        places = list(_places(value))
        if not places:
            return json.dumps(rng.choice(odd))
        owner, key = rng.choice(places)
        kind = rng.randrange(8)
        if kind == 0:
            del owner[key]
        elif kind == 1:
            other, name = rng.choice(places)
            owner[key] = json.loads(json.dumps(other[name]))
        elif kind == 2 and isinstance(owner, dict):
            owner[key + "x"] = owner.pop(key)
        elif kind == 3 and isinstance(owner[key], int):
            owner[key] += rng.choice([-1, 1, 64])
        else:
            owner[key] = rng.choice(odd)
    return json.dumps(value)


def _places(value):
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def damage_safetensors(rng, data):
    """Changes the header of a safetensors file, or its length, or its data."""
    size = int.from_bytes(data[:8], "little")
    header, tensors = data[8 : 8 + size], data[8 + size :]
    kind = rng.randrange(6)
    if kind == 0:
        return rng.choice(NUMBERS).to_bytes(8, "little") + data[8:]
    if kind == 1:
        return data[: 8 + size] + damage_bytes(rng, tensors)
    if kind == 2:
        header = damage_bytes(rng, header)
    else:
        odd = [*ODD, "F64", "F16", "BF16", "I8", "BOOL", "C64", [0, 2**62], [-1], [2**40, 2**40]]
        header = damage_json(rng, json.loads(header), odd).encode()
    return len(header).to_bytes(8, "little") + header + tensors
