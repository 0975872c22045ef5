"""Does a text model give the translations of the graph that it was made around?

That graph has been compared with torch (``s2s_export.parity``). Here, sentences go into the text
model as strings. It has to cut them into the pieces that s2s's own tokenizer cuts them into, and to
give the text, the lengths and the scores that the graph without strings finds for those pieces.

Where a unigram model has two equally probable ways to cut, releases of SentencePiece choose
differently (``fff``: ``f ff`` or ``ff f``); that is accepted, and counted.
"""

import importlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from s2s.config import EOS_ID, FORBIDDEN_IDS, PAD_ID, UNK_ID, SearchConfig
from s2s.errors import ModelError, ParityError, needs
from s2s.formats.model_file import OUTPUTS, TEXT_INPUT, TEXT_OUTPUTS, TO_INPUT
from s2s.runtime.backend import pad
from s2s.runtime.onnx_backend import session_options
from s2s.runtime.providers import import_onnxruntime, reason, runtime_errors
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import SPACE, Ids, algorithm_of, read_pieces
from s2s.tokenizer.tags import language_codes
from s2s_export.graph.builder import INT64

SCORE_TOLERANCE = 1e-5
"""Largest score difference accepted, in nats: the same sums, in the same order."""
TIE = 1e-3
"""Largest difference accepted between summed scores of two equally probable ways to cut, in nats:
rounding of float32 sums."""
BEAMS = (1, 5)
MAX_LENGTH = 40
LENGTHS = (1, 50, 7, 3, 25, 12)
"""Pieces of the sentences that are made up, each once in every batch."""
ODD = (
    "",
    "a",
    " \t\u3000\u200b",
    "  two  blanks\u00a0here ",
    f"</s> <s> <unk> <pad> {SPACE} <2de>",
    "\ufeffline\r\nline\x0bline\x1c",
    "\u00fc\u00e9\u1ea5 \u0416\u03b2 \u4f60\u597d\u3002 \ufb01 \u00bd",
    "\U0001f600\U0001f468\u200d\U0001f469",
    "hahaha" * 50,
)
"""What people type, in Unicode form NFC."""
Outcome = dict[str, Any]


@dataclass
class TextParity:
    """What the check saw."""

    sentences: int = 0
    """Sentences translated, once for each beam size."""
    ties: int = 0
    """Of them, cut in another way than by s2s that is as probable."""


def extensions_path() -> str:
    """Returns the path of onnxruntime-extensions' operators.

    Raises:
        MissingPackageError: If it is not installed.
    """
    with needs("text", "checking an exported text model"):
        extensions: Any = importlib.import_module("onnxruntime_extensions")
    return str(extensions.get_library_path())


def check_texts(
    serialized: bytes, without_strings: bytes, tokenizer: Tokenizer, search: SearchConfig
) -> TextParity:
    """Compares a text model with the model file of the same network.

    Args:
        serialized: The text model's bytes.
        without_strings: The model file's.
        tokenizer: Of both.
        search: Length penalty and ``max_length``; beam sizes are the check's.

    Returns:
        What was compared.

    Raises:
        MissingPackageError: If onnxruntime-extensions is not installed.
        ModelError: If its operators refuse the SentencePiece model.
        ParityError: If pieces, a translation, a length or a score differ, or there are none.
    """
    of_text, of_ids = _session(_with_src(serialized), extensions_path()), _session(without_strings)
    most = tokenizer.tgt_vocab_size - len(FORBIDDEN_IDS)
    parity = TextParity()
    for beam in sorted({min(beam, most) for beam in BEAMS}):
        options = {
            "beam_size": np.array(beam, np.int64),
            "max_length": np.array(min(MAX_LENGTH, search.max_length), np.int64),
            "length_penalty": np.array(search.length_penalty, np.float32),
        }
        for texts, languages in _sample(tokenizer):
            inputs: Outcome = {TEXT_INPUT: np.array(texts, dtype=object), **options}
            if tokenizer.tags:
                inputs[TO_INPUT] = np.array(languages, dtype=object)
            src, *outputs = _run(of_text, inputs)
            found = dict(zip(TEXT_OUTPUTS, outputs, strict=True))
            ids = [_unpadded(row) for row in src[: len(texts)]]
            parity.ties += _check_cuts(texts, languages, ids, tokenizer)
            _compare(texts, found, _expected(of_ids, options, ids, tokenizer))
            parity.sentences += len(texts)
    return parity


def _with_src(serialized: bytes) -> bytes:
    """Returns a text model that also puts out what its sentences are cut into."""
    model = onnx.load_model_from_string(serialized)
    src = onnx.helper.make_tensor_value_info("src", INT64, ["rows", "src_len"])
    model.graph.output.append(src)
    shown: bytes = model.SerializeToString()
    return shown


