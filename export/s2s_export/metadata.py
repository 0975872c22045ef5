"""The card of a model file, in the metadata of the ONNX model.

``s2s.format`` is the version of the contract; ``s2s.config`` is JSON: ``model`` and ``search`` (the
configurations), ``precision``, ``fixed_search`` if the values of ``search`` are constants of the
graph, ``s2s_version``, and the run's card (``languages``, ``tags``, ``keep`` and ``labels`` if any,
``text``, ``scores``); ``s2s.tokenizer`` is the source's or the joint SentencePiece model in base64,
``s2s.tgt_tokenizer`` the target's if it has its own. ``s2s.checksum`` holds zeros, which
``s2s.formats.checksum.sealed`` replaces in the serialized model.

In an ensemble, ``members`` lists the configurations of all networks, and ``model`` and ``search``
are those of the first. Only ``languages``, ``tags``, ``keep``, ``labels`` and ``text`` of the first
card stay: a member's scores are not those of the ensemble.

A text model has ``s2s.text`` in place of ``s2s.format`` and no options; its tokenizers are
attributes of its operators.
"""

import base64
import json
from collections.abc import Sequence

import onnx

from s2s.formats.card import FIXED_SEARCH, FORMAT
from s2s.formats.checksum import BLANK_CHECKSUM, DECLARED, KEY
from s2s.formats.model_file import TEXT_KEY
from s2s.formats.option_inputs import DEFAULTS
from s2s.model.ensemble import joint_card
from s2s.model.run import Run
from s2s.version import __version__


def add_metadata(
    model: onnx.ModelProto,
    run: Run | Sequence[Run],
    precision: str,
    *,
    text: bool = False,
    fixed: bool = False,
) -> None:
    """Writes the metadata of a run into ``model``, or of the runs of an ensemble.

    Args:
        model: A model file's graph, or a text model's.
        run: One run, or those of an ensemble.
        precision: Precision of the graph.
        text: Whether it is a text model.
        fixed: Whether its search values are constants.
    """
    runs = [run] if isinstance(run, Run) else list(run)
    run = runs[0]
    config = {
        **joint_card(runs),
        "model": run.model.config.to_dict(),
        "search": run.search.fitted(run.model.config.tgt_vocab_size).to_dict(),
        "precision": precision,
        **({FIXED_SEARCH: True} if fixed else {}),
        **({} if text else {"options": sorted(DEFAULTS)}),
        "s2s_version": __version__,
        **DECLARED,
    }
    if len(runs) > 1:
        config["members"] = [member.model.config.to_dict() for member in runs]
    entries = {
        TEXT_KEY if text else "s2s.format": str(FORMAT),
        "s2s.config": json.dumps(config, ensure_ascii=False),
    }
    if not text:
        entries["s2s.tokenizer"] = base64.b64encode(run.tokenizer.src_model).decode()
        if run.tokenizer.tgt_model is not None:
            entries["s2s.tgt_tokenizer"] = base64.b64encode(run.tokenizer.tgt_model).decode()
    entries[KEY] = BLANK_CHECKSUM
    onnx.helper.set_model_props(model, entries)
