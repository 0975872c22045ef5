"""Several runs in one file, and as folders: what they promise, what they refuse, the commands."""

import json

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from graphs import every_tensor, float_matrices

from s2s import Translator
from s2s.config import FORBIDDEN_IDS, ModelConfig, SearchConfig
from s2s.errors import ConfigError, FileError, ModelError, ParityError
from s2s.formats.checksum import sealed
from s2s.formats.model_file import read_model_file
from s2s.formats.option_inputs import DEFAULTS
from s2s.model.ensemble import Ensemble, load_runs
from s2s.protobuf import write_field
from s2s_export import build_model, check_parity, export_run
from s2s_export import export as export_module
from s2s_export.parity.model import sample_batches
from s2s_export.parity.pieces import pieces_of
from s2s_export.parity.session import Session

TEXTS = ["the cat sat", "", "the dog sat on the mat", "mat", "the cow the hen the owl " * 3]
KINDS = (
    {"cell": "lstm", "attention": "multihead", "tie": "all", "decoder_layers": 2},
    {"cell": "gru", "attention": "mlp", "context": "input_feeding", "tie": "target"},
    {"cell": "rnn", "activation": "relu", "attention": "dot", "tie": "none", "hidden_size": 16},
)


@pytest.fixture(scope="module")
def runs(make_run):
    """Three runs with one vocabulary and all else of their own."""
    return [make_run(seed=seed, **kind) for seed, kind in enumerate(KINDS, 11)]


@pytest.fixture(scope="module", params=["fp32", "int8"])
def exported(request, runs, tmp_path_factory):
    """The file of all three, and the report of its export."""
    path = tmp_path_factory.mktemp("out") / "ensemble.onnx"
    return path, export_run(runs, path, request.param)


def change(folder, **settings):
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, **settings}), encoding="utf-8")


def test_run_folders_and_their_file_translate_alike(runs, exported):
    path, report = exported
    assert report.members == 3
    assert "3 members" in str(report)
    of_runs, of_file = Translator(runs, threads=1), Translator(path, threads=1)
    assert of_runs.search == of_file.search == Translator(runs[0]).search
    translations, expected = (
        translator.translate(TEXTS, n_best=3) for translator in (of_file, of_runs)
    )
    if report.precision == "fp32":
        assert report.parity.identical == report.parity.hypotheses
        assert [[h.pieces for h in one.hypotheses] for one in translations] == [
            [h.pieces for h in one.hypotheses] for one in expected
        ]
        assert [one.score for one in translations] == pytest.approx(
            [one.score for one in expected], abs=1e-4
        )
    assert sum(len(one.pieces) for one in translations) > 10
    alone = Translator(runs[0], threads=1).translate(TEXTS)
    assert [one.pieces for one in translations] != [one.pieces for one in alone]


def test_the_metadata_list_all_members_and_no_score_of_one(runs, exported):
    path, report = exported
    card = read_model_file(path).card
    configs = [run.model.config for run in load_runs(runs)]
    assert [ModelConfig.from_dict(member) for member in card["members"]] == configs
    assert ModelConfig.from_dict(card["model"]) == configs[0]
    assert card["precision"] == report.precision
    assert card["languages"] == {"src": "en", "tgt": "es"}
    assert not {"scores", "updates", "minutes"} & card.keys()
    assert Translator(runs).card == {"languages": {"src": "en", "tgt": "es"}}


def test_weights_are_named_as_in_the_torch_ensemble(runs):
    ensemble = Ensemble([run.model for run in load_runs(runs)])
    graph = build_model([run.model for run in load_runs(runs)], SearchConfig()).graph
    names = [tensor.name for tensor in every_tensor(graph)]
    stored = set(names)
    assert len(stored) == len(names)
    weights = {name for name in stored if not name.startswith("constant_")} - DEFAULTS.keys()
    assert {name.split(".")[1] for name in weights} == {"0", "1", "2"}
    named = dict(ensemble.named_parameters())
    for name in ("members.0.decoder.bridge", "members.2.decoder.bridge"):
        assert {f"{name}.weight", f"{name}.bias"} <= weights & named.keys()


