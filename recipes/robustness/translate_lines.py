"""A translator in a process of its own, with the code of any checkout.

Reads requests, one JSON object a line, and answers each with one.
"""

import json
import logging
import sys
import time
from types import SimpleNamespace


def main() -> None:
    """Loads the model and serves requests."""
    settings = SimpleNamespace(**json.loads(sys.argv[1]))
    if settings.code is not None:
        sys.path[:0] = [settings.code, f"{settings.code}/export"]
    from s2s import Translator

    logging.basicConfig(level=logging.ERROR)
    translator = Translator(settings.model, threads=settings.threads)
    answers, sys.stdout = sys.stdout, sys.stderr  # nothing else writes between the answers
    for line in sys.stdin:
        request = json.loads(line)
        if "characters" in request:
            encoders = (translator.tokenizer.encode_src, translator.tokenizer.encode_tgt)
            unknown = 1
            answer = {
                "lacking": [
                    [each for each in request["characters"] if unknown in encode([f"a{each}"])[0]]
                    for encode in encoders
                ]
            }
        else:
            start, used = time.perf_counter(), time.process_time()
            found = translator.translate(request["texts"], **settings.options)
            answer = {
                "seconds": time.perf_counter() - start,
                "cpu_seconds": time.process_time() - used,
                "texts": [each.text for each in found],
            }
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()


if __name__ == "__main__":
    main()
