"""``s2s train``: two text files in, a run folder out."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from s2s.cli.corpora import parse_corpus, tagged
from s2s.cli.options import device_of, one_of, say
from s2s.corpus.config import CorpusConfig
from s2s.errors import ConfigError, needs
from s2s.files import resolve


def train(
    out: Annotated[Path, typer.Option(help="Run folder to make.")],
    src: Annotated[Path | None, typer.Option(help="Source sentences; gzip is fine.")] = None,
    tgt: Annotated[Path | None, typer.Option(help="Their translations, line by line.")] = None,
    val_src: Annotated[Path | None, typer.Option(help="Source sentences to validate on.")] = None,
    val_tgt: Annotated[Path | None, typer.Option(help="Their translations.")] = None,
    corpora: Annotated[
        list[str] | None,
        typer.Option(
            "--train",
            metavar="PREFIX:SRC-TGT[=WEIGHT]",
            help="Instead of --src and --tgt, and more than once: PREFIX.SRC and PREFIX.TGT, each "
            "pair WEIGHT times an epoch. Several target languages make one model for all: sources "
            "then begin with a tag such as <2de>.",
        ),
    ] = None,
    val_corpora: Annotated[
        list[str] | None,
        typer.Option("--validate", metavar="PREFIX:SRC-TGT", help="The same for validation."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGEX",
            show_default=False,
            help="What translations keep as it is written, more than once: placeholders, tags, "
            "addresses. Where both sides of a pair have it, it is one piece, which the network "
            "learns to carry over. --init's, unless given; '' is none.",
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Fine-tune: start from this run's weights, shape and vocabulary."
        ),
    ] = None,
    new_pieces: Annotated[
        int | None,
        typer.Option(min=0, help="Pieces at most that --init's vocabulary gets from the text."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="tiny|small|base|large", help="Size and settings to start from. Default small."
        ),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(metavar="lstm|gru|rnn", callback=one_of("lstm", "gru", "rnn")),
    ] = None,
    attention: Annotated[
        str | None,
        typer.Option(
            metavar="dot|general|mlp|multihead",
            callback=one_of("dot", "general", "mlp", "multihead"),
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            metavar="parallel|input_feeding",
            callback=one_of("parallel", "input_feeding"),
            help="How the decoder reads the source: parallel is the faster one to train.",
        ),
    ] = None,
    embedding_size: Annotated[int | None, typer.Option(min=1)] = None,
    hidden_size: Annotated[int | None, typer.Option(min=2)] = None,
    encoder_layers: Annotated[int | None, typer.Option(min=1)] = None,
    decoder_layers: Annotated[int | None, typer.Option(min=1)] = None,
    dropout: Annotated[float | None, typer.Option(min=0, max=0.95)] = None,
    vocab_size: Annotated[int | None, typer.Option(min=8, help="SentencePiece pieces.")] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="bpe|unigram|char|word",
            callback=one_of("bpe", "unigram", "char", "word"),
            help="How text is cut: into subwords, characters, or what stands between blanks.",
        ),
    ] = None,
    tgt_algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="bpe|unigram|char|word",
            callback=one_of("bpe", "unigram", "char", "word"),
            help="The target's, if it is another one; needs --separate-vocabularies.",
        ),
    ] = None,
    separate_vocabularies: Annotated[
        bool,
        typer.Option("--separate-vocabularies", help="One vocabulary a side, not a joint one."),
    ] = False,
    tokenizer: Annotated[
        Path | None,
        typer.Option(help="A SentencePiece model that exists, for the source or for both sides."),
    ] = None,
    tgt_tokenizer: Annotated[
        Path | None, typer.Option(help="The target's, if --tokenizer is the source's alone.")
    ] = None,
    sampling: Annotated[
        float | None, typer.Option(min=0, max=1, help="Subword sampling (BPE-dropout), 0.1 say.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=1e-9)] = None,
    batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="Target tokens of a batch at most.")
    ] = None,
    accumulate: Annotated[
        int | None,
        typer.Option(min=1, help="Batches an update, over all processes. Default one for each."),
    ] = None,
    bptt_steps: Annotated[
        int | None,
        typer.Option(min=1, help="Truncate back-propagation to so many target positions."),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Any other field of a configuration, and more than once: word_dropout=0.1, "
            "recurrent_dropout=0.2, r_drop=5, label_smoothing=0.2, ema_decay=0.999.",
        ),
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(min=1e-6)] = None,
    max_updates: Annotated[int | None, typer.Option(min=1)] = None,
    max_epochs: Annotated[int | None, typer.Option(min=1)] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many validations without a better one.")
    ] = None,
    validate_every: Annotated[
        int | None, typer.Option(min=1, help="Updates; ten times in all by default.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Same seed, same model. Default 1.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="cpu|cuda", callback=device_of, help="Where to train. Default cpu."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="auto|fp32|bf16|fp16",
            callback=one_of("auto", "fp32", "bf16", "fp16"),
            help="Default auto: bf16 where the processor or the GPU has units for it.",
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for tokenised text that runs may share. Default in --out."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that tokenise. Default one a core.")
    ] = None,
    save_minutes: Annotated[
        float | None, typer.Option(min=1e-6, help="Time between checkpoints. Default 5.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint of --out, exactly.")
    ] = False,
    diagnose: Annotated[
        bool,
        typer.Option(
            "--diagnose",
            help="Train nothing: show how the gradients of the run in --out decay over time steps.",
        ),
    ] = False,
) -> None:
    """Train a translator on parallel text: line i of --tgt translates line i of --src.

    Learns the vocabulary, trains to the nearest of --max-minutes, --max-updates and --max-epochs
    (20 epochs if none is given), and keeps the weights with the best validation BLEU.

        s2s train --src train.en --tgt train.de --val-src val.en --val-tgt val.de \
            --out run --max-minutes 30

    A training that was stopped goes on with the same command and --resume, or just:

        s2s train --out run --resume

    On several GPUs, or processes of a CPU:

        torchrun --nproc-per-node 2 -m s2s train --device cuda ...
    """
    given = {name: value for name, value in locals().items() if value is not None}
    files = {name: given.pop(name, None) for name in ("src", "tgt", "val_src", "val_tgt")}
    names = [given.pop(name, []) for name in ("corpora", "val_corpora")]
    for option, field in (
        ("tokenizer", "src_model"),
        ("tgt_tokenizer", "tgt_model"),
        ("init", "init"),
        ("cache", "cache"),
    ):
        if option in given:
            # Resuming may start in another folder.
            given[field] = str(resolve(given.pop(option)))
    if (resume or init) and preset is not None:
        option = "--resume" if resume else "--init"
        raise ConfigError(f"--preset and {option} exclude each other: a run brings its settings")
    if "keep" in given:
        given["keep"] = [] if keep == [""] else keep
    if separate_vocabularies:
        given["joint"] = False
    with needs("train", "training"):
        from s2s.train import train as run_training
        from s2s.train.diagnosis.describe import describe_gradients
        from s2s.train.settings import Settings, parse_fields
    if diagnose:
        say(describe_gradients(out))
        return
    given |= parse_fields(given.pop("more", [])) | _corpora(files, names, needed=not resume)
    if resume:
        settings = Settings.of_run(out)
    elif init is not None:
        settings = Settings.fine_tuning(resolve(init))
    else:
        settings = Settings.of_preset(preset or "small")
    settings = settings.with_fields(given)
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
    files: dict[str, Path | None], names: list[list[str]], *, needed: bool
) -> dict[str, Any]:
    """Returns the fields of DataConfig that the options name."""
    if any(names):
        if any(files.values()):
            raise ConfigError(
                "--train and --validate exclude --src, --tgt, --val-src and --val-tgt"
            )
        if not all(names):
            missing = "--train" if not names[0] else "--validate"
            raise ConfigError(f"{missing} is missing; --train and --validate go together")
        groups = tagged(*([parse_corpus(name) for name in group] for group in names))
    elif any(files.values()) or needed:
        for option, path in files.items():
            if path is None:
                raise ConfigError(
                    f"--{option.replace('_', '-')} is missing; training needs --src, --tgt, "
                    "--val-src, --val-tgt, or --train and --validate"
                )
        paths = {option: str(resolve(path or "")) for option, path in files.items()}
        groups = (
            (CorpusConfig(src=paths["src"], tgt=paths["tgt"]),),
            (CorpusConfig(src=paths["val_src"], tgt=paths["val_tgt"]),),
        )
    else:
        return {}
    fields = ("train", "validation")
    return {
        field: [config.to_dict() for config in group]
        for field, group in zip(fields, groups, strict=True)
    }
