"""The text model: the whole graph with the tokenizer's operators around it, strings in and out.

SentencePiece itself cuts and joins, as an operator of onnxruntime-extensions. Other operators do
what s2s does before and after: ``s2s.text.clean`` except for Unicode form NFC, the end piece, tags,
and blank sentences, which have blank translations.
"""

from collections.abc import Sequence

import numpy as np
import onnx

from s2s.config import EOS_ID, PAD_ID, SearchConfig
from s2s.formats.model_file import TEXT_INPUT, TO_INPUT
from s2s.model.seq2seq import Seq2Seq
from s2s.text import ZERO_WIDTH_SPACE
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import BYTE, read_pieces
from s2s.tokenizer.tags import language_codes
from s2s.version import __version__
from s2s_export.graph.builder import (
    BOOL,
    EXTENSIONS,
    FLOAT,
    INT64,
    ML,
    STRING,
    Graph,
    Value,
    to_model,
)
from s2s_export.graph.whole_numbers import num_rows
from s2s_export.model import (
    Precision,
    as_members,
    beam_axis,
    check_precision,
    domains_of,
    write_search,
)
from s2s_export.search.beam import OutputValues

BLANKS = (
    r"[\x00\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}"
    r"\x{205f}\x{3000}\x{feff}]"
)
"""The characters that ``s2s.text.clean`` treats as blanks, in RE2's syntax."""
LINE_BLANKS = r"[\x00\x0a-\x0d\x1c-\x1e\x{85}\x{2028}\x{2029}\x{feff}]"
"""The characters that ``s2s.text.clean_but_blanks`` treats as blanks."""
NUL = f"a sentence in {TEXT_INPUT} has a NUL, behind which onnxruntime-extensions reads nothing"


def build_text_model(
    model: Seq2Seq | Sequence[Seq2Seq],
    search: SearchConfig,
    tokenizer: Tokenizer,
    precision: Precision = "fp32",
    *,
    fixed: bool = False,
) -> onnx.ModelProto:
    """Writes a model's graph with strings as inputs and outputs.

    Args:
        model: See ``build_model``.
        search: See ``build_model``.
        tokenizer: The model's tokenizer; an input chooses among its tags.
        precision: See ``build_model``.
        fixed: See ``build_model``. Then ``text`` and ``to`` are the only inputs.

    Returns:
        The model without metadata; docs/reference/model-file.md has its inputs and outputs.

    Raises:
        ConfigError: If ``precision`` is unknown, or there is no model.
    """
    checked = check_precision(precision)
    graph = Graph("s2s_text")
    text = graph.input(TEXT_INPUT, STRING, ["batch"])
    batch = graph.op("Shape", text)
    # The search needs a sentence: an empty batch gets a blank one, which is removed at the end.
    spare = graph.op("Cast", graph.op("Equal", batch, 0), to=INT64)
    to = None
    if tokenizer.tags:
        languages = _check_count(graph, graph.input(TO_INPUT, STRING, ["batch"]), batch)
        to = _append_spare(graph, languages, spare, language_codes(tokenizer.tags)[0])
    texts = _append_spare(graph, _check_nul(graph, text, batch), spare, "")
    texts = _clean(graph, texts, keep_blanks=tokenizer.keeps_blanks)
    if tokenizer.src_zero_width_is_blank:
        texts = _replace(graph, texts, r"\x{200b}", " ")
    src, counts = _cut(graph, texts, tokenizer.src_model)
    src_lengths = graph.op("Add", counts, 1)
    if to is not None:
        tag = graph.op("Unsqueeze", _tag_ids(graph, to, tokenizer), graph.ints(1))
        src = graph.op("Concat", tag, src, axis=1)
        src_lengths = graph.op("Add", src_lengths, 1)
    src = graph.label(src, "src")  # the check makes an output of it
    members = as_members(model)
    outputs = write_search(graph, members, search, checked, (src, src_lengths), fixed=fixed)
    blank = graph.op("Equal", counts, 0)
    _write_outputs(graph, outputs, blank, batch, tokenizer, beam_axis(members, search, fixed=fixed))
    src_lengths = graph.op("Slice", src_lengths, graph.ints(0), batch)
    graph.output(src_lengths, INT64, ["batch"], "src_lengths")
    domains = [EXTENSIONS, *([ML] if tokenizer.tags else []), *domains_of(checked)]
    return to_model(graph, __version__, domains)


