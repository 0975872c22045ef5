"""``s2s train``: two text files in, a run folder out."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from s2s.cli.options import device_of, one_of, say
from s2s.errors import ConfigError, needs
from s2s.files import resolve

SPIN_COUNT = "3000"
"""``GOMP_SPINCOUNT`` of a training.

GNU's OpenMP reads it once, when torch loads it: how long a thread waits for the others in a busy
loop before it sleeps. By default a thread spins so long that it keeps the core from the threads it
waits for, as soon as another process wants a core, too. Target tokens/s on 2 cores, beside a busy
process and alone: default 1,500 and 7,100 to 7,400; 3000 4,080 and 7,100 to 8,100; no spinning at
all 4,340 and 5,200 to 6,900.
"""


def train(
    out: Annotated[Path, typer.Option(help="Write the run to this new folder.")],
    src: Annotated[
        Path | None, typer.Option(help="Read source sentences from this file; gzip is fine.")
    ] = None,
    tgt: Annotated[
        Path | None, typer.Option(help="Read their translations from this file, line by line.")
    ] = None,
    val_src: Annotated[
        Path | None, typer.Option(help="Validate on the source sentences of this file.")
    ] = None,
    val_tgt: Annotated[
        Path | None, typer.Option(help="Validate on these translations of --val-src.")
    ] = None,
    corpora: Annotated[
        list[str] | None,
        typer.Option(
            "--train",
            metavar="PREFIX:SRC-TGT[=WEIGHT]",
            help="Train on PREFIX.SRC and PREFIX.TGT, each pair WEIGHT times an epoch; replaces "
            "--src and --tgt, may be repeated. If there are several target languages, one model "
            "learns all of them: each source begins with a tag such as <2de>.",
        ),
    ] = None,
    val_corpora: Annotated[
        list[str] | None,
        typer.Option(
            "--validate",
            metavar="PREFIX:SRC-TGT",
            help="Validate on PREFIX.SRC and PREFIX.TGT; may be repeated.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGEX",
            show_default=False,
            help="Keep texts that match, such as placeholders, tags or addresses, unchanged in "
            "translations; may be repeated. If both sides of a pair have such a text, it becomes "
            "one piece, which the network learns to copy. The default is that of --init; '' turns "
            "keeping off.",
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Fine-tune: start with the weights, shape and vocabulary of this run.",
        ),
    ] = None,
    new_pieces: Annotated[
        int | None,
        typer.Option(
            min=0, help="Add at most this many pieces of the text to the vocabulary of --init."
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="tiny|small|base|large",
            help="Start with this size and settings; default small.",
        ),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            metavar="lstm|gru|rnn",
            callback=one_of("lstm", "gru", "rnn"),
            help="Use this recurrent cell.",
        ),
    ] = None,
    attention: Annotated[
        str | None,
        typer.Option(
            metavar="dot|general|mlp|multihead",
            callback=one_of("dot", "general", "mlp", "multihead"),
            help="Score source positions with this attention.",
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            metavar="parallel|input_feeding",
            callback=one_of("parallel", "input_feeding"),
            help="Choose how the decoder reads the source; parallel is faster to train.",
        ),
    ] = None,
    embedding_size: Annotated[
        int | None, typer.Option(min=1, help="Set the width of an embedding.")
    ] = None,
    hidden_size: Annotated[
        int | None, typer.Option(min=2, help="Set the width of a recurrent state.")
    ] = None,
    encoder_layers: Annotated[
        int | None, typer.Option(min=1, help="Set the encoder's depth.")
    ] = None,
    decoder_layers: Annotated[
        int | None, typer.Option(min=1, help="Set the decoder's depth.")
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(min=0, max=0.95, help="Drop this share of the values between layers."),
    ] = None,
    vocab_size: Annotated[
        int | None, typer.Option(min=8, help="Learn this many SentencePiece pieces.")
    ] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="bpe|unigram|char|word",
            callback=one_of("bpe", "unigram", "char", "word"),
            help="Cut text into subwords (bpe, unigram), characters, or words between blanks.",
        ),
    ] = None,
    tgt_algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="bpe|unigram|char|word",
            callback=one_of("bpe", "unigram", "char", "word"),
            help="Cut target text in another way; needs --separate-vocabularies.",
        ),
    ] = None,
    separate_vocabularies: Annotated[
        bool,
        typer.Option(
            "--separate-vocabularies", help="Learn a vocabulary for each side, not a joint one."
        ),
    ] = False,
    tokenizer: Annotated[
        Path | None,
        typer.Option(help="Use this SentencePiece model, for the source or for both sides."),
    ] = None,
    tgt_tokenizer: Annotated[
        Path | None,
        typer.Option(
            help="Use this SentencePiece model for the target, and --tokenizer for the source only."
        ),
    ] = None,
    sampling: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Sample subwords with this probability (BPE-dropout), for example 0.1.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(min=1e-9, help="Reach this rate at the end of the warm-up.")
    ] = None,
    batch_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Limit a batch to this many target tokens, padding included."),
    ] = None,
    accumulate: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Sum this many batches per update, over all processes; default one per process.",
        ),
    ] = None,
    bptt_steps: Annotated[
        int | None,
        typer.Option(min=1, help="Truncate back-propagation to this many target positions."),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Set any other field of a configuration, for example word_dropout=0.1, "
            "recurrent_dropout=0.2, r_drop=5, label_smoothing=0.2 or ema_decay=0.999; may be "
            "repeated.",
        ),
    ] = None,
    max_minutes: Annotated[
        float | None, typer.Option(min=1e-6, help="Stop after this many minutes.")
    ] = None,
    max_updates: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many updates.")
    ] = None,
    max_epochs: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many epochs.")
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="Stop after this many validations without a better one."),
    ] = None,
    validate_every: Annotated[
        int | None,
        typer.Option(min=1, help="Validate every so many updates; by default ten times in all."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Draw all random numbers from this seed: same seed, same model. Default 1."
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="cpu|cuda", callback=device_of, help="Train on this device; default cpu."
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="auto|fp32|bf16|fp16",
            callback=one_of("auto", "fp32", "bf16", "fp16"),
            help="Compute in this precision. Default auto: bf16 if the device has units for it, or "
            "else fp32.",
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Keep tokenised text in this folder, which runs may share; default in --out."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Tokenise in this many processes; default one per core."),
    ] = None,
    save_minutes: Annotated[
        float | None,
        typer.Option(min=1e-6, help="Write a checkpoint every so many minutes; default 5."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue exactly from the last checkpoint of --out.")
    ] = False,
    diagnose: Annotated[
        bool,
        typer.Option(
            "--diagnose",
            help="Show how the gradients of the run in --out decay over time steps; train nothing.",
        ),
    ] = False,
) -> None:
    """Train a translator on parallel text: line i of --tgt translates line i of --src.

    Learns the vocabulary, trains to the nearest of --max-minutes, --max-updates and --max-epochs
    (20 epochs if none is given), and keeps the weights with the best validation BLEU.

        s2s train --src train.en --tgt train.de --val-src val.en --val-tgt val.de \
            --out run --max-minutes 30

    To continue a training that was stopped, repeat its command with --resume, or just:

        s2s train --out run --resume

    To train on several GPUs, or in several processes of a CPU:

        torchrun --nproc-per-node 2 -m s2s train --device cuda ...
    """
    fields = {
        "keep": [] if keep == [""] else keep,
        "init": _absolute(init),
        "new_pieces": new_pieces,
        "cell": cell,
        "attention": attention,
        "context": context,
        "embedding_size": embedding_size,
        "hidden_size": hidden_size,
        "encoder_layers": encoder_layers,
        "decoder_layers": decoder_layers,
        "dropout": dropout,
        "vocab_size": vocab_size,
        "algorithm": algorithm,
        "tgt_algorithm": tgt_algorithm,
        "joint": False if separate_vocabularies else None,
        "src_model": _absolute(tokenizer),
        "tgt_model": _absolute(tgt_tokenizer),
        "sampling": sampling,
        "learning_rate": learning_rate,
        "batch_tokens": batch_tokens,
        "accumulate": accumulate,
        "bptt_steps": bptt_steps,
        "max_minutes": max_minutes,
        "max_updates": max_updates,
        "max_epochs": max_epochs,
        "patience": patience,
        "validate_every": validate_every,
        "seed": seed,
        "device": device,
        "precision": precision,
        "cache": _absolute(cache),
        "workers": workers,
        "save_minutes": save_minutes,
    }
    files = {"src": src, "tgt": tgt, "val_src": val_src, "val_tgt": val_tgt}
    if preset is not None and (resume or init is not None):
        option = "--resume" if resume else "--init"
        raise ConfigError(f"--preset and {option} exclude each other: a run brings its settings")
    _limit_spinning()
    if diagnose:
        _show_gradients(out)
        return
    chosen = {name: value for name, value in fields.items() if value is not None}
    text = _corpora(files, corpora or [], val_corpora or [], needed=not resume)
    _run(out, preset, init, assignments=more or [], fields={**chosen, **text}, resume=resume)


def _absolute(path: Path | None) -> str | None:
    """Returns a path for ``config.json``: resuming may start in another folder."""
    return None if path is None else str(resolve(path))


def _limit_spinning() -> None:
    """Sets ``SPIN_COUNT``, unless the user has set another one, or torch is already loaded."""
    if "torch" not in sys.modules:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)


def _show_gradients(run: Path) -> None:
    with needs("train", "training"):
        from s2s.train.diagnosis.describe import describe_gradients
    say(describe_gradients(run))


def _run(
    out: Path,
    preset: str | None,
    init: Path | None,
    *,
    assignments: list[str],
    fields: dict[str, Any],
    resume: bool,
) -> None:
    """Trains, and prints what came of it.

    Args:
        out: Run folder.
        preset: Name of the preset that the settings start from; None is ``small``.
        init: Run that the settings start from instead.
        assignments: Values of ``--set``; they win over ``fields``.
        fields: Chosen fields of the configurations, by name.
        resume: Start from the settings of the run in ``out``, and go on with it.
    """
    with needs("train", "training"):
        from s2s.train import train as run_training
        from s2s.train.settings import Settings, parse_fields
    if resume:
        settings = Settings.of_run(out)
    elif init is not None:
        settings = Settings.fine_tuning(resolve(init))
    else:
        settings = Settings.of_preset(preset or "small")
    settings = settings.with_fields({**fields, **parse_fields(assignments)})
    result = run_training(
        settings.data,
        out,
        training=settings.training,
        model=settings.model,
        tokenizer=settings.tokenizer,
        resume=resume,
    )
    if os.environ.get("RANK", "0") != "0":
        return
    bleu = "" if result.best_bleu is None else f", validation BLEU {result.best_bleu:.2f}"
    say(
        f"{result.updates:,} updates in {result.minutes:.1f} minutes ({result.stopped_by}){bleu}\n"
        f"next: s2s export {result.run} model.onnx"
    )


def _corpora(
    files: dict[str, Path | None],
    corpora: list[str],
    val_corpora: list[str],
    *,
    needed: bool,
) -> dict[str, Any]:
    """Returns the fields of DataConfig that name the text.

    Args:
        files: ``--src``, ``--tgt``, ``--val-src`` and ``--val-tgt``.
        corpora: Values of ``--train``.
        val_corpora: Values of ``--validate``.
        needed: Whether no text at all is an error.
    """
    from s2s.cli.corpora import parse_corpus, tagged
    from s2s.corpus.config import CorpusConfig

    if corpora or val_corpora:
        if any(files.values()):
            raise ConfigError(
                "--train and --validate exclude --src, --tgt, --val-src and --val-tgt"
            )
        if not (corpora and val_corpora):
            missing = "--validate" if corpora else "--train"
            raise ConfigError(f"{missing} is missing; --train and --validate go together")
        train, validation = tagged(
            [parse_corpus(name) for name in corpora], [parse_corpus(name) for name in val_corpora]
        )
    elif any(files.values()) or needed:
        for option, path in files.items():
            if path is None:
                raise ConfigError(
                    f"--{option.replace('_', '-')} is missing; training needs --src, --tgt, "
                    "--val-src, --val-tgt, or --train and --validate"
                )
        paths = {option: str(resolve(path or "")) for option, path in files.items()}
        train = (CorpusConfig(src=paths["src"], tgt=paths["tgt"]),)
        validation = (CorpusConfig(src=paths["val_src"], tgt=paths["val_tgt"]),)
    else:
        return {}
    return {
        "train": [corpus.to_dict() for corpus in train],
        "validation": [corpus.to_dict() for corpus in validation],
    }
