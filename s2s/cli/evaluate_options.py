"""Options of ``s2s evaluate`` alone, in the groups of its help page."""

from pathlib import Path
from typing import Annotated

from s2s.cli.options import FILES, option

SCORES = "Scores"

Src = Annotated[
    Path | None,
    option(panel=FILES, help_="Translate this text, line by line.", metavar="FILE"),
]
References = Annotated[
    list[Path] | None,
    option(
        panel=FILES,
        help_="Compare with this human translation, line by line; may be repeated, and then a "
        "blank line in one of the files is no translation.",
        metavar="FILE",
        default=False,
    ),
]
Pairs = Annotated[
    Path | None,
    option(
        panel=FILES,
        help_="Read sources and references from this file instead; - is standard input.",
        metavar="FILE",
    ),
]
OutputPath = Annotated[
    Path | None,
    option(
        "--output",
        "-o",
        panel=FILES,
        help_="Write the translations to this file.",
        metavar="FILE",
    ),
]
Hypotheses = Annotated[
    Path | None,
    option(
        panel=FILES,
        help_="Score this output of any system instead of a MODEL's; - is standard input.",
        metavar="FILE",
    ),
]
Baseline = Annotated[
    Path | None,
    option(
        panel=FILES,
        help_="Test whether this output of another system differs (paired bootstrap).",
        metavar="FILE",
    ),
]
Plot = Annotated[
    Path | None,
    option(
        panel=FILES,
        help_="Write a page with figures and examples to this file (HTML).",
        metavar="FILE",
    ),
]
Confidence = Annotated[
    bool,
    option("--confidence", panel=SCORES, help_="Print 95 % intervals, by bootstrap resampling."),
]
Buckets = Annotated[
    bool, option("--buckets", panel=SCORES, help_="Also score by length of the source.")
]
Variants = Annotated[
    bool,
    option(
        "--robustness",
        panel=SCORES,
        help_="Also score the test set in capitals, in title case, in lower case, without end "
        "marks, with typos, with several sentences a line; and count right numbers. Takes "
        "about ten times as long.",
    ),
]
Measures = Annotated[
    str | None,
    option(
        panel=SCORES,
        help_="Compute these, in this order: bleu, chrf, ter; exact, the share of lines that "
        "equal a reference; token_error, edits per token between blanks (word or phoneme "
        "error rate); character_error, edits per character.",
        metavar="NAME,...",
        default="bleu,chrf,ter; all with --json, and for references that are no sentences",
    ),
]
Lowercase = Annotated[
    bool, option("--lowercase", panel=SCORES, help_="Compare lowercased text (case:lc).")
]
Whitespace = Annotated[
    str | None,
    option(
        panel=SCORES,
        help_="Blanks in exact matches and character errors: single takes a run of them for one, "
        "and leaves out those at both ends; keep compares each of them.",
        choices=("single", "keep"),
        default="keep for a MODEL that was trained with it, else single",
    ),
]
Tokenize = Annotated[
    str | None,
    option(
        panel=SCORES,
        help_="Choose how BLEU splits text into words.",
        choices=("13a", "intl", "zh", "char", "none"),
        check=lambda name: name,  # s2s.score.metrics checks it
        default="zh for Chinese, char for other text without blanks, 13a for all other text",
    ),
]
AsJson = Annotated[bool, option("--json", panel=SCORES, help_="Print JSON.")]
