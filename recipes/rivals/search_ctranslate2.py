"""A search of CTranslate2 4: a Transformer, int8."""

import ctranslate2
from search_turns import Ids, read_job, serve


def main() -> None:
    """Loads the model and serves passes."""
    batches, settings = read_job()
    translator = ctranslate2.Translator(
        settings.transformer,
        device="cpu",
        compute_type="int8",
        inter_threads=1,
        intra_threads=settings.threads,
    )

    def search(src: Ids) -> int:
        found = translator.translate_batch(
            [[f"piece{number}" for number in row[:-1]] + ["</s>"] for row in src.tolist()],
            beam_size=settings.beam,
            min_decoding_length=settings.pieces,
            max_decoding_length=settings.pieces,
        )
        return sum(len(each.hypotheses[0]) for each in found)

    serve(batches, search)


if __name__ == "__main__":
    main()
