"""The programs in export/examples, which know no s2s, translate as s2s does."""

import base64
import json
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

from paths import ROOT
from text_facts import with_facts

from s2s import Translator
from s2s.formats.checksum import sealed
from s2s.formats.model_file import read_model_file
from s2s.protobuf import read_fields, write_field
from s2s.text import clean
from s2s.tokenizer.pieces import append_pieces, read_pieces

EXAMPLES = ROOT / "export" / "examples"
NODE = shutil.which("node")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PACKAGES = ("onnxruntime-node", "onnxruntime-web", "@sctg/sentencepiece-js")

LINES = [
    "eins zwei drei",
    "",
    "fünf zwölf",
    "fu\u0308nf zwo\u0308lf",
    " \t ",
    "  elf\tacht \u00a0 neun ",
    "acht </s> zwei <unk>",
    "zehn \U0001f600 sieben <2it> vier",
    "vier " * 30,
    "\u2028neun",
    "zwei\u200bdrei \u200b vier\u200b",
    "\ufeffeins\x1czwei\x85drei",
]
MANY = LINES * 10  # more than a batch


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Nothing here needs torch, unlike the rest of this folder."""


def with_metadata(data, **entries):
    for key, value in entries.items():
        entry = write_field(1, f"s2s.{key}".encode()) + write_field(2, value.encode())
        data += write_field(14, entry)
    return sealed(data)


@pytest.fixture
def own_target(tiny, tmp_path):
    """Path of the same model with a vocabulary of the target's own, which writes capitals."""
    data = tiny.read_bytes()
    model = read_model_file(data).tokenizer.src_model
    pieces = [
        piece._replace(text=piece.text.upper()) if number > 3 else piece
        for number, piece in enumerate(read_pieces(model))
    ]
    rest = (field for field in read_fields(memoryview(model)) if field[0] != 1)
    target = append_pieces(b"".join(write_field(n, bytes(value)) for n, value in rest), pieces)
    path = tmp_path / "own_target.onnx"
    path.write_bytes(with_metadata(data, tgt_tokenizer=base64.b64encode(target).decode()))
    return path


def translations(model, lines, **options):
    """Returns what s2s translates, without what it does with text unlike the training text."""
    plain = {"rewrite": False, "unknown": "drop", "numbers": "off"}
    found = Translator(model, threads=1).translate(lines, **plain, **options)
    return [translation.text for translation in found]


def run(command, **options):
    return subprocess.run(  # noqa: S603
        list(map(str, command)), capture_output=True, timeout=300, check=False, **options
    )


def needs(*packages):
    """Skips a test of JavaScript where what it runs with is missing."""
    if NODE is None:
        pytest.skip("node is missing")
    missing = [name for name in packages if not (EXAMPLES / "node_modules" / name).is_dir()]
    if missing:
        pytest.skip(f"{missing[0]} is missing; run npm install in export/examples")


@pytest.fixture(params=["python", "node"])
def example(request):
    """The command of an example that translates standard input or a file."""
    if request.param == "python":
        return [sys.executable, EXAMPLES / "translate.py"]
    needs(*PACKAGES)
    return [NODE, EXAMPLES / "node" / "translate.mjs"]


def test_examples_translate_as_s2s_does(example, tiny):
    expected = translations(tiny, MANY)
    assert expected[:3] == ["one two three", "", "five twelve"]
    finished = run([*example, tiny], input="".join(f"{line}\n" for line in MANY).encode())
    assert finished.stderr == b""
    assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_examples_translate_plain_sentences_as_s2s_does_by_default(example, tiny, tmp_path):
    path = tmp_path / "facts.onnx"
    path.write_bytes(with_facts(tiny))
    lines = ["eins zwei drei", "f\u00fcnf", "zw\u00f6lf elf", "", "sieben acht neun"]
    expected = [each.text for each in Translator(path, threads=1).translate(lines)]
    finished = run([*example, path], input="".join(f"{line}\n" for line in lines).encode())
    assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_examples_read_a_file_without_a_last_line_end(example, tiny, tmp_path):
    (tmp_path / "in.txt").write_bytes("eins\r\nfünf\n\nelf".encode())
    finished = run([*example, tiny, tmp_path / "in.txt"])
    assert finished.stdout == b"one\nfive\n\neleven\n"