def _append_spare(graph: Graph, texts: Value, spare: Value, filler: str) -> Value:
    """Writes (batch + spare,) string: ``filler`` at the end if ``spare`` (1,) is 1, not 0."""
    longer = graph.op("Concat", texts, graph.strings(filler), axis=0)
    end = graph.op("Add", graph.op("Shape", texts), spare)
    return graph.op("Slice", longer, graph.ints(0), end)


def _check_nul(graph: Graph, text: Value, batch: Value) -> Value:
    """Writes ``text`` unchanged, and an error if it has a NUL.

    The operators of onnxruntime-extensions read a string up to its first NUL. A replacement that
    matches nothing returns the part that they read. Unique, which reads whole strings, numbers the
    texts and these parts: the numbers differ if a text has a NUL.
    """
    parts = _replace(graph, text, r"[^\x00-\x{10ffff}]", "")
    both = graph.op("Concat", text, parts, axis=0)
    _, _, numbers, _ = graph.ops("Unique", 4, both)
    numbers = graph.op("Reshape", numbers, graph.op("Concat", graph.ints(2), batch, axis=0))
    first, second = (graph.op("Gather", numbers, number) for number in (0, 1))
    differ = graph.op("Cast", graph.op("Not", graph.op("Equal", first, second)), to=INT64)
    zeros = graph.refuse(differ, np.zeros(1, np.int64), NUL)
    return _in_order(graph, text, batch, zeros)


def _check_count(graph: Graph, to: Value, batch: Value) -> Value:
    """Writes ``to`` unchanged, and an error if it does not have one code for each sentence.

    onnxruntime's Concat ignores empty operands: it would leave out all tags.
    """
    differ = graph.op("Not", graph.op("Equal", graph.op("Shape", to), batch))
    reason = f"{TO_INPUT} has not one code for each sentence in {TEXT_INPUT}"
    zero = graph.refuse(graph.op("Cast", differ, to=INT64), np.zeros(1, np.int64), reason)
    return _in_order(graph, to, batch, zero)


def _in_order(graph: Graph, texts: Value, batch: Value, zero: Value) -> Value:
    """Writes ``texts`` unchanged, but so that they depend on ``zero``, which a check returned."""
    order = graph.op("Add", graph.op("Range", 0, graph.op("Squeeze", batch), 1), zero)
    return graph.op("Gather", texts, order)


def _replace(graph: Graph, texts: Value, pattern: str, replacement: str) -> Value:
    """Writes ``texts``, any shape, with every match of an RE2 ``pattern`` replaced."""
    operands = (graph.strings(pattern), graph.strings(replacement))
    return graph.op("StringRegexReplace", texts, *operands, domain=EXTENSIONS, global_replace=1)


def _clean(graph: Graph, texts: Value, *, keep_blanks: bool = False) -> Value:
    """Writes ``s2s.text.clean``, or ``clean_but_blanks``, except for Unicode form NFC."""
    if keep_blanks:
        texts = _replace(graph, texts, r"[\r\n]+$", "")
        texts = _replace(graph, texts, LINE_BLANKS, " ")
        return _replace(graph, texts, rf"^(?:{BLANKS}|\x{{200b}})+$", "")
    # A run with a blank becomes a blank; a run of zero-width spaces alone becomes one of them.
    texts = _replace(graph, texts, rf"\x{{200b}}*{BLANKS}(?:{BLANKS}|\x{{200b}})*", " ")
    texts = _replace(graph, texts, r"\x{200b}+", ZERO_WIDTH_SPACE)
    return _replace(graph, texts, r"^[ \x{200b}]|[ \x{200b}]$", "")


def _cut(graph: Graph, texts: Value, model: bytes) -> tuple[Value, Value]:
    """Writes src (batch, src_len) int64, the end piece last, and the number of pieces before it."""
    false = np.zeros(1, np.bool_)
    operands = (np.zeros(1, np.int64), np.zeros(1, np.float32), false, false, false)
    ids, bounds = graph.ops(
        "SentencepieceTokenizer", 2, texts, *operands, domain=EXTENSIONS, model=model
    )
    starts = graph.op("Slice", bounds, graph.ints(0), graph.ints(-1))
    ends = graph.op("Slice", bounds, graph.ints(1), graph.ints(np.iinfo(np.int64).max))
    counts = graph.op("Sub", ends, starts)
    longest = graph.op("ReduceMax", counts, keepdims=0)
    positions = graph.op("Range", 0, graph.op("Add", longest, 1), 1)
    column = graph.op("Unsqueeze", counts, graph.ints(1))
    # One piece more, because Gather needs one even if all sentences are blank.
    ids = graph.op("Concat", graph.op("Cast", ids, to=INT64), graph.ints(EOS_ID), axis=0)
    places = graph.op("Add", graph.op("Unsqueeze", starts, graph.ints(1)), positions)
    is_piece = graph.op("Less", positions, column)
    pieces = graph.op("Gather", ids, graph.op("Where", is_piece, places, 0))
    after = graph.op("Where", graph.op("Equal", positions, column), EOS_ID, PAD_ID)
    return graph.op("Where", is_piece, pieces, after), counts


