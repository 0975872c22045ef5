"""``s2s train``: two text files in, a run folder out."""

from pathlib import Path
from typing import Annotated

import typer

from s2s.cli.options import device_of, one_of, say
from s2s.errors import ConfigError, MissingPackageError


def train(
    out: Annotated[Path, typer.Option(help="Run folder to make.")],
    src: Annotated[Path | None, typer.Option(help="Source sentences; gzip is fine.")] = None,
    tgt: Annotated[Path | None, typer.Option(help="Their translations, line by line.")] = None,
    val_src: Annotated[Path | None, typer.Option(help="Source sentences to validate on.")] = None,
    val_tgt: Annotated[Path | None, typer.Option(help="Their translations.")] = None,
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
        typer.Option(metavar="fp32|bf16|fp16", callback=one_of("fp32", "bf16", "fp16")),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint of --out, exactly.")
    ] = False,
) -> None:
    """Train a translator on parallel text: line i of --tgt translates line i of --src.

    Learns the vocabulary, trains to the nearest of --max-minutes, --max-updates and --max-epochs
    (20 epochs if none is given), and keeps the weights with the best validation BLEU.

        s2s train --src train.en --tgt train.de --val-src val.en --val-tgt val.de \
            --out run --max-minutes 30

    A training that was stopped goes on with the same command and --resume, or just:

        s2s train --out run --resume
    """
    given = {name: value for name, value in locals().items() if value is not None}
    for option, field in (("src", "train_src"), ("tgt", "train_tgt")):
        if option in given:
            given[field] = given.pop(option)
    for field in ("train_src", "train_tgt", "val_src", "val_tgt"):
        if field in given:
            given[field] = str(Path(given[field]).resolve())  # resuming may start elsewhere
        elif not resume:
            option = field.removeprefix("train_").replace("_", "-")
            raise ConfigError(
                f"--{option} is missing; training needs --src, --tgt, --val-src, --val-tgt"
            )
    for option, field in (("tokenizer", "src_model"), ("tgt_tokenizer", "tgt_model")):
        if option in given:
            given[field] = str(Path(given[option]).resolve())
    if resume and preset is not None:
        raise ConfigError("--preset and --resume exclude each other: a run keeps its settings")
    if separate_vocabularies:
        given["joint"] = False
    try:
        from s2s.train import train as run_training
        from s2s.train.settings import Settings
    except ImportError as error:
        raise MissingPackageError(
            f"{error.name or error} is not installed; training needs 's2s[train]'"
        ) from error
    settings = Settings.of_run(out) if resume else Settings.of_preset(preset or "small")
    settings = settings.changed(given)
    result = run_training(
        settings.data,
        out,
        training=settings.training,
        model=settings.model,
        tokenizer=settings.tokenizer,
        resume=resume,
    )
    bleu = "" if result.best_bleu is None else f", validation BLEU {result.best_bleu:.2f}"
    say(
        f"{result.updates:,} updates in {result.minutes:.1f} minutes ({result.stopped_by}){bleu}\n"
        f"next: s2s export {result.run} model.onnx"
    )