def test_examples_read_nothing_and_write_nothing(example, tiny):
    finished = run([*example, tiny], input=b"")
    assert (finished.returncode, finished.stdout) == (0, b"")


def test_examples_use_the_targets_own_vocabulary(example, own_target):
    expected = translations(own_target, LINES)
    assert expected[0] == "ONE TWO THREE"
    finished = run([*example, own_target], input="\n".join(LINES).encode())
    assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_examples_put_a_tag_before_a_sentence(example, tagged):
    lines = [f"{'<2it>' if i % 2 else '<2en>'} {line}" for i, line in enumerate(LINES)]
    lines += ["", "<2it>eins", " <2en>\tzwei "]
    expected = translations(tagged, lines)
    finished = run([*example, tagged], input="\n".join(lines).encode())
    assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_examples_refuse_a_format_that_they_do_not_know(example, tiny, tmp_path):
    (tmp_path / "new.onnx").write_bytes(with_metadata(tiny.read_bytes(), format="2"))
    finished = run([*example, tmp_path / "new.onnx"], input=b"eins\n")
    assert finished.returncode != 0
    assert b"no s2s model file of format 1" in finished.stderr


def test_examples_translate_sentences_of_a_model_with_a_record_of_its_text(example, tiny, tmp_path):
    path = tmp_path / "facts.onnx"
    path.write_bytes(with_facts(tiny))
    expected = translations(tiny, MANY)
    finished = run([*example, path], input="".join(f"{line}\n" for line in MANY).encode())
    assert finished.stdout.decode().split("\n") == [*expected, ""]


SEVERAL = [
    "eins zwei. Drei vier!  F\u00fcnf?",
    " Acht. ",
    "zehn.\tElf.\u00a0Zwei.",
    "eins Dr. Zwei. Drei",
    "am 3. Zehn. Vier",
    "neun\uff01acht\u3002",
    "",
]
"""Lines that s2s and ``Intl.Segmenter`` cut at the same places."""


@pytest.fixture
def node():
    needs(*PACKAGES)
    return [NODE, EXAMPLES / "node" / "translate.mjs"]


