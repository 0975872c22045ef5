"""Translates a file of pieces with CTranslate2.

PYTHON translate_ctranslate2.py MODEL SRC OUT BEAM_SIZE BATCH MAX_PIECES THREADS
"""

import sys
from pathlib import Path

import ctranslate2


def main() -> None:
    """Translates and writes."""
    model, src, out = sys.argv[1:4]
    beam_size, batch, max_pieces, threads = map(int, sys.argv[4:])
    translator = ctranslate2.Translator(model, inter_threads=1, intra_threads=threads)
    lines = [line.split() for line in Path(src).read_text(encoding="utf-8").split("\n")[:-1]]
    results = translator.translate_batch(
        lines, beam_size=beam_size, max_batch_size=batch, max_decoding_length=max_pieces
    )
    text = "".join(" ".join(result.hypotheses[0]) + "\n" for result in results)
    Path(out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
