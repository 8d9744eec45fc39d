"""What several tests share: the real pictures, a seeded generator and a model that needs no training."""

import os
import secrets
import signal
import socketserver
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from flawflow.decision.calibration import Calibration
from flawflow.decision.regions import find_regions
from flawflow.inspection.inspection import Inspection, Timings
from flawflow.model_file import write_model
from flawflow.model_file.card import Card, EncoderCard, TrainingCard
from flawflow.storage.remote import RemotePath

# A busy machine is no reason to fail.
settings.register_profile("flawflow", deadline=None)
settings.load_profile("flawflow")

# A shell's background job ignores Ctrl-C, and the programs that tests start and interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long come first: then no worker is left with it while the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real inspection pictures; a test that needs it is skipped where it is missing."""
    folder = Path(os.environ.get("FLAWFLOW_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "SOURCES.md").is_file():
        pytest.skip(f"the real pictures are not at {folder} (set FLAWFLOW_DATA to their folder)")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20211)


@pytest.fixture(scope="session")
def tiny_graph() -> bytes:
    """A serialised ONNX model whose map is the brightness of a 32 × 32 picture, blurred 3 × 3, in [0, 1]."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.full((1, 3, 3, 3), 1 / (27 * 255), np.float32)
    nodes = [
        helper.make_node("Cast", ["images"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["levels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["plane"], pads=[1, 1, 1, 1]),
        helper.make_node("Squeeze", ["plane", "plane_axis"], ["anomaly_map"]),
        helper.make_node("ReduceMax", ["anomaly_map", "map_axes"], ["pred_score"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        inputs=[helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 32, 32, 3])],
        outputs=[
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, ["B", 32, 32]),
            helper.make_tensor_value_info("pred_score", TensorProto.FLOAT, ["B"]),
        ],
        initializer=[
            numpy_helper.from_array(kernel, "kernel"),
            numpy_helper.from_array(np.array([1]), "plane_axis"),
            numpy_helper.from_array(np.array([1, 2]), "map_axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


@pytest.fixture
def serve() -> Iterator[Callable[[socketserver.BaseServer], None]]:
    """Let servers on loopback answer in threads of their own until the test ends."""
    with ExitStack() as ends:

        def start(server: socketserver.BaseServer) -> None:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            ends.enter_context(server)
            thread.start()
            ends.callback(thread.join)
            ends.callback(server.shutdown)

        yield start


@pytest.fixture
def memory() -> Iterator[RemotePath]:
    """An empty folder behind a URL, of this process alone."""
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem.store.clear()
    yield RemotePath("memory://plant")
    MemoryFileSystem.store.clear()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server on loopback, and environment variables that lead there."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "not-a-real-key")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str) -> RemotePath:
    """A new bucket of S3."""
    name = f"plant-{secrets.token_hex(4)}"
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/{name}", method="PUT")).close()
    return RemotePath(f"s3://{name}")


@pytest.fixture(scope="session")
def tiny_card() -> Card:
    """The card of `tiny_model`: a picture is NG where it is brighter than 0.5, at a rate of 1 in 100."""
    return Card(
        flawflow_version="0.1.0",
        created="2021-07-27T12:00:00+00:00",
        detector="brightness",
        preset="none",
        size=(32, 32),
        encoder=EncoderCard(
            name="none", strides=(1,), weights="none", weights_sha256="", weights_licence="Apache-2.0"
        ),
        training=TrainingCard(dataset="none", image_count=1, seed=0, seconds=0.0),
        calibration=Calibration(
            scores=tuple(np.linspace(0.01, 0.5, 99).tolist()), pixel_threshold=0.5, false_reject_rate=0.01
        ),
        colormap_range=(0.25, 1.0),
    )


@pytest.fixture
def tiny_model(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> Path:
    """A model file that needs no training: its map is the picture's brightness, its threshold 0.5."""
    path = tmp_path / "tiny.flaw"
    write_model(path, tiny_graph, tiny_card)
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Write pictures as a video of 10 frames a second, lossless but for the colour space."""
    import av

    def make(
        pictures: Sequence[np.ndarray], name: str = "clip.avi", codec: str = "ffv1", **options: str
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", options=options) as container:
            stream = container.add_stream(codec, rate=Fraction(10))
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for picture in pictures:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shanghai Tech Campus in its very layout, drawn: three scenes of 64 × 80 pixels, 03 without test videos.

    A grey square walks over a ground that each scene has its own of; in the middle of the first test video of
    a scene a bright disc crosses it, and the second shows nothing unusual.
    """
    import av
    from PIL import Image

    root = tmp_path_factory.mktemp("campus") / "shanghaitech"
    for scene in range(1, 4):
        for number in range(1, 3):
            path = root / "training" / "videos" / f"{scene:02d}_{number:03d}.avi"
            path.parent.mkdir(parents=True, exist_ok=True)
            with av.open(str(path), "w") as container:
                stream = container.add_stream("mpeg4", rate=25)
                stream.height, stream.width, stream.pix_fmt, stream.bit_rate = 64, 80, "yuv420p", 2_000_000
                for frame in range(24):
                    picture, _ = draw_walk(scene, 7 * number + frame)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                container.mux(stream.encode(None))
        for number in range(14, 16) if scene < 3 else ():
            name = f"{scene:02d}_{number:04d}"
            odd = [number == 14 and 6 <= frame < 14 for frame in range(20)]
            drawn = [draw_walk(scene, frame, odd=odd[frame]) for frame in range(20)]
            for frame, (picture, _) in enumerate(drawn):
                path = root / "testing" / "frames" / name / f"{frame:03d}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path, quality=95)
            for kind, mask in (("frame", np.array(odd)), ("pixel", np.stack([mask for _, mask in drawn]))):
                path = root / "testing" / f"test_{kind}_mask" / f"{name}.npy"
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, mask.astype(np.uint8))
    return root