@pytest.mark.parametrize("several", [0.1, 0.3])
def test_node_cuts_sentences_if_training_lines_were_single_ones(node, tiny, tmp_path, several):
    path = tmp_path / "facts.onnx"
    path.write_bytes(with_facts(tiny, several_sentences=several))
    expected = translations(path, SEVERAL, sentences=several < 0.2)
    assert (expected != translations(tiny, SEVERAL)) == (several < 0.2)
    finished = run([*node, path], input="".join(f"{line}\n" for line in SEVERAL).encode())
    assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_node_does_not_cut_the_text_of_other_tasks(node, tiny, tmp_path):
    path = tmp_path / "facts.onnx"
    data = with_facts(tiny)
    fields = []
    for number, value in read_fields(memoryview(read_model_file(data).tokenizer.src_model)):
        end = write_field(3, 4) if number == 2 else b""  # model_type is that of characters
        fields.append(write_field(number, bytes(value) + end))
    entry = base64.b64encode(b"".join(fields)).decode()
    path.write_bytes(with_metadata(data, tokenizer=entry))
    expected = translations(path, SEVERAL)
    assert expected == translations(path, SEVERAL, sentences=False)
    finished = run([*node, path], input="".join(f"{line}\n" for line in SEVERAL).encode())
    assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_node_cuts_the_text_behind_a_tag(node, tagged, tmp_path):
    path = tmp_path / "facts.onnx"
    path.write_bytes(with_facts(tagged))
    lines = [f"<2it> {line}" for line in SEVERAL]
    expected = translations(path, lines, sentences=True)
    finished = run([*node, path], input="".join(f"{line}\n" for line in lines).encode())
    assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_javascript_cuts_and_joins_without_losing_a_character():
    needs()
    script = """
        import { cut, join } from "./shared/text.mjs";
        const texts = JSON.parse(process.argv[1]);
        const cuts = texts.map((text) => cut(text, "deu_Latn", true));
        const joined = cuts.map((parts) => join(parts.map((part) => part.trim()), parts));
        const codes = [undefined, "de-AT", "en", "no language"];
        const german = codes.map((code) => cut("Am 3. Oktober. Ja.", code, true).length);
        console.log(JSON.stringify({ cuts, joined, german }));
    """
    texts = [
        "Eins. Zwei!\nDrei\n\n\nVier z. B. f\u00fcnf am 3. Oktober. Sechs?",
        "Mr. Bean met J. R. R. Tolkien. Dr. Who did not.",
        "\n\nEins.\n  Zwei.\n",
        "\u4f60\u597d\u3002\u518d\u89c1\u3002",
        "",
        " \n ",
    ]
    command = [NODE, "--input-type=module", "--eval", script, json.dumps(texts)]
    found = json.loads(run(command, cwd=EXAMPLES).stdout)
    assert ["".join(parts) for parts in found["cuts"]] == texts
    assert [len(parts) for parts in found["cuts"][:4]] == [5, 2, 3, 2]
    assert found["german"] == [3, 2, 3, 3]
    assert found["joined"][0] == texts[0]
    assert found["joined"][2:4] == texts[2:4]
    assert [text.count("\n") for text in found["joined"]] == [text.count("\n") for text in texts]


