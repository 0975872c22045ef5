"""``s2s evaluate``: how good, and how fast."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from s2s.cli.options import (
    BeamSize,
    Device,
    LengthPenalty,
    MaxLength,
    MaxSrcLength,
    Threads,
    To,
    open_output,
    say,
)
from s2s.cli.progress import show_progress
from s2s.errors import DataError


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An .onnx file, or a run folder.")],
    src: Annotated[Path, typer.Option(help="Text to translate, a sentence a line.")],
    ref: Annotated[Path, typer.Option(help="A human translation of it, line by line.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Keep the translations here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    to: To = None,
    beam_size: BeamSize = None,
    length_penalty: LengthPenalty = None,
    max_length: MaxLength = None,
    max_src_length: MaxSrcLength = 1000,
    device: Device = "cpu",
    threads: Threads = None,
) -> None:
    """Translate a test set and score it: BLEU, chrF2 and TER with sacrebleu's signatures.

    Speed is that of translating alone, without loading the model.

        s2s evaluate model.onnx --src test.de --ref test.en

        s2s evaluate run --src test.de.gz --ref test.en.gz --beam-size 1 --json

        s2s evaluate many.onnx --to fr --src test.de --ref test.fr
    """
    from s2s.score import score
    from s2s.text import printable, read_pairs
    from s2s.translator import Translator

    # References stay as they are: others must get the same score from the same files.
    pairs = list(read_pairs(src, ref, cleaned=False))
    sources, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if not any(source.strip() for source in sources):
        raise DataError(f"no sentence in {printable(str(src))}")
    translator = Translator(model, device=device, threads=threads)
    started = time.perf_counter()
    stream = translator.translate_stream(
        sources,
        to=to,
        beam_size=beam_size,
        length_penalty=length_penalty,
        max_length=max_length,
        max_src_length=max_src_length,
    )
    if sys.stderr.isatty():
        stream = show_progress(stream, len(sources))
    translations = list(stream)
    seconds = time.perf_counter() - started
    texts = [translation.text for translation in translations]
    if output is not None:
        with open_output(str(output)) as out:
            out.writelines(f"{text}\n".encode() for text in texts)
    scores = score(texts, references)
    pieces = sum(len(translation.pieces) + 1 for translation in translations if translation.pieces)
    report: dict[str, Any] = {
        "model": model,
        "sentences": len(texts),
        **({} if to is None else {"to": to}),
        "beam_size": beam_size or translator.search.beam_size,
        "scores": {
            each.name: {"value": each.value, "signature": each.signature} for each in scores
        },
        "seconds": round(seconds, 3),
        "sentences_per_second": round(len(texts) / seconds, 1),
        "target_tokens_per_second": round(pieces / seconds, 1),
    }
    if as_json:
        say(json.dumps(report, indent=2, ensure_ascii=False))
        return
    for each in scores:
        say(f"{each.name:5} {each.value:6.2f}  {each.signature}")
    say(
        f"{len(texts)} sentences in {seconds:.1f} s: {len(texts) / seconds:.1f} sentences/s, "
        f"{pieces / seconds:.0f} tokens/s"
    )
