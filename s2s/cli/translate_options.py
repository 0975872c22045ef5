"""Options of ``s2s translate`` alone, in the groups of its help page."""

from typing import Annotated, Any

import typer

from s2s.cli.options import OUTPUT, SEARCH, option

WORDS = "Words of the translation"
DRAWS = "Random draws"
DOCUMENTS = "Documents with tags"


def _policy(help_: str) -> Any:
    """Returns an option about texts that a translation must have as its source has them."""
    return option(
        panel=WORDS,
        help_=help_,
        choices=("check", "keep", "off"),
        default="keep, if the training text kept them",
    )


Input = Annotated[
    str,
    typer.Argument(
        metavar="INPUT",
        help="Text, plain or packed, translated line by line, or a document (--format); - is "
        "standard input.",
    ),
]

# Output

Resume = Annotated[
    bool,
    option("--resume", panel=OUTPUT, help_="Continue an interrupted run from OUTPUT.partial."),
]
NBest = Annotated[
    int,
    option(
        panel=OUTPUT,
        help_="Print this many translations per sentence, best first.",
        metavar="N",
        low=1,
    ),
]
Scores = Annotated[bool, option("--scores", panel=OUTPUT, help_="Print score, tab, translation.")]
Alignments = Annotated[
    bool,
    option("--alignments", panel=OUTPUT, help_="Print translation, tab, word alignment (0-0 1-2)."),
]
AsJson = Annotated[
    bool,
    option("--json", panel=OUTPUT, help_="Print a JSON object per translation: score, pieces, ..."),
]
LineBuffered = Annotated[
    bool,
    option(
        "--line-buffered",
        panel=OUTPUT,
        help_="Answer each line at once, also in a pipe; slower.",
    ),
]

# Search

MinLength = Annotated[
    int | None,
    option(
        panel=SEARCH,
        help_="Give a translation at least this many pieces.",
        metavar="N",
        low=1,
        default="1",
    ),
]
NoRepeat = Annotated[
    int | None,
    option(
        panel=SEARCH,
        help_="Use no n-gram of this many pieces twice.",
        metavar="N",
        low=0,
        default="0, no limit",
    ),
]
Diversity = Annotated[
    float | None,
    option(
        panel=SEARCH,
        help_="Make the n best translations differ more; try 0.5.",
        metavar="X",
        low=0,
        default="0",
    ),
]

# Words of the translation

Prefix = Annotated[
    str | None,
    option(
        panel=WORDS,
        help_="Begin every translation with this text; end it where a word ends.",
        metavar="TEXT",
    ),
]
Require = Annotated[
    list[str] | None,
    option(
        panel=WORDS,
        help_="Put these words into every translation; may be repeated.",
        metavar="TEXT",
        default=False,
    ),
]
Keep = Annotated[
    list[str] | None,
    option(
        panel=WORDS,
        help_="Copy text that matches this pattern unchanged, as often as it occurs: "
        "placeholders, tags, addresses, numbers; may be repeated. A pattern that backtracks "
        "without end, such as (a+)+b, is not stopped.",
        metavar="REGEX",
        default="as in training",
    ),
]
Unknown = Annotated[
    str | None,
    option(
        panel=WORDS,
        help_="Copy names and emoji that the vocabulary has no piece for, or leave them to the "
        "model (drop).",
        choices=("copy", "drop"),
        default="copy; drop for vocabularies of characters or words",
    ),
]
Numbers = Annotated[
    str | None,
    _policy(
        "Find translations with other numbers than their source: search them again with "
        "these numbers (keep), count them (check), or let them be (off)."
    ),
]
Placeables = Annotated[
    str | None,
    _policy("The same for addresses, placeholders, tags, names of files and code."),
]
Names = Annotated[
    str | None,
    _policy("The same for names: words with a capital that the training text hardly had."),
]
Ban = Annotated[
    list[str] | None,
    option(
        panel=WORDS,
        help_="Never use this piece, written as --json prints it; may be repeated.",
        metavar="PIECE",
        default=False,
    ),
]

# Random draws

Temperature = Annotated[
    float | None,
    option(
        panel=DRAWS,
        help_="Draw translations at random if over 0; 1 keeps the model's distribution.",
        metavar="X",
        low=0,
        default="0",
    ),
]
TopK = Annotated[
    int | None,
    option(
        panel=DRAWS,
        help_="Draw from this many best pieces; 0 is all of them.",
        metavar="N",
        low=0,
        default="0",
    ),
]
Seed = Annotated[
    int | None,
    option(
        panel=DRAWS,
        help_="Seed the random draws: the same seed repeats them.",
        metavar="N",
        low=0,
        default="0",
    ),
]

# Documents with tags

Format = Annotated[
    str,
    option(
        "--format",
        panel=DOCUMENTS,
        help_="What the input is: lines of text; or one document of HTML or XML, whose tags go "
        "with the words that they are around.",
        choices=("text", "html", "xml"),
    ),
]
IgnoreTag = Annotated[
    list[str] | None,
    option(
        panel=DOCUMENTS,
        help_="Carry this element of a document over untouched, as a word; may be repeated.",
        metavar="NAME",
        default=False,
    ),
]