@pytest.fixture(scope="module")
def text_models(make_run, with_tags, tmp_path_factory):
    """Folders with model file and text model of a run without tags, and of one with tags."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime_extensions")
    from s2s_export import export_run

    folders = []
    for tags in ([], ["<2en>", "<2it>"]):
        run, out = make_run(), tmp_path_factory.mktemp("out")
        if tags:
            path, config = run / "src.model", run / "config.json"
            path.write_bytes(with_tags(path.read_bytes(), *tags))
            settings = json.loads(config.read_text(encoding="utf-8"))
            config.write_text(json.dumps({**settings, "tags": tags}), encoding="utf-8")
        for name, text in (("ids", False), ("text", True)):
            export_run(run, out / f"{name}.onnx", text=text)
        folders.append(out)
    return folders


def test_javascript_cuts_into_the_pieces_of_s2s(text_models):
    needs(*PACKAGES)
    script = """
        import { readFileSync } from "node:fs";
        import * as ort from "onnxruntime-node";
        import { Translator } from "./shared/translator.mjs";
        const translator = await Translator.load(ort, readFileSync(process.argv[1]));
        const ids = JSON.parse(process.argv[2]).map((text) => translator.encode(text));
        console.log(JSON.stringify(ids));
    """
    model = text_models[0] / "ids.onnx"
    lines = [
        "\uff54\uff48\uff45 cat",  # full width, which the vocabulary folds
        "the c\u00adat \ufb01sh",  # a soft hyphen, a ligature
        "cafe\u0301 \u00bd m\u00b2 \u2026 \u2067sat\u2069",
        "\uff76\uff9e mat\u200bdog",
        "the cat sat on the mat",
    ]
    expected = Translator(model).tokenizer.encode_src([clean(line) for line in lines])
    assert expected[0] == Translator(model).tokenizer.encode_src(["the cat"])[0]
    command = [NODE, "--input-type=module", "--eval", script, model, json.dumps(lines)]
    assert json.loads(run(command, cwd=EXAMPLES).stdout) == expected


TEXT_EXAMPLE = [sys.executable, EXAMPLES / "translate_text.py"]


def test_the_example_of_text_models_translates_as_s2s_does(text_models):
    lines = ["the cat sat on the mat", "the dog\0 sat", "cafe\u0301 <2it> mat", *MANY]
    stdin = "".join(f"{line}\n" for line in lines).encode()
    plain, tagged = text_models
    for folder, code in ((plain, None), (tagged, "it")):
        command = [*TEXT_EXAMPLE, folder / "text.onnx", *([code] if code else [])]
        finished = run(command, input=stdin)
        assert finished.stderr == b""
        expected = translations(folder / "ids.onnx", lines, to=code, max_src_length=10**6)
        assert finished.stdout.decode().split("\n") == [*expected, ""]


def test_the_example_of_text_models_refuses_other_files(text_models):
    finished = run([*TEXT_EXAMPLE, text_models[0] / "ids.onnx"], input=b"the cat\n")
    assert finished.returncode != 0
    assert b"is no text model of s2s, version 1" in finished.stderr


def test_node_takes_numbers_with_an_axis_and_without(text_models):
    needs("onnxruntime-node")
    script = """
        import { InferenceSession, Tensor } from "onnxruntime-node";
        const session = await InferenceSession.create(process.argv[1]);
        const int64 = (values, dims) => new Tensor("int64", BigInt64Array.from(values), dims);
        for (const dims of [[], [1]]) {
          const outputs = await session.run({
            src: int64([5n, 9n, 3n], [1, 3]),
            src_lengths: int64([3n], [1]),
            beam_size: int64([2n], dims),
            max_length: int64([9n], dims),
            length_penalty: new Tensor("float32", [1], dims),
          });
          console.log(outputs.hypotheses.data.join(" "), outputs.scores.data.join(" "));
        }
    """
    command = [NODE, "--input-type=module", "--eval", script, text_models[0] / "ids.onnx"]
    without, with_axis = run(command, cwd=EXAMPLES).stdout.decode().splitlines()
    assert without == with_axis


def test_node_reads_the_metadata_that_onnxruntime_reads(tagged):
    needs()
    import onnxruntime

    script = """
        import { readFileSync } from "node:fs";
        import { readMetadata } from "./shared/metadata.mjs";
        const metadata = readMetadata(readFileSync(process.argv[1]));
        console.log(JSON.stringify(Object.fromEntries(metadata)));
    """
    command = [NODE, "--input-type=module", "--eval", script, tagged]
    session = onnxruntime.InferenceSession(tagged)
    expected = session.get_modelmeta().custom_metadata_map
    assert json.loads(run(command, cwd=EXAMPLES).stdout) == expected


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and does not tell about each."""

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    """Address of a server of this repository's files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=ROOT)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_the_page_translates_as_s2s_does(server, tiny, tagged, own_target, tmp_path):
    needs(*PACKAGES, "playwright-core")
    if BROWSER is None:
        pytest.skip("chromium is missing")
    lines = [line for line in LINES if line == line.strip() and "\x85" not in line]
    lines += ["acht.  Neun. Zehn", "", "zwei"]
    facts = tmp_path / "facts.onnx"
    facts.write_bytes(with_facts(tiny))
    job = {
        "browser": BROWSER,
        "url": f"{server}/export/examples/web/?model=/{tiny.relative_to(ROOT).as_posix()}",
        "files": [{"path": str(path), "name": path.name} for path in (tagged, own_target, facts)],
        "lines": lines,
    }
    script = Path(__file__).parent / "drive_page.mjs"
    finished = run([NODE, script], input=json.dumps(job).encode(), cwd=EXAMPLES)
    assert finished.stderr == b""
    found = json.loads(finished.stdout)
    assert found["problems"] == []
    several = translations(facts, lines)
    assert "  " in several[-3]  # three sentences, and the blanks between them
    assert found["translations"] == [
        translations(tiny, lines),
        translations(tagged, lines, to="it"),  # the second in the page's menu
        translations(own_target, lines),
        several,
        several,
    ]
    assert found["status"].startswith("package.json: this is no ONNX file")
