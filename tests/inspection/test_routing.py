"""Pictures go to the product under which they are likeliest."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from flawflow.errors import ModelFileError
from flawflow.inspection.routing import (
    ROUTER_SIZE,
    Confusion,
    ProductGaussian,
    Router,
    confusion,
    gaussians_of,
    likeliest,
    routing_of,
)
from flawflow.model_file import Routing

RNG = np.random.default_rng(3)


def _product(center: float, *, held_out: float | None = None, count: int = 12) -> ProductGaussian:
    known = center + RNG.normal(size=(30, 5)) * [0.1, 1.0, 3.0, 0.5, 1.0]
    kept = (center if held_out is None else held_out) + RNG.normal(size=(count, 5)) * 0.1
    return ProductGaussian.fit(known, kept)


def _graph() -> bytes:
    """Numbers of a picture: the mean of each colour."""
    nodes = [
        helper.make_node("Cast", ["images"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["levels", "axes"], ["numbers"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        inputs=[helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", *ROUTER_SIZE, 3])],
        outputs=[helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["B", 3])],
        initializer=[onnx.numpy_helper.from_array(np.array([1, 2]), "axes")],
    )
    opsets = [helper.make_opsetid("", 18)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


def _painted(red: int, blue: int, size: int = 40) -> np.ndarray:
    picture = RNG.integers(0, 8, (size, 2 * size, 3), dtype=np.uint8)
    return picture + np.uint8([red, 0, blue])


def test_a_density_of_all_directions_is_the_normal_density() -> None:
    known = RNG.normal(size=(50, 4)) @ RNG.normal(size=(4, 4))
    product = ProductGaussian.fit(known, known[:0])
    z = (known - known.mean(axis=0)) / known.std(axis=0, ddof=1)
    covariance = z.T @ z / len(z) + 0.1 * np.eye(4)
    scale = np.diag(known.std(axis=0, ddof=1))
    covariance = scale @ covariance @ scale
    rows = RNG.normal(size=(7, 4))
    centred = rows - known.mean(axis=0)
    energy = (centred @ np.linalg.inv(covariance) * centred).sum(axis=1)
    expected = -0.5 * (energy + np.linalg.slogdet(covariance)[1])
    np.testing.assert_allclose(product.log_likelihood(rows), expected, rtol=1e-4, atol=1e-4)


def test_each_row_goes_to_its_own_product() -> None:
    products = {"near": _product(0.0), "far": _product(40.0)}
    rows = np.array([[0.0] * 5, [40.0] * 5, [1.0] * 5])
    assert likeliest(products, rows) == ["near", "far", "near"]


def test_confusion_counts_what_was_held_out() -> None:
    products = {"a": _product(0.0), "b": _product(20.0, held_out=0.0, count=3), "c": _product(60.0, count=0)}
    found = confusion(products)
    assert found == Confusion(pictures=15, wrong=3, pairs=(("b", "a", 3),))
    assert found.share == pytest.approx(0.2)
    assert confusion({}).share == 0.0


def test_products_come_back_from_a_file() -> None:
    products = {"a": _product(0.0), "b": _product(5.0, count=0)}
    found = gaussians_of(routing_of(b"", products))
    rows = RNG.normal(size=(5, 5))
    for name, product in products.items():
        np.testing.assert_array_equal(found[name].log_likelihood(rows), product.log_likelihood(rows))
        assert found[name].held_out.shape == product.held_out.shape


def test_numbers_that_do_not_fit_are_refused() -> None:
    kept = _product(0.0).to_appearance()
    damaged = Routing(graph=b"", products={"a": kept.__class__(**{**vars(kept), "deviation": "AAAA"})})
    with pytest.raises(ModelFileError, match="tells its products apart in an unknown way"):
        gaussians_of(damaged)


def test_pictures_of_any_size_are_routed() -> None:
    router = Router(_graph(), {})
    for name, colours in (("red", (200, 0)), ("blue", (0, 200))):
        numbers = np.stack([router.numbers(_painted(*colours)) for _ in range(9)])
        router.products[name] = ProductGaussian.fit(numbers, numbers[:0])
    assert router.route(_painted(190, 10)) == "red"
    assert router.route(_painted(20, 180, size=300)) == "blue"