def test_one_model_in_a_list_is_that_model(runs, make_model, tiny_config):
    model = make_model(tiny_config())
    for precision in ("fp32", "int8"):
        one, listed = (
            build_model(network, SearchConfig(), precision) for network in (model, [model])
        )
        assert one.SerializeToString() == listed.SerializeToString()
    assert not any("members" in tensor.name for tensor in every_tensor(one.graph))
    assert Translator([runs[0]]).translate(TEXTS) == Translator(runs[0]).translate(TEXTS)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["cell"])
def test_a_network_twice_is_the_network(make_model, tiny_config, kind, precision):
    model = make_model(tiny_config(**kind))
    sessions = [
        Session(build_model(network, SearchConfig(), precision).SerializeToString())
        for network in (model, [model, model])
    ]
    for beam in (1, 5):
        config = SearchConfig(beam_size=beam, max_length=40)
        for src, lengths in sample_batches(40):
            one, two = (session.search(src, lengths, config) for session in sessions)
            assert torch.equal(one.tokens, two.tokens)
            torch.testing.assert_close(one.scores, two.scores, rtol=0, atol=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("count", [2, 3])
def test_a_translation_is_the_same_alone_and_in_any_batch(
    make_model, tiny_config, count, precision
):
    members = [make_model(tiny_config(**kind), 3) for kind in KINDS[:count]]
    model = build_model(members, SearchConfig(), precision).SerializeToString()
    session = Session(model)
    for beam in (1, 5):
        config = SearchConfig(beam_size=beam, max_length=40)
        for src, lengths in sample_batches(40, seed=1):
            together = session.search(src, lengths, config)
            assert int(together.tokens.max()) > max(FORBIDDEN_IDS)
            for row, length in enumerate(lengths.tolist()):
                own = src[row : row + 1, :length], lengths[row : row + 1]
                alone = session.search(*own, config)
                assert pieces_of(alone, 0) == pieces_of(together, row)
                torch.testing.assert_close(alone.scores[0], together.scores[row], rtol=0, atol=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_graph_of_other_members_is_refused(make_model, tiny_config, precision):
    members = [make_model(tiny_config(**kind), 5) for kind in KINDS[:2]]
    serialized = build_model(members, SearchConfig(), precision).SerializeToString()
    for other in (members[:1], [members[0], make_model(tiny_config(**KINDS[2]), 6)]):
        with pytest.raises(ParityError, match=r"in the graph and \d+ in torch|differ"):
            check_parity(other, serialized, SearchConfig(), precision)


@pytest.mark.parametrize("tie", ["none", "target", "all"])
def test_int8_keeps_no_float_matrix_of_any_member_but_the_readouts(make_model, tiny_config, tie):
    size = {"embedding_size": 64, "hidden_size": 128, "src_vocab_size": 500, "tgt_vocab_size": 500}
    members = [make_model(tiny_config(**size, cell=cell, tie=tie)) for cell in ("lstm", "gru")]
    fp32, int8 = (build_model(members, SearchConfig(), name) for name in ("fp32", "int8"))
    kept = float_matrices(int8.graph)
    assert kept.keys() == {
        f"members.{number}.decoder.readout.{part}"
        for number in range(2)
        for part in ("states", "context")
    }
    bytes_kept = sum(kept.values())
    assert int8.ByteSize() - bytes_kept < 0.3 * (fp32.ByteSize() - bytes_kept)


def test_all_members_count_towards_the_largest_file(runs, tmp_path, monkeypatch):
    bytes_of = [4 * run.model.num_parameters() for run in load_runs(runs)]
    monkeypatch.setattr(export_module, "LARGEST", max(bytes_of) + 1)
    with pytest.raises(ModelError, match="holds at most"):
        export_run(runs, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_runs_with_other_vocabularies_are_refused(make_run, with_tags, runs, tmp_path):
    separate, tagged, other = make_run(joint=False), make_run(), make_run(joint=False)
    path = tagged / "src.model"
    path.write_bytes(with_tags(path.read_bytes(), "<2es>", "<2pt>"))
    retagged = make_run()
    (retagged / "src.model").write_bytes(path.read_bytes())
    change(tagged, tags=["<2es>", "<2pt>"])
    change(retagged, tags=["<2pt>"])
    (other / "tgt.model").write_bytes(with_tags((other / "tgt.model").read_bytes(), "<2es>"))
    for pair, message in (
        ((runs[0], separate), "their vocabularies are joint and separate"),
        ((runs[0], tagged), r"their joint vocabularies of \d+ pieces have different pieces"),
        ((separate, other), r"their target vocabularies of \d+ pieces have different pieces"),
        ((tagged, retagged), "their tags are <2es>, <2pt> and <2pt>"),
    ):
        for use in (Translator, lambda pair: export_run(pair, tmp_path / "model.onnx")):
            with pytest.raises(ModelError, match=message) as caught:
                use(pair)
            assert str(caught.value).startswith(f"{pair[0]} and {pair[1]} cannot translate")
            assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_vocabularies_of_other_sizes_are_told_by_their_sizes(make_run):
    runs = [make_run(vocab_size=size) for size in (40, 45)]
    with pytest.raises(ModelError, match="their joint vocabularies have 40 and 45 pieces;"):
        load_runs(runs)


def test_members_that_are_no_list_of_objects_are_refused(exported):
    path, _ = exported
    file = read_model_file(path)
    for wrong in ("two", [1, 2], {"0": {}}):
        card = json.dumps({**file.card, "members": wrong}).encode()
        entry = write_field(1, b"s2s.config") + write_field(2, card)
        with pytest.raises(ModelError, match="'members' that are not a list of objects"):
            read_model_file(sealed(file.data + write_field(14, entry)))


def test_model_files_cannot_be_members(runs, exported, tiny):
    path, _ = exported
    for models in ([path, runs[0]], [runs[0], path], [tiny, tiny], [runs[0], tiny.read_bytes()]):
        with pytest.raises(ConfigError, match=r"s2s export RUN OUT\.onnx --with RUN2"):
            Translator(models)
    with pytest.raises(FileError, match="absent does not exist; expected a run folder"):
        Translator([runs[0], runs[0] / "absent"])
    for empty in (Translator, load_runs):
        with pytest.raises(ConfigError, match="expected"):
            empty([])


def test_the_commands_take_several_runs(runs, tmp_path, s2s):
    output, others = tmp_path / "two.onnx", ("--with", runs[1], "--with", runs[2])
    written = s2s("export", runs[0], output, *others)
    assert written.code == 0, written.err
    assert b"3 members" in written.out
    of_file = s2s("translate", output, stdin="\n".join(TEXTS).encode())
    of_runs = s2s("translate", runs[0], *others, stdin="\n".join(TEXTS).encode())
    assert of_runs == of_file
    assert of_file.code == 0
    assert of_file.out.decode().splitlines() == [
        translation.text for translation in Translator(runs).translate(TEXTS)
    ]
    told = s2s("info", output).out.decode()
    assert "members      3 networks that translate together\n" in told
    for number, kind in enumerate(KINDS, 1):
        (line,) = [line for line in told.splitlines() if line.startswith(f"network {number} ")]
        assert f"cell {kind['cell']}" in line
    facts = json.loads(s2s("info", output, "--json").out)
    assert [member["attention"] for member in facts["members"]] == ["multihead", "mlp", "dot"]
    assert "network" not in facts


def test_a_model_file_with_a_run_is_one_line(runs, tiny, s2s):
    refused = s2s("translate", tiny, "--with", runs[0], stdin=b"eins\n")
    assert refused.code == 2
    assert refused.err.startswith(f"s2s: error: {tiny} is not a run folder")
    assert refused.err.count("\n") == 1
    assert not refused.out
