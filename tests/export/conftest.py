"""Random models whose translations end: what parity is tried on."""

import json

import pytest


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small products are faster without a second thread, far faster on a busy machine."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def make_model():
    """Returns a function that makes a random model from a ``ModelConfig`` and a seed.

    A fresh model's distributions are flat and its states alike, which hides faults. This one has
    large weights, random biases, and an end piece as likely as it takes for sentences to end at
    all lengths.
    """
    torch = pytest.importorskip("torch")
    from s2s.config import EOS_ID, PAD_ID, SearchConfig
    from s2s.model.seq2seq import Seq2Seq
    from s2s.search.beam import beam_search

    def make(config, seed=0):
        torch.manual_seed(seed)
        model = Seq2Seq(config).eval()
        grows = config.cell == "rnn" and config.activation == "relu"
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name.endswith("table.weight") or name == "output.weight":
                    weight.mul_(config.embedding_size**0.5)
                elif "bias" in name:
                    weight.normal_(std=0.3)
                elif "weight_ch" in name:
                    weight.normal_()  # peepholes start at 0
                elif "weight_hh" in name:
                    weight.mul_(1.0 if grows else 1.5)
                elif "readout" in name or "attention" in name:
                    weight.mul_(2.0)
        lengths = torch.randint(1, 30, (12,))
        src = torch.randint(EOS_ID + 1, config.src_vocab_size, (12, 30))
        src[torch.arange(30) >= lengths[:, None]] = PAD_ID
        best = {}
        for bias in (0.0, 1.0, 2.0, 3.0, 4.0, 6.0):
            model.output.bias.data[EOS_ID] = bias
            beams = beam_search(model, src, lengths, SearchConfig(beam_size=2, max_length=40))
            spread = len(set(beams.lengths.flatten().tolist()))
            limited = float((beams.lengths == 40).float().mean())
            best[bias] = spread - 6 * limited
        model.output.bias.data[EOS_ID] = max(best, key=best.__getitem__)
        return model

    return make


@pytest.fixture(scope="session")
def tiny_config():
    """Returns a function that makes a small ``ModelConfig``; keywords overrule."""
    from s2s.config import ModelConfig

    def make(**settings):
        small = {
            "src_vocab_size": 40,
            "tgt_vocab_size": 40,
            "embedding_size": 16,
            "hidden_size": 32,
        }
        return ModelConfig(**{**small, **settings})

    return make


@pytest.fixture(scope="session")
def make_run(make_model, tiny_config, tmp_path_factory):
    """Returns a function that writes the folder of a "trained" run."""
    pytest.importorskip("torch")
    from safetensors.torch import save_file

    from s2s.config import SearchConfig, TokenizerConfig
    from s2s.formats.card import FORMAT
    from s2s.tokenizer.learn import train_tokenizer

    def make(joint=True, seed=0, vocab_size=40, tokenizer=None, **settings):
        folder = tmp_path_factory.mktemp("run")
        src = [f"the {word} sat on the mat" for word in ["cat", "dog", "fox", "cow", "hen", "owl"]]
        tgt = [f"el {word} se sento" for word in ["gato", "perro", "zorro", "vaca", "gallina"]]
        wanted = TokenizerConfig(vocab_size=vocab_size, joint=joint, **(tokenizer or {}))
        learned = train_tokenizer(src, tgt, wanted, seed=1)
        config = tiny_config(
            src_vocab_size=learned.src_vocab_size,
            tgt_vocab_size=learned.tgt_vocab_size,
            **settings,
        )
        model = make_model(config, seed)
        (folder / "src.model").write_bytes(learned.src_model)
        if learned.tgt_model is not None:
            (folder / "tgt.model").write_bytes(learned.tgt_model)
        written = {
            "format": FORMAT,
            "model": config.to_dict(),
            "search": SearchConfig(beam_size=3, length_penalty=0.6).to_dict(),
            "languages": {"src": "en", "tgt": "es"},
        }
        (folder / "config.json").write_text(json.dumps(written), encoding="utf-8")
        state = json.dumps({"scores": {"bleu": 12.5}, "updates": 7})
        save_file(
            dict(model.named_parameters()),
            folder / "best.safetensors",
            metadata={"s2s.state": state},
        )
        return folder

    return make
