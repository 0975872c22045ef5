"""Runs LibreTranslate with a package of its own making and without the network.

    XDG_DATA_HOME=FOLDER PYTHON run_libretranslate.py --port 5000

LibreTranslate finds the ends of sentences with a model that it downloads. Here a text is one
sentence, which saves it that time. All else is LibreTranslate's own.
"""

import os
import sys

os.environ["ARGOS_PACKAGE_INDEX"] = "http://127.0.0.1:9/"  # nobody listens there

from argostranslate import sbd, translate
from libretranslate import main


class WholeText(sbd.ISentenceBoundaryDetectionModel):
    """Takes a text for one sentence."""

    def __init__(self, pkg: object) -> None:
        self.pkg = pkg

    def split_sentences(self, text: str) -> list[str]:
        """Returns the text."""
        return [text]


if __name__ == "__main__":
    for module in (sbd, translate):
        for name in ("MiniSBDSentencizer", "StanzaSentencizer", "SpacySentencizerSmall"):
            setattr(module, name, WholeText)
    sys.argv[1:] = ["--host", "127.0.0.1", "--disable-web-ui", *sys.argv[1:]]
    main()
