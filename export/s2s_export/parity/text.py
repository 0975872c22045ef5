"""Checks that a text model translates like the graph without strings that it contains.

That graph has been compared with torch (``s2s_export.parity``). Here, sentences go into the text
model as strings. It must cut them into the same pieces as s2s's own tokenizer, and give the text,
the lengths and the scores that the graph without strings gives for these pieces.

If a unigram model has two equally probable ways to cut a text, releases of SentencePiece choose
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

from s2s.config import EOS_ID, PAD_ID, UNK_ID, SearchConfig, widest_beam
from s2s.errors import ModelError, ParityError, needs
from s2s.formats.model_file import OUTPUTS, TEXT_INPUT, TEXT_OUTPUTS, TO_INPUT
from s2s.runtime.backend import pad
from s2s.runtime.onnx_backend import session_options
from s2s.runtime.providers import import_onnxruntime, reason, runtime_errors
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import SPACE, Ids, algorithm_of, read_pieces
from s2s.tokenizer.tags import language_codes
from s2s_export.graph.builder import INT64

SCORE_TOLERANCE = 1e-5
"""Largest score difference accepted, in nats: the same sums, in the same order."""
TIE = 1e-3
"""Largest difference accepted between the summed scores of two equally probable ways to cut, in
nats: rounding of float32 sums."""
BEAMS = (1, 5)
MAX_LENGTH = 40
LENGTHS = (1, 50, 7, 3, 25, 12)
"""Pieces of the sentences that are made up."""
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
"""Texts that people type, in Unicode form NFC."""
Tensors = dict[str, Any]


@dataclass
class TextParity:
    """How a text model compares with the graph without strings."""

    sentences: int = 0
    """Sentences translated, once for each beam size."""
    ties: int = 0
    """Sentences that were cut in another way than by s2s, which is equally probable."""


def extensions_path() -> str:
    """Returns the path of onnxruntime-extensions' operators.

    Raises:
        MissingPackageError: If it is not installed.
    """
    with needs("text", "checking an exported text model"):
        extensions: Any = importlib.import_module("onnxruntime_extensions")
    return str(extensions.get_library_path())


def check_texts(
    serialized: bytes,
    without_strings: bytes,
    tokenizer: Tokenizer,
    search: SearchConfig,
    *,
    fixed: bool = False,
) -> TextParity:
    """Compares a text model with the model file of the same network.

    Args:
        serialized: The text model's bytes.
        without_strings: The model file's bytes.
        tokenizer: The tokenizer of both.
        search: Length penalty, and a limit for the ``max_length`` of the check.
        fixed: Whether all values of ``search`` are constants of both.

    Returns:
        Counts of the sentences that were compared.

    Raises:
        MissingPackageError: If onnxruntime-extensions is not installed.
        ModelError: If its operators refuse the SentencePiece model.
        ParityError: If pieces, a translation, a length or a score differ, or there are none.
    """
    text_session = _session(_with_src(serialized), extensions_path())
    ids_session = _session(without_strings)
    widest = widest_beam(tokenizer.tgt_vocab_size)
    parity = TextParity()
    searches: list[Tensors] = [
        {
            "beam_size": np.array(beam, np.int64),
            "max_length": np.array(min(MAX_LENGTH, search.max_length), np.int64),
            "length_penalty": np.array(search.length_penalty, np.float32),
        }
        for beam in sorted({min(beam, widest) for beam in BEAMS})
    ]
    for options in [{}] if fixed else searches:
        for texts, languages in _sample(tokenizer):
            inputs: Tensors = {TEXT_INPUT: np.array(texts, dtype=object), **options}
            if tokenizer.tags:
                inputs[TO_INPUT] = np.array(languages, dtype=object)
            src, *outputs = _run(text_session, inputs)
            actual = dict(zip(TEXT_OUTPUTS, outputs, strict=True))
            ids = [_unpadded(row) for row in src[: len(texts)]]
            parity.ties += _check_cuts(texts, languages, ids, tokenizer)
            _compare(texts, actual, _expected(ids_session, options, ids, tokenizer))
            parity.sentences += len(texts)
    return parity


def _with_src(serialized: bytes) -> bytes:
    """Returns a text model that also puts out the pieces of its sentences."""
    model = onnx.load_model_from_string(serialized)
    src = onnx.helper.make_tensor_value_info("src", INT64, ["rows", "src_len"])
    model.graph.output.append(src)
    with_src: bytes = model.SerializeToString()
    return with_src


def _session(model: bytes, operators: str | None = None) -> Any:
    """Loads a model unchanged: its options are constants."""
    runtime, options = import_onnxruntime(), session_options()
    if operators is not None:
        options.register_custom_ops_library(operators)
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except runtime_errors(runtime) as error:
        raise ModelError(f"onnxruntime refuses the text model: {reason(error)}") from error


def _run(session: Any, inputs: Tensors) -> list[Any]:
    """Returns the pieces of the sentences, and the outputs of the text model."""
    try:
        return list(session.run(["src", *TEXT_OUTPUTS], inputs))
    except runtime_errors(import_onnxruntime()) as error:
        raise ParityError(f"onnxruntime cannot run the text model: {reason(error)}") from error


def _sample(tokenizer: Tokenizer) -> Iterator[tuple[list[str], list[str]]]:
    """Yields batches of sentences and of their languages' codes, none without tags."""
    generator = torch.Generator().manual_seed(0)
    random_texts = []
    for length in LENGTHS:
        ids = torch.randint(EOS_ID + 1, tokenizer.src_vocab_size, (length,), generator=generator)
        pieces = "".join(tokenizer.src_pieces(ids.tolist())).replace(SPACE, " ")
        random_texts.append(unicodedata.normalize("NFC", pieces))
    languages = language_codes(tokenizer.tags)
    for texts in ([*ODD, *random_texts], random_texts[:1], [""], []):
        yield texts, [languages[i % len(languages)] for i in range(len(texts)) if languages]