def _tag_ids(graph: Graph, to: Value, tokenizer: Tokenizer) -> Value:
    """Writes (batch,) int64: the tag of each language code."""
    languages = language_codes(tokenizer.tags)
    number = graph.op(
        "LabelEncoder",
        to,
        domain=ML,
        keys_strings=languages,
        values_int64s=list(range(len(languages))),
        default_int64=len(languages),
    )
    ids = [tokenizer.encode_src([tag])[0][0] for tag in tokenizer.tags]
    reason = f"{TO_INPUT} has a code that is none of {', '.join(languages)}"
    return graph.refuse(number, np.array(ids, np.int64), reason)


def _write_outputs(
    graph: Graph,
    outputs: OutputValues,
    blank: Value,
    batch: Value,
    tokenizer: Tokenizer,
    beam: int | str,
) -> None:
    """Writes translations, scores and lengths, without the spare sentence of an empty batch.

    Args:
        graph: The main graph.
        outputs: The outputs of the search.
        blank: (batch,) bool, True for sentences without a piece.
        batch: (1,) int64, the spare sentence not counted.
        tokenizer: The model's.
        beam: Size of the outputs' second axis.
    """
    blank = graph.op("Unsqueeze", blank, graph.ints(1))
    blank_pieces = graph.op("Unsqueeze", blank, graph.ints(2))
    hypotheses = graph.op("Where", blank_pieces, PAD_ID, outputs.hypotheses)
    by_beam = graph.op("Shape", hypotheses, end=2)
    named = {
        "translations": (_join(graph, hypotheses, by_beam, tokenizer), STRING),
        "scores": (graph.op("Where", blank, 0.0, outputs.scores), FLOAT),
        "lengths": (graph.op("Where", blank, 0, outputs.lengths), INT64),
    }
    for name, (value, dtype) in named.items():
        without_spare = graph.op("Slice", value, graph.ints(0), batch)
        graph.output(without_spare, dtype, ["batch", beam], name)


def _join(graph: Graph, hypotheses: Value, by_beam: Value, tokenizer: Tokenizer) -> Value:
    """Writes (batch, beam) string for pieces (batch, beam, tgt_len).

    The operator joins one hypothesis; a Loop goes through all.
    """
    model = tokenizer.tgt_model or tokenizer.src_model
    by_row = graph.op("Concat", graph.ints(-1), graph.op("Shape", hypotheses, start=2), axis=0)
    rows = graph.op("Reshape", hypotheses, by_row)
    body = graph.child("join")
    row = body.input("hypothesis", INT64, [])
    going = body.input("more", BOOL, [])
    pieces = body.op("Gather", rows, row)
    pieces = body.op("Compress", pieces, body.op("Greater", pieces, EOS_ID))
    pieces = _replace_nul_byte(body, pieces, model)
    text = body.op("SentencepieceDecoder", pieces, domain=EXTENSIONS, model=model)
    body.output(body.op("Identity", going), BOOL, [])
    body.output(text, STRING, [1])
    (texts,) = graph.loop(body, [], graph.op("Squeeze", num_rows(graph, by_beam)))
    # Cleaned, because a vocabulary made elsewhere may hold line ends, and bytes may be anything.
    joined = graph.op("Reshape", texts, by_beam)
    return _clean(graph, joined, keep_blanks=tokenizer.keeps_blanks)


def _replace_nul_byte(graph: Graph, pieces: Value, model: bytes) -> Value:
    """Writes ``pieces`` with the byte 32, a blank, for the byte 0, if a vocabulary has bytes.

    ``s2s.text.clean`` treats by_beam as blanks, but the operator ends its text at a NUL.
    """
    numbers = {
        piece.text: number
        for number, piece in enumerate(read_pieces(model))
        if piece.kind == BYTE and piece.text in ("<0x00>", "<0x20>")
    }
    if not numbers:
        return pieces
    is_nul = graph.op("Equal", pieces, numbers["<0x00>"])
    return graph.op("Where", is_nul, numbers["<0x20>"], pieces)
