"""A program that loads models one after the other, whatever is in them, with limited memory.

    python tests/shared/load_models.py [torch]

Reads JSON, a list of arguments a line: ``["load", path]`` translates with a model file, a run
folder, or a SentencePiece model (``.model``); all else is what ``s2s`` is given. Answers
with a line of JSON: how it went, and what was said.
"""

import contextlib
import io
import json
import os
import resource
import sys
import traceback
from pathlib import Path

TEXTS = ["eins zwei drei", "zwölf?! <x> ﬁ Ａ１ e\u0301 ㎞ ｶﾞ"]
MEMORY = 1 << 30  # bytes besides what the libraries have
LONGEST_ERROR = 600  # characters


def translate(path):
    from s2s import Translator

    model = path if path.is_dir() or path.stat().st_size % 2 else path.read_bytes()
    with Translator(model, threads=1) as translator:
        for found in translator.translate(TEXTS, beam_size=2):
            assert isinstance(found.text, str)


def tokenize(path):
    """Does with a vocabulary what translating does, and what starting from another run does."""
    from s2s.tokenizer import Tokenizer
    from s2s.tokenizer.pieces import algorithm_of, load_plain, normalization_of, read_pieces

    tokenizer = Tokenizer(path.read_bytes())
    tokenizer.decode(tokenizer.encode_src(TEXTS))
    tokenizer.decode([list(range(tokenizer.tgt_vocab_size))])
    tokenizer.src_pieces(range(tokenizer.src_vocab_size))
    tokenizer.encode_marked(TEXTS)
    pieces = [piece.text for piece in read_pieces(tokenizer.src_model)]
    load_plain(tokenizer.src_model).encode(pieces)
    assert algorithm_of(tokenizer.src_model)
    normalization_of(tokenizer.src_model)


def command(*args):
    """Runs the command line; raises what it says if it refuses."""
    from s2s.cli import main
    from s2s.errors import S2SError

    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(args))
        except SystemExit as ended:
            code = ended.code
    if code == 2:
        begin, _, last = err.getvalue().rpartition("s2s: error: ")
        assert not begin or begin.endswith("\n")
        raise S2SError(last.removesuffix("\n"))
    assert code == 0, f"exit code {code}"


def outcome(call, *args):
    """Returns how a call went, and what was said."""
    from s2s.errors import S2SError

    try:
        call(*args)
    except S2SError as error:
        bad = "\n" in str(error) or len(str(error)) > LONGEST_ERROR
        return ("many lines" if bad else "refused"), str(error)
    except MemoryError as error:
        return "over memory", str(error)
    except Exception as error:  # what would be a traceback
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "traceback", f"{error!r:.300} in {last.filename}, line {last.lineno}"
    return "worked", ""


def answer(args):
    if args[0] != "load":
        return outcome(command, *args)
    path = Path(args[1])
    if path.suffix == ".model":
        return outcome(tokenize, path)
    how, said = outcome(translate, path)
    of_info, about = outcome(command, "info", str(path))
    return (how, said) if of_info in ("refused", "worked") else (f"{of_info} of info", about)


def main():
    import onnxruntime  # noqa: F401

    if "torch" in sys.argv[1:]:
        import torch

        import s2s.train  # noqa: F401

        torch.set_num_threads(1)
    used = next(
        int(line.split()[1]) << 10
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmData")
    )
    resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w")  # what is printed by others goes to standard error
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
