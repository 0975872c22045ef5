import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors.torch")

from tiny_folder import write_run

from s2s import Translator
from s2s.config import ModelConfig
from s2s.errors import DataError
from s2s.formats.model_file import read_model_file
from s2s.formats.run_folder import TGT_TOKENIZER_FILE
from s2s.model.alignment import align, read_attention
from s2s.model.run import load_run
from s2s.model.seq2seq import Seq2Seq
from s2s.protobuf import read_fields, write_field
from s2s.tokenizer.pieces import append_pieces, read_pieces

SRC = torch.tensor([[5, 6, 7, 3], [8, 3, 0, 0]])
LENGTHS = torch.tensor([4, 2])
TGT_IN = torch.tensor([[2, 4, 5, 6, 7], [2, 9, 8, 0, 0]])

networks = pytest.mark.parametrize(
    ("attention", "context"),
    [
        (attention, context)
        for attention in ("dot", "general", "mlp", "multihead")
        for context in ("parallel", "input_feeding")
    ],
)


def make_model(attention, context):
    torch.manual_seed(0)
    config = ModelConfig(
        src_vocab_size=12,
        tgt_vocab_size=12,
        embedding_size=8,
        hidden_size=8,
        decoder_layers=2,
        attention=attention,
        context=context,
    )
    return Seq2Seq(config).eval()


@networks
def test_attention_is_a_distribution_over_the_sentence(attention, context):
    found = read_attention(make_model(attention, context), SRC, LENGTHS, TGT_IN)
    assert found.shape == (2, 5, 4)
    torch.testing.assert_close(found.sum(dim=-1), torch.ones(2, 5))
    assert not found[1, :, 2:].any()
    assert found.std() > 1e-4  # and not the same for every word


@networks
def test_attention_is_that_of_the_search_step_by_step(attention, context):
    model = make_model(attention, context)
    found = read_attention(model, SRC, LENGTHS, TGT_IN)
    asked = []
    model.decoder.attention.register_forward_hook(lambda _, __, outputs: asked.append(outputs[1]))
    with torch.inference_mode():
        memory, state = model.begin(SRC, LENGTHS)
        for position in range(TGT_IN.shape[1]):
            _, state = model.step(TGT_IN[:, position], memory, state)
    torch.testing.assert_close(torch.cat(asked, dim=1), found, rtol=1e-5, atol=1e-6)


def test_nothing_stays_behind_in_the_network():
    model = make_model("general", "parallel")
    read_attention(model, SRC, LENGTHS, TGT_IN)
    with pytest.raises(IndexError):
        read_attention(model, SRC + 90, LENGTHS, TGT_IN)
    assert not model.decoder.attention._forward_hooks


def test_a_translation_is_aligned_piece_by_piece(tmp_path, tiny):
    folder = write_run(tmp_path / "run", read_model_file(tiny).tokenizer.src_model)
    texts = ["eins zwei", "drei"]
    translations = Translator(folder).translate(texts)
    run = load_run(folder)
    aligned = align(run, texts, [translation.pieces for translation in translations])
    for text, translation, found in zip(texts, translations, aligned, strict=True):
        assert "".join(found.src_pieces) == f"▁{text.replace(' ', '▁')}</s>"
        assert found.tgt_pieces == (*translation.pieces, "</s>")
        assert found.attention.shape == (len(found.tgt_pieces), len(found.src_pieces))
        assert found.attention.sum(axis=1) == pytest.approx(1)
    with pytest.raises(DataError, match="no piece 'unheard'"):
        align(run, ["eins"], [["unheard"]])


def test_a_target_vocabulary_of_its_own_says_which_piece_is_which(tmp_path, tiny):
    own = read_model_file(tiny).tokenizer.src_model
    folder = write_run(tmp_path / "run", own)
    *pieces, one, other = read_pieces(own)
    fields = (field for field in read_fields(memoryview(own)) if field[0] != 1)
    rest = b"".join(write_field(number, bytes(value)) for number, value in fields)
    (folder / TGT_TOKENIZER_FILE).write_bytes(append_pieces(rest, [*pieces, other, one]))
    run = load_run(folder)
    (alignment,) = align(run, ["eins zwei"], [[one.text]])
    src = torch.tensor(run.tokenizer.encode_src(["eins zwei"]))
    tgt_in = torch.tensor([[2, len(pieces) + 1]])
    expected = read_attention(run.model, src, torch.tensor([src.shape[1]]), tgt_in)
    assert alignment.tgt_pieces == (one.text, "</s>")
    assert alignment.attention == pytest.approx(expected[0].numpy())