def draw_walk(scene: int, step: int, *, odd: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """One frame of a scene, (64, 80, 3) uint8, and the mask of what is unusual in it, (64, 80) bool."""
    ground = np.random.default_rng(scene).integers(70, 130, (8, 10, 3)).astype(np.uint8)
    picture = ground.repeat(8, axis=0).repeat(8, axis=1)
    left = 3 * step % 68
    picture[40:56, left : left + 12] = 150
    rows, columns = np.mgrid[:64, :80]
    mask = odd & ((rows - 20) ** 2 + (columns - 2 * step - 20) ** 2 < 80)
    picture[mask] = (250, 240, 20)
    return picture, mask


@pytest.fixture
def card() -> Card:
    """A card that belongs to no model file."""
    return Card(
        flawflow_version="0.1.0",
        created="2026-01-02T03:04:05+00:00",
        detector="cflow",
        preset="balanced",
        size=(64, 64),
        encoder=EncoderCard("lite0", (8, 16, 32), "a package", "", "Apache-2.0"),
        training=TrainingCard("gears", 40, 0, 61.5),
        calibration=Calibration(tuple(0.1 * i for i in range(1, 100)), pixel_threshold=0.5),
        colormap_range=(0.2, 1.0),
    )


@pytest.fixture
def make_inspection(card: Card) -> Callable[..., Inspection]:
    """Make inspections that no model made, judged by `card`."""

    def make(
        path: Path | None = None, *, anomaly_map: np.ndarray | None = None, score: float | None = None
    ) -> Inspection:
        values = np.zeros((32, 48), np.float32) if anomaly_map is None else anomaly_map.astype(np.float32)
        score = float(values.max()) if score is None else score
        return Inspection(
            path=path,
            score=score,
            p_value=card.calibration.p_value(score),
            verdict=card.calibration.verdict(score),
            size=(values.shape[0], values.shape[1]),
            graph_map=values,
            regions=find_regions(values, card.calibration.pixel_threshold),
            timings=Timings(0.001, 0.002, 0.003, 0.004),
        )

    return make
