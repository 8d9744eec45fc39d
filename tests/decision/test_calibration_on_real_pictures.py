"""The guarantee on pictures of real parts: over hundreds of random splits it is kept, and not wasted.

Each split calibrates with some of the good pictures and judges the others. The pictures of a split are
exchangeable, so that the number of the others above a threshold follows a beta-binomial law, whatever the
scores are like: the binomial law whose rate varies as that of a threshold from n pictures does.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from flawflow.decision.calibration import Calibration
from flawflow.images import find_images, read_image, resize_image
from flawflow.inspection import Inspector, OnnxRuntimeEngine
from flawflow.model_file.card import Card

pytestmark = pytest.mark.slow

SPLITS = 400
REFERENCES = 40


def distance_graph(mean: NDArray[np.float32], spread: NDArray[np.float32]) -> bytes:
    """A serialised ONNX model whose map is the distance from a mean picture, in spreads, blurred 3 × 3."""
    from onnx import TensorProto, helper, numpy_helper

    constants = {
        "mean": mean,
        "spread": spread,
        "kernel": np.full((1, 1, 3, 3), 1 / 9, np.float32),
        "channel": np.array([1]),
        "sides": np.array([1, 2]),
        "colours": np.array([3]),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["levels", "colours"], ["grey"], keepdims=0),
        helper.make_node("Sub", ["grey", "mean"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("Div", ["distance", "spread"], ["spreads"]),
        helper.make_node("Unsqueeze", ["spreads", "channel"], ["plane"]),
        helper.make_node("Conv", ["plane", "kernel"], ["blurred"], pads=[1, 1, 1, 1]),
        helper.make_node("Squeeze", ["blurred", "channel"], ["anomaly_map"]),
        helper.make_node("ReduceMean", ["anomaly_map", "sides"], ["pred_score"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "distance",
        inputs=[helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 32, 32, 3])],
        outputs=[
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["B", 32, 32]),
            helper.make_tensor_value_info("pred_score", TensorProto.FLOAT, ["B"]),
        ],
        initializer=[numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module", params=["bottle", "grid"])
def measured(
    request: pytest.FixtureRequest, shared_data: Path, tiny_card: Card
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores and peaks of good pictures by a model that was made from others."""
    root = shared_data / "mvtec" / request.param
    paths = find_images([root / "train" / "good", root / "test" / "good"])
    small = np.stack([resize_image(read_image(path), (32, 32)) for path in paths])
    references = small[:REFERENCES].mean(axis=3, dtype=np.float32)
    engine = OnnxRuntimeEngine(distance_graph(references.mean(axis=0), references.std(axis=0) + 1), threads=1)
    inspector = Inspector(engine, tiny_card)
    results = [inspector.measure(picture) for picture in small[REFERENCES:]]
    scores = np.array([score for _, score in results])
    maxima = np.array([anomaly_map.max() for anomaly_map, _ in results], np.float64)
    # Ties would make the thresholds stricter than the law; real scores hardly ever tie.
    assert len(np.unique(scores)) == len(np.unique(maxima)) == len(scores)
    return scores, maxima


def realised(
    scores: NDArray[np.float64], maxima: NDArray[np.float64], n: int, rates: tuple[float, float]
) -> dict[str, NDArray[np.int64]]:
    """For each split, how many of the good pictures that did not calibrate stand out, and how."""
    rng = np.random.default_rng(n)
    counts = np.empty((SPLITS, 3), np.int64)
    for split in range(SPLITS):
        order = rng.permutation(len(scores))
        known, new = order[:n], order[n:]
        judge = Calibration.measured(
            scores[known], maxima[known], false_reject_rate=rates[0], review_rate=rates[1]
        )
        verdicts = [judge.verdict(score) for score in scores[new].tolist()]
        with_regions = np.count_nonzero(maxima[new] > judge.pixel_threshold)
        counts[split] = verdicts.count("NG"), len(verdicts) - verdicts.count("OK"), with_regions
    return dict(zip(("NG", "NG or REVIEW", "regions"), counts.T, strict=True))


@pytest.mark.parametrize(
    ("n", "rates"), [(99, (0.01, 0.05)), (120, (0.05, 0.1)), (30, (0.1, 0.2)), (20, (0.01, 0.05))]
)
def test_good_pictures_stand_out_as_seldom_as_promised(
    measured: tuple[NDArray[np.float64], NDArray[np.float64]], n: int, rates: tuple[float, float]
):
    scores, maxima = measured
    new = len(scores) - n
    judge = Calibration.measured(scores[:n], maxima[:n], false_reject_rate=rates[0], review_rate=rates[1])
    promised = {
        "NG": (judge.threshold(), judge.needed()),
        "NG or REVIEW": (judge.review_threshold(), judge.needed_for_review()),
        "regions": (judge.threshold(rates[1]), judge.needed(rates[1])),
    }
    for kind, counts in realised(scores, maxima, n, rates).items():
        threshold, needed = promised[kind]
        rate = threshold.guaranteed_rate
        assert threshold.keeps_rate == (n >= needed)
        above = round(rate * (n + 1))
        law = stats.betabinom(new, above, n + 1 - above)
        # On average over the splits the rate is the guaranteed one: not above it, and not wasted below it.
        assert abs(counts.mean() - new * rate) <= 4 * law.std() / np.sqrt(SPLITS), kind
        # Split by split it stays in the law's band: no more splits are beyond 99 % of it than chance allows.
        edge = law.ppf(0.99)
        assert np.count_nonzero(counts > edge) <= stats.binom(SPLITS, law.sf(edge)).ppf(0.9999), kind
