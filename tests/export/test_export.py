import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from flawflow import evaluate
from flawflow.datasets import open_dataset
from flawflow.errors import DatasetError, ExportError, ImageError
from flawflow.export import export as module
from flawflow.export.export import export
from flawflow.images.tiling import TileGrid
from flawflow.inspection import Inspector
from flawflow.model_file import read_model, write_model
from flawflow.runtime.canary_check import record_canaries

from ..inspection.tiled_model import SIZE, tile_card, tiled_graph, with_tiles

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed"
)


@pytest.fixture
def darker(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the conversion go wrong: the export's maps are a share of the model's."""

    def damage(share: float) -> None:
        def convert(graph: bytes, precision: str, **options: Any) -> bytes:
            model = onnx.load_from_string(graph)
            del model.metadata_props[:]
            (kernel,) = (tensor for tensor in model.graph.initializer if tensor.name == "kernel")
            kernel.CopyFrom(
                numpy_helper.from_array(numpy_helper.to_array(kernel) * np.float32(share), "kernel")
            )
            return bytes(model.SerializeToString())

        monkeypatch.setattr(module, "convert", convert)

    return damage


@pytest.mark.parametrize("engine", ["onnxruntime", pytest.param("openvino", marks=needs_openvino)])
@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16", "int8"])
def test_the_export_judges_like_the_model(
    tiny_model: Path, good: list[Path], tmp_path: Path, engine: str, precision: str
):
    before = tiny_model.read_bytes()
    output = tmp_path / "out.flaw"
    result = export(tiny_model, output, engine=engine, precision=precision, good=good)
    assert tiny_model.read_bytes() == before
    assert (result.written, result.holds, result.unreadable) == (True, True, ())
    assert [check.name for check in result.checks["good"]] == [
        "rank correlation of scores",
        "largest difference of maps",
        "other verdicts",
    ]
    inspector = Inspector.load(output, engine=engine)
    assert inspector.card == result.card
    assert inspector.card.precision == precision
    assert inspector.card.canaries == record_canaries(read_model(output).graph, (32, 32))
    assert not inspector.proof.safe
    # It is calibrated by what the export says, in its engine, of the good pictures that set no ranges.
    measured_by = [path for index, path in enumerate(good) if precision != "int8" or index % 3 != 0]
    scores = sorted(inspector.inspect(path).score for path in measured_by)
    assert inspector.card.calibration.scores == pytest.approx(scores, rel=1e-6)
    rates = inspector.card.calibration.false_reject_rate, inspector.card.calibration.review_rate
    assert rates == (0.01, 0.05)


def test_labelled_pictures_keep_the_calibration(tiny_model: Path, labelled: Path, tmp_path: Path):
    steps: list[tuple[str, int, int]] = []
    result = export(
        tiny_model,
        tmp_path / "out.flaw",
        precision="fp16",
        labelled=open_dataset(labelled),
        on_progress=lambda *step: steps.append(step),
    )
    assert [check.name for check in result.checks["labelled"]][-3:] == ["image AUROC", "pixel AUROC", "AUPRO"]
    card, out = read_model(tiny_model).card, read_model(tmp_path / "out.flaw")
    canaries = record_canaries(out.graph, card.size)
    assert out.card == dataclasses.replace(card, precision="fp16", canaries=canaries)
    assert steps[-1] == ("labelled pictures", 12, 12)
    assert evaluate(tmp_path / "out.flaw", labelled).image_auroc == evaluate(tiny_model, labelled).image_auroc


def test_what_judges_otherwise_is_not_written(
    tiny_model: Path, good: list[Path], tmp_path: Path, darker: Callable[[float], None]
):
    darker(0.1)
    output = tmp_path / "out.flaw"
    result = export(tiny_model, output, precision="fp16", good=good)
    assert (result.written, result.holds, output.exists()) == (False, False, False)
    forced = export(tiny_model, output, precision="fp16", good=good, force=True)
    assert (forced.written, forced.holds, output.exists()) == (True, False, True)
    assert forced.checks == result.checks


def test_nothing_is_chosen_by_labelled_pictures(
    tiny_model: Path, good: list[Path], labelled: Path, tmp_path: Path
):
    with_labels, without = (
        export(tiny_model, tmp_path / f"{name}.flaw", precision="int8", good=good, labelled=data, force=True)
        for name, data in (("with", open_dataset(labelled)), ("without", None))
    )
    assert with_labels.card == without.card
    assert (tmp_path / "with.flaw").read_bytes() == (tmp_path / "without.flaw").read_bytes()


def test_unreadable_pictures_are_left_out_and_named(tiny_model: Path, good: list[Path], tmp_path: Path):
    # The first sets ranges, the second measures.
    for path in good[:2]:
        path.write_bytes(b"not a picture")
    result = export(tiny_model, tmp_path / "out.flaw", precision="int8", good=good)
    assert [str(path) in said for path, said in zip(good[:2], result.unreadable, strict=True)] == [True, True]
    assert len(result.card.calibration.scores) == 19
    for path in good:
        path.write_bytes(b"not a picture")
    for precision in ("fp16", "int8"):
        with pytest.raises(DatasetError, match="none of the good pictures can be read"):
            export(tiny_model, tmp_path / "none.flaw", precision=precision, good=good)
    assert not (tmp_path / "none.flaw").exists()


def test_an_unreadable_labelled_picture_ends_it(tiny_model: Path, labelled: Path, tmp_path: Path):
    (labelled / "test" / "good" / "0.png").write_bytes(b"not a picture")
    with pytest.raises(ImageError, match=r"0\.png"):
        export(tiny_model, tmp_path / "out.flaw", precision="fp16", labelled=open_dataset(labelled))
    assert not (tmp_path / "out.flaw").exists()


@pytest.mark.parametrize(
    ("precision", "count", "sentence"),
    [
        ("int8", 0, r"int8 sets its ranges by good pictures: name some with --good"),
        ("fp16", 7, r"7 good pictures are too few to measure by: give 8 or more"),
        ("fp16", 0, r"without pictures it is unknown .*--good.*--data.*--force"),
    ],
)
def test_what_is_missing_is_told(
    tiny_model: Path, good: list[Path], precision: str, count: int, sentence: str
):
    output = tiny_model.with_name("out.flaw")
    with pytest.raises(ExportError, match=sentence):
        export(tiny_model, output, precision=precision, good=good[:count])
    assert not output.exists()


def test_an_export_is_not_exported_again(tiny_graph: bytes, tiny_card, good: list[Path], tmp_path: Path):
    write_model(tmp_path / "a.flaw", tiny_graph, dataclasses.replace(tiny_card, precision="int8"))
    with pytest.raises(ExportError, match=r"a\.flaw is int8 already: export the fp32 model"):
        export(tmp_path / "a.flaw", tmp_path / "b.flaw", precision="fp16", good=good)


def test_the_model_is_never_replaced_by_its_export(tiny_model: Path, good: list[Path]):
    before = tiny_model.read_bytes()
    with pytest.raises(ExportError, match="is the model itself"):
        export(tiny_model, tiny_model.parent / "." / tiny_model.name, precision="fp16", good=good)
    assert tiny_model.read_bytes() == before


def test_labels_without_test_pictures_are_refused(tiny_model: Path, good: list[Path], tmp_path: Path):
    dataset = open_dataset(good[0].parent)
    with pytest.raises(ExportError, match="no test pictures"):
        export(tiny_model, tmp_path / "out.flaw", precision="fp16", labelled=dataset)


def test_tiles_go_along(tiny_card, tmp_path: Path, rng: np.random.Generator):
    grid = TileGrid((64, 96), SIZE, 0.25)
    model, output = tmp_path / "tiled.flaw", tmp_path / "half.flaw"
    write_model(model, tiled_graph(), with_tiles(tiny_card, tile_card(grid)))
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (64, 96, 3), np.uint8)).save(path)
    result = export(model, output, precision="fp16", good=paths)
    assert (result.written, result.holds) == (True, True)
    before, after = Inspector.load(model), Inspector.load(output)
    assert after.proof.holds
    assert before.card.tiles.canaries != ()
    for path in paths:
        assert after.inspect(path).graph_map.shape == (64, 96)
        assert after.measure(path)[1] == pytest.approx(before.measure(path)[1], abs=1e-2)
    with pytest.raises(ExportError, match="inspects tiles, which int8 has no ranges for"):
        export(model, output, precision="int8", good=paths)