def _unpadded(row: NDArray[np.int64]) -> Ids:
    """Returns the pieces of a row, without padding."""
    return tuple(int(piece) for piece in row if piece != PAD_ID)


def _check_cuts(
    texts: Sequence[str], languages: Sequence[str], actual: Sequence[Ids], tokenizer: Tokenizer
) -> int:
    """Returns how many sentences have other pieces that are equally probable.

    Raises:
        ParityError: If a sentence has other pieces that are not.
    """
    cleaned = [tokenizer.clean(text) for text in texts]
    tagged = [f"<2{code}> {text}" for code, text in zip(languages, cleaned, strict=False)]
    expected = map(tuple, tokenizer.encode_src(tagged if tokenizer.tags else cleaned))
    cuts = zip(texts, actual, expected, strict=True)
    differing = [(text, pieces, wanted) for text, pieces, wanted in cuts if pieces != wanted]
    if not differing:
        return 0
    scores = [piece.score for piece in read_pieces(tokenizer.src_model)]
    for text, pieces, wanted in differing:
        gap = abs(sum(scores[piece] for piece in pieces) - sum(scores[piece] for piece in wanted))
        unigram = algorithm_of(tokenizer.src_model) == "unigram"
        if not unigram or pieces.count(UNK_ID) != wanted.count(UNK_ID) or not gap <= TIE:
            raise ParityError(
                f"sentence {ascii(text)[:80]}: its pieces are {list(pieces)[:20]} in the text "
                f"model; expected {list(wanted)[:20]}"
            )
    return len(differing)


def _expected(session: Any, options: Tensors, ids: Sequence[Ids], tokenizer: Tokenizer) -> Tensors:
    """Translates with the model file, like ``s2s.Translator``."""
    src, src_lengths = pad(ids or [(EOS_ID,)])
    outputs = session.run(list(OUTPUTS), {"src": src, "src_lengths": src_lengths, **options})
    hypotheses, lengths, scores = (output[: len(ids)] for output in outputs)
    translations = np.empty(lengths.shape, dtype=object)
    for row, pieces in enumerate(ids):
        decoded = tokenizer.decode(hypotheses[row].tolist())
        translations[row] = [tokenizer.clean(text) for text in decoded]
        if tokenizer.is_blank(pieces):
            translations[row], lengths[row], scores[row] = "", 0, 0.0
    return dict(
        zip(TEXT_OUTPUTS, (translations, scores, lengths, src_lengths[: len(ids)]), strict=True)
    )


def _compare(texts: Sequence[str], actual: Tensors, expected: Tensors) -> None:
    """Raises ParityError unless both are the same, translations in Unicode form NFC."""
    for name, values in expected.items():
        if actual[name].shape != values.shape:
            raise ParityError(
                f"{name} of {len(texts)} sentences have shape {actual[name].shape} in the text "
                f"model; expected {values.shape}"
            )
        for text, value, wanted in zip(texts, actual[name], values, strict=True):
            if not _same(name, value, wanted):
                shown = [ascii(np.atleast_1d(array).tolist()) for array in (value, wanted)]
                raise ParityError(
                    f"sentence {ascii(text)[:80]}: its {name} are {shown[0]:.150} in the text "
                    f"model; expected {shown[1]:.150}"
                )


def _same(name: str, value: Any, wanted: Any) -> bool:
    if name == "scores":
        return bool(np.allclose(value, wanted, rtol=0, atol=SCORE_TOLERANCE))
    if name == "translations":
        return [unicodedata.normalize("NFC", text) for text in value] == list(wanted)
    return bool(np.all(value == wanted))
