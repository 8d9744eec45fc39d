import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from flawflow.images import MAX_PIXELS, set_max_pixels

Flawflow = Callable[..., Result]


def test_json_on_stdout_is_only_json(flawflow: Flawflow, tiny_model: Path, spots: Path):
    result = flawflow("evaluate", tiny_model, spots, "--json", "-")
    assert result.exit_code == 0, result.output
    measured = json.loads(result.stdout)
    assert (measured["model"], measured["dataset"]) == ("tiny.flaw", "spots")
    assert measured["image_auroc"] == measured["pixel_auroc"] == 1.0
    assert measured["aupro"] == pytest.approx(1.0)
    assert (measured["image_count"], measured["defect_count"]) == (2, 1)
    assert measured["per_defect"]["spot"]["image_auroc"] == 1.0
    assert measured["at_threshold"]["recall"] == measured["per_defect"]["spot"]["recall"] == 1.0
    # Clopper and Pearson for 0 of 1: 1 - 0.025.
    assert measured["at_threshold"]["false_reject_interval"] == [0.0, pytest.approx(0.975)]
    assert 0 < measured["segf1"] <= measured["oracle_segf1"] <= 1
    assert measured["auspro"] is None
    assert "image AUROC" in result.stderr
    assert "0 of 1 good test picture are NG" in result.stderr
    assert "an oracle that chooses the threshold on these test pictures" in result.stderr
    assert "sPRO" not in result.stderr
    assert "100.00" in result.stderr


def test_json_goes_to_a_file_and_the_table_to_stdout(
    flawflow: Flawflow, tiny_model: Path, spots: Path, tmp_path: Path
):
    result = flawflow("evaluate", tiny_model, spots, "--json", tmp_path / "m.json")
    assert result.exit_code == 0
    assert json.loads((tmp_path / "m.json").read_text())["image_auroc"] == 1.0
    assert "spot" in result.stdout


def test_folders_may_be_named_one_by_one(flawflow: Flawflow, tiny_model: Path, spots: Path):
    result = flawflow(
        "evaluate", tiny_model, "--good", spots / "train/good", "--bad", spots / "test/spot",
        "--masks", spots / "ground_truth/spot",
    )  # fmt: skip
    # One good picture cannot be for training and for testing: the data set says so, in one sentence.
    assert result.exit_code in (0, 2)
    assert result.stderr.count("\n") <= 2
    assert "Traceback" not in result.output


def test_data_must_be_named(flawflow: Flawflow, tiny_model: Path):
    result = flawflow("evaluate", tiny_model)
    assert result.exit_code == 2
    assert "--good" in result.stderr


def test_a_page_is_written_where_it_is_asked_for(
    flawflow: Flawflow, tiny_model: Path, spots: Path, tmp_path: Path
):
    result = flawflow("evaluate", tiny_model, spots, "--json", "-", "--report", tmp_path / "new" / "e.html")
    assert result.exit_code == 0, result.output
    json.loads(result.stdout)
    page = (tmp_path / "new" / "e.html").read_text("utf-8")
    assert "<h1>tiny.flaw on spots</h1>" in page
    assert "<td>spot</td><td>1</td><td>1</td>" in page


def test_what_could_not_be_used_is_named_and_the_rest_measured(
    flawflow: Flawflow, tiny_model: Path, spots: Path, tmp_path: Path
):
    (spots / "test" / "spot" / "1.png").write_bytes(b"no picture")
    page = tmp_path / "page.html"
    result = flawflow("evaluate", tiny_model, spots, "--json", tmp_path / "m.json", "--report", page)
    assert result.exit_code == 3
    assert "1 file could not be used and was left out:" in result.stderr
    assert "1 of 2 defective pictures has no mask" in result.stderr
    measured = json.loads((tmp_path / "m.json").read_text())
    assert "1.png is not a PNG" in measured["left_out"][0]
    assert (measured["image_count"], measured["image_auroc"]) == (2, 1.0)
    assert "1.png is not a PNG" in page.read_text("utf-8")


def test_the_limit_of_pixels_is_an_option(flawflow: Flawflow, tiny_model: Path, spots: Path):
    try:
        result = flawflow("evaluate", tiny_model, spots, "--max-pixels", "1000")
        assert result.exit_code == 2
        assert "more than the limit of 1,000" in result.stderr
        assert flawflow("evaluate", tiny_model, spots, "--max-pixels", "1024").exit_code == 0
    finally:
        set_max_pixels(MAX_PIXELS)


def test_a_scene_of_several_is_measured_with_a_line_for_each_video(
    flawflow: Flawflow, tiny_model: Path, campus: Path
):
    result = flawflow("evaluate", tiny_model, campus, "--scene", "02")
    assert result.exit_code == 0, result.output
    assert "shanghaitech 02: 40 test pictures, 8 of them" in result.stdout
    assert "02_0014" in result.stdout
    refused = flawflow("evaluate", tiny_model, campus)
    assert refused.exit_code == 2
    assert "choose one of 01, 02, 03 as scene" in refused.stderr


def test_maps_for_a_server_are_written_beside_the_measures(
    flawflow: Flawflow, tiny_model: Path, tmp_path: Path
):
    root = tmp_path / "can"
    mask = np.zeros((32, 32), np.uint8)
    mask[8:16, 8:16] = 255
    for name, pixels in (
        ("train/good/0", mask * 0 + 9),
        ("test_public/good/0", mask * 0 + 12),
        ("test_public/bad/0", np.maximum(mask, 9)),
        ("test_public/ground_truth/bad/0_mask", mask),
        ("test_private/0", np.maximum(mask, 9)),
    ):
        (root / name).parent.mkdir(parents=True)
        Image.fromarray(pixels).save(root / f"{name}.png")
    result = flawflow("evaluate", tiny_model, root, "--submission", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "Maps of 1 picture:" in result.output
    assert (tmp_path / "out/anomaly_images/can/test_private/0.tiff").is_file()
    assert (tmp_path / "out/anomaly_images_thresholded/can/test_private/0.png").is_file()


def test_nothing_to_hand_in_is_said(flawflow: Flawflow, tiny_model: Path, spots: Path, tmp_path: Path):
    result = flawflow("evaluate", tiny_model, spots, "--submission", tmp_path / "out")
    assert result.exit_code == 2
    assert "no test pictures without labels" in result.stderr


def test_logical_defects_have_a_column_of_their_own(flawflow: Flawflow, tiny_model: Path, spots: Path):
    truth = spots / "ground_truth" / "spot"
    (truth / "0").mkdir()
    (truth / "0_mask.png").rename(truth / "0" / "000.png")
    kind = {"pixel_value": 255, "saturation_threshold": 0.5, "relative_saturation": True}
    (spots / "defects_config.json").write_text(json.dumps([kind]))
    result = flawflow("evaluate", tiny_model, spots, "--json", "-")
    assert result.exit_code == 0, result.output
    assert "sPRO 0.05" in result.stderr
    measured = json.loads(result.stdout)
    assert measured["auspro"] == measured["per_defect"]["spot"]["auspro"] == pytest.approx(1.0)
