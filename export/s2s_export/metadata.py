"""What a model file says about itself, in the metadata of the ONNX model.

``s2s.format`` is the version of the contract; ``s2s.config`` is JSON: ``model`` and ``search`` (the
configurations), ``precision``, ``s2s_version``, and the run's card (``languages``, ``tags`` and
``keep`` if any, ``scores``); ``s2s.tokenizer`` is the source's or joint SentencePiece model in
base64, ``s2s.tgt_tokenizer`` the target's if it has its own. ``s2s.checksum`` has zeros, which
``s2s.formats.checksum.sealed`` replaces in the serialized model.

Of an ensemble, ``members`` lists the configurations of all networks, ``model`` and ``search`` are
those of the first, and of the cards only ``languages``, ``tags`` and ``keep`` stay: a member's
scores are not those of the ensemble.

A text model has ``s2s.text`` in place of ``s2s.format``, no options, and its tokenizers elsewhere.
"""

import base64
import json
from collections.abc import Sequence

import onnx

from s2s.formats.card import FORMAT
from s2s.formats.checksum import BLANK_CHECKSUM, DECLARED, KEY
from s2s.formats.model_file import TEXT_KEY
from s2s.formats.option_inputs import DEFAULTS
from s2s.model.ensemble import joint_card
from s2s.model.run import Run
from s2s.version import __version__


def add_metadata(
    model: onnx.ModelProto, run: Run | Sequence[Run], precision: str, *, text: bool = False
) -> None:
    """Writes the metadata of a run into ``model``, or of the runs of an ensemble.

    Args:
        model: A model file's graph, or a text model's.
        run: One, or an ensemble's.
        precision: Of the graph.
        text: Whether it is a text model.
    """
    runs = [run] if isinstance(run, Run) else list(run)
    run = runs[0]
    config = {
        **joint_card(runs),
        "model": run.model.config.to_dict(),
        "search": run.search.to_dict(),
        "precision": precision,
        **({} if text else {"options": sorted(DEFAULTS)}),
        "s2s_version": __version__,
        **DECLARED,
    }
    if len(runs) > 1:
        config["members"] = [each.model.config.to_dict() for each in runs]
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
