"""What is written for other toolkits."""

import pytest

pytest.importorskip("torch")
yaml = pytest.importorskip("yaml")

from recipe_modules import load_recipe

systems = load_recipe("rivals/systems")


def test_numbers_stay_numbers_and_texts_stay_texts(tmp_path):
    config = {"rate": 5e-05, "rates": [1e-08, 0.9, 2.5e-07], "last": 3e-5, "name": "run 3e-5"}
    systems.write_yaml(tmp_path / "config.yaml", config)
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == config
