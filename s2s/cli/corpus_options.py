"""Options of ``s2s train`` that say what it learns from."""

from pathlib import Path
from typing import Annotated

from s2s.cli.options import FILES, TEXT, option

Src = Annotated[
    Path | None,
    option(panel=FILES, help_="Read source sentences here, plain or packed.", metavar="FILE"),
]
Tgt = Annotated[
    Path | None,
    option(panel=FILES, help_="Read their translations here, line by line.", metavar="FILE"),
]
ValSrc = Annotated[
    Path | None, option(panel=FILES, help_="Validate on these source sentences.", metavar="FILE")
]
ValTgt = Annotated[
    list[Path] | None,
    option(
        panel=FILES,
        help_="Validate on these translations; may be repeated.",
        metavar="FILE",
        default=False,
    ),
]

Pairs = Annotated[
    list[Path] | None,
    option(
        "--pairs",
        panel=TEXT,
        help_="Read both sides from this file (TSV, CSV, JSON Lines, a dictionary), a pair a line; "
        "replaces --src and --tgt, may be repeated.",
        metavar="FILE",
        default=False,
    ),
]
ValPairs = Annotated[
    list[Path] | None,
    option(
        "--val-pairs",
        panel=TEXT,
        help_="Validate on the pairs of this file; may be repeated.",
        metavar="FILE",
        default=False,
    ),
]
Corpora = Annotated[
    list[str] | None,
    option(
        "--train",
        panel=TEXT,
        help_="Train on PREFIX.SRC and PREFIX.TGT, each pair WEIGHT times an epoch; replaces --src "
        "and --tgt, may be repeated. If there are several target languages, one model learns "
        "all of them: each source begins with a tag such as <2de>. If PREFIX is a file, it has "
        "both sides, as --pairs.",
        metavar="PREFIX:SRC-TGT[=WEIGHT]",
        default=False,
    ),
]
ValCorpora = Annotated[
    list[str] | None,
    option(
        "--validate",
        panel=TEXT,
        help_="Validate on PREFIX.SRC and PREFIX.TGT; may be repeated.",
        metavar="PREFIX:SRC-TGT",
        default=False,
    ),
]
Deduplicate = Annotated[
    bool,
    option(
        "--deduplicate",
        panel=TEXT,
        help_="Leave out pairs that occur again in their corpus. They are counted in any case.",
    ),
]
Keep = Annotated[
    list[str] | None,
    option(
        panel=TEXT,
        help_="Keep texts that match, such as placeholders, tags or addresses, unchanged in "
        "translations; may be repeated. If both sides of a pair have such a text, it becomes "
        "one piece, which the network learns to copy. '' turns keeping off.",
        metavar="REGEX",
        default="none, or that of --init",
    ),
]
Augment = Annotated[
    str | None,
    option(
        panel=TEXT,
        help_="Change these shares of the pairs, others in each epoch: upper and title write both "
        "sides in capitals or Title Case, merge joins two pairs, typos puts a typing error into "
        "the source, noend takes off its end mark; for example typos=0.05,noend=0.05.",
        metavar="NAME=SHARE,...",
        default="none, or that of --init",
    ),
]
