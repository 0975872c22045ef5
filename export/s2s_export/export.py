"""From the folder of a run to one checked model file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import onnx

from s2s.config import SearchConfig, check_integer
from s2s.errors import ConfigError, ModelError, ParityError, suggest, with_option
from s2s.files import atomic_output
from s2s.formats.checksum import sealed
from s2s.machine import lacks_int8_products
from s2s.model.ensemble import load_runs
from s2s.model.run import Run
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer.tags import check_in_step
from s2s_export.graph.builder import stored
from s2s_export.metadata import add_metadata
from s2s_export.model import Precision, build_model, check_precision, kept_in_fp32
from s2s_export.parity import Parity, check_parity
from s2s_export.parity.text import TextParity, check_texts, extensions_path
from s2s_export.text_model import build_text_model
from s2s_export.triton import TritonFolder

LARGEST = 2**31 - 1
"""Bytes of a protobuf; a larger model would need external data, which s2s never writes."""
BYTES: dict[Precision, int] = {"fp32": 4, "fp16": 2, "int8": 1}
"""Bytes of a weight."""


@dataclass(frozen=True)
class ExportReport:
    """A model file that was written, and how it compares with torch."""

    path: Path
    bytes: int
    """Size of the file."""
    precision: str
    parity: Parity
    kept_in_fp32: dict[str, str]
    """fp16 and int8: the parts that are still stored or computed in fp32, and why."""
    members: int = 1
    """Number of networks that translate together."""
    slow_int8: bool = False
    """int8 only: whether this processor has no instructions for it, so that fp32 may be as fast."""
    texts: TextParity | None = None
    """Text models only: how the file compares with the graph without strings."""
    fixed_search: bool = False
    """Whether the search values are constants of the file."""
    triton: Path | None = None
    """The folder that was written for Triton, if any."""

    def __str__(self) -> str:
        """The lines that a user reads after an export."""
        parity = self.parity
        lines = [
            f"{self.path}: {self.bytes / 1e6:.1f} MB, {self.precision}"
            + (f", {self.members} members" if self.members > 1 else "")
            + (", strings in and out" if self.texts else "")
            + (", fixed search" if self.fixed_search else ""),
            f"checked against torch: {parity.sentences} sentences, {parity.hypotheses} hypotheses, "
            f"{parity.identical} with the same pieces, largest score difference "
            f"{parity.largest_difference:.2g}",
        ]
        if self.texts:
            lines.append(
                f"checked against the graph without strings: {self.texts.sentences} sentences, "
                f"{self.texts.sentences - self.texts.ties} with the same pieces"
            )
        if parity.near_ties:
            lines.append(
                f"{parity.near_ties} sentences in which rounding decided between hypotheses"
            )
        if parity.batch_dependent:
            lines.append(
                f"{parity.batch_dependent} sentences whose scores, alone and in a batch, differ in "
                "their last bits"
            )
        if self.triton:
            lines.append(f"{self.triton}: config.pbtxt and 1/model.onnx, for Triton")
        if self.precision == "fp16":
            lines.append(
                "fp16 is for GPUs: a CPU computes it in fp32 with a conversion around each node, "
                "more slowly than an fp32 file"
            )
        if self.slow_int8:
            lines.append(
                "this processor has no VNNI and no AMX: int8 gains less here (1.2 to 1.9 times the "
                "speed of fp32 where it was measured), and fp32 may be as fast; time both"
            )
        lines += [f"kept in fp32: {name} ({reason})" for name, reason in self.kept_in_fp32.items()]
        return "\n".join(lines)


def export_run(
    run: str | Path | Sequence[str | Path],
    output: str | Path,
    precision: str = "fp32",
    *,
    text: bool = False,
    length_factor: int | None = None,
    length_margin: int | None = None,
    in_step: bool | None = None,
    fixed_search: bool = False,
    search: Mapping[str, Any] | None = None,
    triton: TritonFolder | None = None,
) -> ExportReport:
    """Writes the model file of a trained run, after checking it against torch.

    Args:
        run: Folder of the run. Several folders become one ensemble in one file, see
            ``s2s.model.ensemble``; recommended values and length limits are those of the first.
        output: The ONNX file; an older file is replaced when the new one is complete.
        precision: ``fp32`` (standard operators, the same pieces as torch), ``fp16`` (half the size,
            for GPUs) or ``int8`` (smaller and faster, for CPUs).
        text: Whether to write a text model, strings in and strings out, for onnxruntime with
            onnxruntime-extensions; s2s itself does not read it.
        length_factor: Limit of length in place of the run's, see ``SearchConfig.length_factor``.
        length_margin: The same, see ``SearchConfig.length_margin``.
        in_step: Whether outputs have as many pieces as their sources, in place of what the run has
            settled, see ``SearchConfig.in_step``.
        fixed_search: Whether the values of the search become constants of the file. Then it has the
            inputs ``src`` and ``src_lengths`` alone (``text``, and ``to``, with ``text``), and all
            inputs and outputs have the batch as their first dimension, for servers that join
            requests. No call can change the search.
        search: Values of the fixed search in place of the run's: fields of ``SearchConfig``.
        triton: Folder for Triton Inference Server, written besides ``output``.

    Returns:
        A description of the file, and how it compares with torch.

    Raises:
        ConfigError: If ``precision`` is unknown, there is no run, a value is out of range, or
            ``search`` or ``triton`` is given without ``fixed_search``.
        FileError: If a folder or file is missing, the file cannot be written, or the folder for
            Triton exists.
        MissingPackageError: If onnxruntime, which checks the file, is missing; for ``text``, also
            if onnxruntime-extensions is missing.
        ModelError: If a run is damaged, the runs' vocabularies differ, they do not fit into one
            file, or a weight is too large for fp16.
        ParityError: If the graph does not translate like the runs; then nothing is written.
    """
    output, checked = Path(output), check_precision(precision)
    folders = [run] if isinstance(run, str | Path) else list(run)
    changes = _changes(search or {}, length_factor, length_margin, in_step)
    if not fixed_search:
        _check_not_fixed(search or {}, triton)
    if triton:
        triton.check(checked)
    if text:
        extensions_path()
    # Opened first, so that the error of a folder without write access comes before the work.
    with atomic_output(output, "wb") as file:
        runs = _searching(load_runs(folders), changes)
        models = [member.model for member in runs]
        size = BYTES[checked] * sum(model.num_parameters() for model in models)
        if size > LARGEST:
            raise ModelError(_too_large(size))
        serialized, parity = _model_file(runs, models, checked, fixed=fixed_search)
        texts = None
        if text:
            serialized, texts = _text_model(runs, models, checked, serialized, fixed=fixed_search)
        file.write(serialized)
        if triton:
            triton.write(serialized)
    configs = [model.config for model in models]
    return ExportReport(
        path=output,
        bytes=len(serialized),
        precision=checked,
        parity=parity,
        kept_in_fp32=kept_in_fp32(configs, checked),
        members=len(models),
        slow_int8=checked == "int8" and lacks_int8_products(),
        texts=texts,
        fixed_search=fixed_search,
        triton=triton.path if triton else None,
    )


def _model_file(
    runs: list[Run], models: list[Seq2Seq], precision: Precision, *, fixed: bool
) -> tuple[bytes, Parity]:
    """Returns a model file that was compared with torch."""
    search = runs[0].search
    graph = build_model(models, search, precision, fixed=fixed)
    add_metadata(graph, runs, precision, fixed=fixed)
    serialized = sealed(serialize(graph))
    return serialized, check_parity(models, serialized, search, precision, fixed=fixed)


def _text_model(
    runs: list[Run], models: list[Seq2Seq], precision: Precision, of_ids: bytes, *, fixed: bool
) -> tuple[bytes, TextParity]:
    """Returns a text model that was compared with the model file ``of_ids``."""
    search, tokenizer = runs[0].search, runs[0].tokenizer
    graph = build_text_model(models, search, tokenizer, precision, fixed=fixed)
    add_metadata(graph, runs, precision, text=True, fixed=fixed)
    serialized = sealed(serialize(graph))
    return serialized, check_texts(serialized, of_ids, tokenizer, search, fixed=fixed)


def _changes(
    search: Mapping[str, Any],
    length_factor: int | None,
    length_margin: int | None,
    in_step: bool | None,
) -> dict[str, Any]:
    """Returns the values of the search that are given, by field."""
    known = [field.name for field in fields(SearchConfig)]
    for name in search:
        if name not in known:
            raise ConfigError(
                f"search has {name!r}, which is no value of a search{suggest(name, known)}"
            )
    limits = {"length_factor": length_factor, "length_margin": length_margin}
    changes: dict[str, Any] = dict(search)
    for name, value in limits.items():
        if value is not None:
            changes[name] = check_integer(name, value, 0)
    if in_step is not None:
        changes["in_step"] = in_step
    return changes


def _check_not_fixed(search: Mapping[str, Any], triton: TritonFolder | None) -> None:
    """Raises ConfigError if something is given that only a fixed search has."""
    if search:
        name = min(search)
        raise ConfigError(
            f"{with_option(name)} is given, but each call chooses it unless the search is fixed; "
            "add --fixed-search, or leave it out"
        )
    if triton:
        raise ConfigError(
            "triton (--triton) needs a fixed search, or Triton cannot batch; add --fixed-search"
        )


def _searching(runs: list[Run], changes: dict[str, Any]) -> list[Run]:
    """Returns runs whose first has a search with ``changes``."""
    if "in_step" in changes:
        check_in_step(changes["in_step"], runs[0].tokenizer.tags)
    return [replace(runs[0], search=replace(runs[0].search, **changes)), *runs[1:]]


def _too_large(size: int) -> str:
    return (
        f"the model would have {size / 1e9:.1f} GB; one ONNX file holds at most "
        f"{LARGEST / 1e9:.1f} GB; train a smaller model, or export int8 (or fp16, for a GPU)"
    )


def serialize(model: onnx.ModelProto) -> bytes:
    """Checks a model with onnx's own checker and returns its bytes.

    Raises:
        ModelError: If it is too large for one file.
        ParityError: If onnx finds a fault in it.
    """
    size = sum(len(tensor.raw_data) for tensor in stored(model.graph))
    if size > LARGEST:
        raise ModelError(_too_large(size))
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        first = str(error).strip().splitlines()[0]
        raise ParityError(f"onnx.checker refuses the exported graph: {first}") from error
    serialized: bytes = model.SerializeToString()
    if len(serialized) > LARGEST:
        raise ModelError(_too_large(len(serialized)))
    return serialized