def _session(model: bytes, operators: str | None = None) -> Any:
    """Loads a model as it is, whose options are constants."""
    runtime, options = import_onnxruntime(), session_options()
    if operators is not None:
        options.register_custom_ops_library(operators)
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except runtime_errors(runtime) as error:
        raise ModelError(f"onnxruntime refuses the text model: {reason(error)}") from error


def _run(session: Any, inputs: Outcome) -> list[Any]:
    """Returns what the sentences are cut into, and what the text model puts out."""
    try:
        return list(session.run(["src", *TEXT_OUTPUTS], inputs))
    except runtime_errors(import_onnxruntime()) as error:
        raise ParityError(f"onnxruntime cannot run the text model: {reason(error)}") from error


def _sample(tokenizer: Tokenizer) -> Iterator[tuple[list[str], list[str]]]:
    """Yields batches of sentences and of their languages' codes, none without tags."""
    generator = torch.Generator().manual_seed(0)
    made = []
    for length in LENGTHS:
        ids = torch.randint(EOS_ID + 1, tokenizer.src_vocab_size, (length,), generator=generator)
        pieces = "".join(tokenizer.src_pieces(ids.tolist())).replace(SPACE, " ")
        made.append(unicodedata.normalize("NFC", pieces))
    languages = language_codes(tokenizer.tags)
    for texts in ([*ODD, *made], made[:1], [""], []):
        yield texts, [languages[i % len(languages)] for i in range(len(texts)) if languages]


def _unpadded(row: NDArray[np.int64]) -> Ids:
    """Returns a row's pieces up to the end piece, and all that is no padding after it."""
    return tuple(int(piece) for piece in row if piece != PAD_ID)


def _check_cuts(
    texts: Sequence[str], languages: Sequence[str], found: Sequence[Ids], tokenizer: Tokenizer
) -> int:
    """Returns how many sentences were cut otherwise, but as probably; others raise ParityError."""
    cleaned = [clean(text) for text in texts]
    tagged = [f"<2{code}> {text}" for code, text in zip(languages, cleaned, strict=False)]
    expected = map(tuple, tokenizer.encode_src(tagged if tokenizer.tags else cleaned))
    differing = [each for each in zip(texts, found, expected, strict=True) if each[1] != each[2]]
    if not differing:
        return 0
    scores = [piece.score for piece in read_pieces(tokenizer.src_model)]
    for text, got, wanted in differing:
        gap = abs(sum(scores[i] for i in got) - sum(scores[i] for i in wanted))
        unigram = algorithm_of(tokenizer.src_model) == "unigram"
        if not unigram or got.count(UNK_ID) != wanted.count(UNK_ID) or not gap <= TIE:
            raise ParityError(
                f"sentence {ascii(text)[:80]}: its pieces are {list(got)[:20]} in the text model; "
                f"expected {list(wanted)[:20]}"
            )
    return len(differing)


def _expected(session: Any, options: Outcome, ids: Sequence[Ids], tokenizer: Tokenizer) -> Outcome:
    """Translates with the model file, as ``s2s.Translator`` does."""
    src, src_lengths = pad(ids or [(EOS_ID,)])
    found = session.run(list(OUTPUTS), {"src": src, "src_lengths": src_lengths, **options})
    hypotheses, lengths, scores = (output[: len(ids)] for output in found)
    translations = np.empty(lengths.shape, dtype=object)
    for row, each in enumerate(ids):
        decoded = tokenizer.decode(hypotheses[row].tolist())
        translations[row] = [clean(text) for text in decoded]
        if tokenizer.is_blank(each):
            translations[row], lengths[row], scores[row] = "", 0, 0.0
    return dict(
        zip(TEXT_OUTPUTS, (translations, scores, lengths, src_lengths[: len(ids)]), strict=True)
    )


def _compare(texts: Sequence[str], found: Outcome, expected: Outcome) -> None:
    """Raises ParityError unless both are the same, translations in Unicode form NFC."""
    for name, values in expected.items():
        if found[name].shape != values.shape:
            raise ParityError(
                f"{name} of {len(texts)} sentences have shape {found[name].shape} in the text "
                f"model; expected {values.shape}"
            )
        for text, got, wanted in zip(texts, found[name], values, strict=True):
            if not _same(name, got, wanted):
                said, other = (ascii(np.atleast_1d(each).tolist()) for each in (got, wanted))
                raise ParityError(
                    f"sentence {ascii(text)[:80]}: its {name} are {said:.150} in the text model; "
                    f"expected {other:.150}"
                )


def _same(name: str, got: Any, wanted: Any) -> bool:
    if name == "scores":
        return bool(np.allclose(got, wanted, rtol=0, atol=SCORE_TOLERANCE))
    if name == "translations":
        return [unicodedata.normalize("NFC", text) for text in got] == list(wanted)
    return bool(np.all(got == wanted))
