r"""One small model that says what a large one, or an ensemble, says: knowledge distillation.

    python recipes/distil.py runs/multi30k/en-de-cpu/run-* --out runs/student \
        --train runs/multi30k/en-de-cpu/text/train.en runs/multi30k/en-de-cpu/text/train.de \
        --validate runs/multi30k/en-de-cpu/text/val.en runs/multi30k/en-de-cpu/text/val.de \
        --test DIR/test_2016_flickr.en.gz DIR/test_2016_flickr.de.gz

Kim and Rush (2016), "Sequence-Level Knowledge Distillation", section 3.2: the teacher's beam search
translates the training sources, and the student learns from that, here from the human translations
too. A teacher says the same thing the same way, which takes fewer weights than what people say.
``recipes/multi30k.py --score runs/student/run`` scores a student as it does its own runs.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.errors import ConfigError
from s2s.files import atomic_output
from s2s.formats.run_folder import BEST_FILE, CONFIG_FILE
from s2s.score import score
from s2s.text import read_lines, read_pairs
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s.writing.languages import language_of
from s2s_export import export_run

MODEL = ModelConfig(embedding_size=192, hidden_size=256, cell="gru", dropout=0.2, tie="all")
TOKENIZER = TokenizerConfig(vocab_size=4000)
TRAINING = {
    "learning_rate": 8e-3,
    "warmup_updates": 300,
    "batch_tokens": 1000,
    "ema_decay": 0.995,
    "average_last": 3,
    "bleu_sentences": 500,
}

console = Console(markup=False, highlight=False, soft_wrap=True, width=112)


def teach(model: Path, src: Path, tgt: Path, path: Path) -> None:
    """Writes to ``path`` what the teacher makes of each line of ``src``, whole or not at all."""
    note = path.with_name(f"{path.name}.json")
    told = {"teacher": hashlib.sha256(model.read_bytes()).hexdigest(), "src": str(src)}
    if path.is_file():
        if not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != told:
            raise ConfigError(
                f"{path} was made by another teacher or from another text; remove it, or name "
                "another --out"
            )
        console.print(f"{path} already exists and is used")
        return
    teacher = Translator(model)
    found, wanted = teacher.card.get("languages"), {"src": src, "tgt": tgt}
    if found != {side: language_of(str(name)) for side, name in wanted.items()}:
        raise ConfigError(
            f"the teacher translates {found}; expected the languages of {src} and {tgt}"
        )
    with atomic_output(note) as file:
        json.dump(told, file)
    references = list(read_lines(tgt))
    stream = teacher.translate_stream(read_lines(src))
    shown = track(stream, "translating", len(references), console=console)
    lines = same = 0
    with atomic_output(path) as file:
        for translation, reference in zip(shown, references, strict=True):
            file.write(translation.text + "\n")
            lines += 1
            same += translation.text == reference
    console.print(f"{path}: {lines:,} translations, {same:,} of them as in {tgt}")


def describe(name: str, model: Path, pairs: list[tuple[str, str]]) -> list[str]:
    """Translates and scores the test set; returns a row of the table."""
    translator = Translator(model)
    texts = [src for src, _ in pairs]
    translator.translate(texts[:8])  # the first call prepares buffers
    start = time.monotonic()
    hypotheses = [each.text for each in translator.translate(texts)]
    speed = len(texts) / (time.monotonic() - start)
    bleu = score(hypotheses, [tgt for _, tgt in pairs], bleu_only=True)[0]
    size = (model / BEST_FILE if model.is_dir() else model).stat().st_size / 1e6
    return [name, f"{bleu.value:.2f}", bleu.signature, f"{size:.1f}", f"{speed:.0f}"]


def main() -> None:
    """Teacher as one graph, its translations, the student's training, export and scores."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("teachers", type=Path, nargs="+", metavar="RUN")
    for name in ("train", "validate", "test"):
        parser.add_argument(f"--{name}", type=Path, nargs=2, required=True, metavar=("SRC", "TGT"))
    parser.add_argument("--out", type=Path, default=Path("runs/distil"))
    parser.add_argument("--max-minutes", type=float, default=40.0)
    parser.add_argument("--max-updates", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    src, tgt = arguments.train

    console.print(f"1. teacher: {', '.join(map(str, arguments.teachers))} as one graph")
    models = {"teacher fp32": out / "teacher.onnx"}
    console.print(str(export_run(arguments.teachers, out / "teacher.onnx")))
    distilled = out / f"train.distilled.{language_of(str(tgt)) or 'tgt'}"
    teach(out / "teacher.onnx", src, tgt, distilled)

    console.print("2. student")
    corpora = tuple(CorpusConfig(src=str(src), tgt=str(each)) for each in (distilled, tgt))
    validation = CorpusConfig(src=str(arguments.validate[0]), tgt=str(arguments.validate[1]))
    run = out / "run"
    done = train(
        DataConfig(train=corpora, validation=(validation,)),
        run,
        training=TrainConfig(
            max_minutes=arguments.max_minutes,
            max_updates=arguments.max_updates,
            seed=arguments.seed,
            device=arguments.device,
            **TRAINING,
        ),
        model=MODEL,
        tokenizer=TOKENIZER,
        resume=(run / CONFIG_FILE).is_file(),
    )
    models["student torch"] = run
    for precision in ("fp32", "int8"):
        models[f"student {precision}"] = out / f"{precision}.onnx"
        console.print(str(export_run(run, out / f"{precision}.onnx", precision)))

    console.print(f"3. scores on {arguments.test[0]}, beam 5")
    pairs = list(read_pairs(*arguments.test, cleaned=False))
    table = Table("model", "BLEU", "sacreBLEU's signature", "MB", "sentences/s")
    for name, model in models.items():
        table.add_row(*describe(name, model, pairs))
    console.print(table)
    console.print(
        f"student: {done.updates:,} updates, {done.epochs:.1f} epochs, {done.minutes:.1f} minutes"
    )


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"distil: error: {error}")
    except KeyboardInterrupt:
        sys.exit("distil: stopped; repeat the command to continue")
