"""``s2s info``: describes a model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s2s.cli.options import Model, say
from s2s.errors import needs

if TYPE_CHECKING:
    from s2s.tokenizer import Tokenizer


def info(
    model: Model,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Describe a model: sizes, languages, scores, recommended search, inputs and outputs.

    The model is not run. If one file holds several networks, each is described.

        s2s info model.onnx
    """
    from s2s.formats.run_folder import is_run_folder

    facts = _of_run(Path(model)) if is_run_folder(model) else _of_file(model)
    if as_json:
        say(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    rows = list(_rows(facts))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say(f"{name:{width}}  {_readable(value)}")


def _rows(facts: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields name and value of each line; ``members`` get a line for each network."""
    from s2s.formats.card import TEXT_FACTS, text_facts

    for name, value in facts.items():
        if name == TEXT_FACTS:
            yield "source text", str(text_facts({TEXT_FACTS: value}))
            continue
        if name != "members":
            yield name, value
            continue
        yield name, f"{len(value)} networks that translate together"
        yield from ((f"network {number}", member) for number, member in enumerate(value, 1))


def _of_file(model: str) -> dict[str, Any]:
    from s2s.formats.card import has_fixed_search
    from s2s.formats.model_file import TEXT_KEY, check_model_file, describe

    file = describe(model)
    header, card = file.header, dict(file.card)
    if file.text:
        network = card["model"]
        sizes = (network.get("src_vocab_size", 0), network.get("tgt_vocab_size", 0))
        rules = None  # they are in the graph
        kind = f"s2s text model {header.metadata[TEXT_KEY]}, for onnxruntime-extensions"
    else:
        tokenizer = check_model_file(file).tokenizer
        sizes = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
        rules = _rules(tokenizer)
        kind = f"s2s {header.metadata['s2s.format']}"
    fixed = ", its search fixed" if has_fixed_search(card) else ""
    shown = {"model", "search", "precision", "parameters", "languages", "tags", "scores", "members"}
    facts: dict[str, Any] = {
        "file": f"{model} ({len(file.data):,} bytes)",
        "format": f"{kind}{fixed}, ONNX IR version {header.ir_version}",
        "operators": {domain or "ai.onnx": version for domain, version in header.opsets.items()},
        "precision": card.get("precision"),
        "parameters": card.get("parameters", header.weights),
        "languages": card.get("languages"),
        "tags": card.get("tags"),
        "scores": card.get("scores"),
        "vocabulary": _vocabulary(*sizes),
        "characters": rules,
        "search": card["search"],
        **({"members": card["members"]} if "members" in card else {"network": card["model"]}),
        "inputs": {
            value.name: f"{value.type} [{', '.join(value.shape)}]" for value in header.inputs
        },
        "outputs": {
            value.name: f"{value.type} [{', '.join(value.shape)}]" for value in header.outputs
        },
    }
    facts |= {name: value for name, value in card.items() if name not in shown}
    return {name: value for name, value in facts.items() if value not in (None, {}, [])}


def _of_run(folder: Path) -> dict[str, Any]:
    with needs("train", "a run folder"):
        from s2s.model.run import load_run
    run = load_run(folder)
    config = run.model.config
    facts: dict[str, Any] = {
        "run": str(folder),
        "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
        "vocabulary": _vocabulary(config.src_vocab_size, config.tgt_vocab_size),
        "characters": _rules(run.tokenizer),
        "search": run.search.to_dict(),
        "network": config.to_dict(),
        **run.card,
    }
    return {name: value for name, value in facts.items() if value not in (None, {})}


def _vocabulary(src: int, tgt: int) -> str:
    return f"{src:,} source and {tgt:,} target pieces"


def _rules(tokenizer: "Tokenizer") -> str:
    """Returns the names of the rules for characters."""
    from s2s.tokenizer.pieces import normalization_of

    src, tgt = map(normalization_of, (tokenizer.src_model, tokenizer.tgt_cutter))
    rules = src if src == tgt else f"{src} in the source, {tgt} in the target"
    return f"{rules}; blanks and tabs are kept" if tokenizer.keeps_blanks else rules


def _readable(value: Any) -> str:
    """Formats a value for reading: objects as ``name value`` pairs, lists with blanks between.

    What nobody knows is left out of objects, such as a language that no file name tells.
    """
    if isinstance(value, dict):
        known = {key: part for key, part in value.items() if part is not None}
        return ", ".join(f"{key} {_readable(part)}" for key, part in known.items()) or "unknown"
    if isinstance(value, list):
        return " ".join(map(_readable, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
