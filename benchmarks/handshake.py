"""From a machine's trigger to its valid result, by Modbus TCP on loopback against a real station.

    python benchmarks/handshake.py part.flaw PICTURES… --count 300

A scripted machine puts an image into the line's folder, triggers (`--take newest`), polls the status
registers every 2 ms, reads the result, acknowledges and waits until the line is ready again. Three times are
taken of each job:

- trigger to valid: from before the write of the trigger until the poll that shows Valid;
- inspection: the sum of the steps in the job's own record (read, prepare, infer, judge);
- the difference: what the handshake costs, with the record's commit, the kept image and the polling.

Between two jobs the machine rests, as a line does between two parts.
"""

import argparse
import http.client
import itertools
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pymodbus.client import ModbusTcpClient

from common import machine, write_report
from flawflow.images import find_images
from flawflow.server.handshake.modbus_map import BUSY, READY, STATUS_COUNT, VALID

_RUN = "from flawflow.cli import main; main()"
_ENABLE, _TRIGGER, _ACKNOWLEDGE = 1, 2, 4
_POLL_SECONDS = 0.002
_LONGEST_SECONDS = 30.0


def main() -> None:
    options = _options()
    pictures = find_images([str(each) for each in options.pictures])
    with tempfile.TemporaryDirectory(prefix="flawflow-handshake-") as folder:
        camera, data = Path(folder) / "camera", Path(folder) / "data"
        camera.mkdir()
        with _served(options, camera, data) as (http_port, modbus_port):
            jobs = _jobs(options, pictures, camera, modbus_port)
            inspections = [_inspection_ms(http_port, number) for number, _ in jobs]
    spans = [milliseconds for _, milliseconds in jobs]
    extra = [span - inside for span, inside in zip(spans, inspections, strict=True)]
    report = {
        "machine": machine(["onnxruntime", "pymodbus", "fastapi"]),
        "jobs": len(jobs),
        "bytes": [path.stat().st_size for path in pictures],
        "trigger_to_valid_ms": spans,
        "inspection_ms": inspections,
        "extra_ms": extra,
    }
    write_report(options.output, report, markdown(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+", help="files, folders or patterns")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--keep-pictures", choices=("all", "ng", "none"), default="all")
    parser.add_argument("--output", type=Path, default=Path("runs/handshake"))
    return parser.parse_args()


@contextmanager
def _served(options: argparse.Namespace, camera: Path, data: Path) -> Iterator[tuple[int, int]]:
    """Serve, and give the ports of HTTP and Modbus."""
    command = [
        *(sys.executable, "-c", _RUN, "serve", str(options.model), "--data", str(data), "--port", "0"),
        *("--line", str(camera), "--modbus", "127.0.0.1:0", "--take", "newest"),
        *("--keep-pictures", options.keep_pictures),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r":(\d+)/", server.stdout.readline())
        assert found is not None, "the station did not start"
        port = int(found[1])
        yield port, _get(port, "/api/machine")["ports"]["modbus"]
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def _jobs(
    options: argparse.Namespace, pictures: list[Path], camera: Path, port: int
) -> list[tuple[int, float]]:
    """Do the jobs; gives the record's id and the milliseconds from trigger to valid of each."""
    client = ModbusTcpClient("127.0.0.1", port=port)
    assert client.connect()
    jobs = []
    client.write_register(0, _ENABLE)
    for number, picture in zip(range(options.count + 1), itertools.cycle(pictures), strict=False):
        _until(client, READY)
        (camera / f".{number}").write_bytes(picture.read_bytes())
        (camera / f".{number}").rename(camera / f"{number:06d}{picture.suffix}")
        # Long enough for two looks into the folder, which come every 0.1 s while nobody waits.
        time.sleep(0.3)
        started = time.perf_counter()
        client.write_register(0, _ENABLE | _TRIGGER)
        status = _until(client, VALID)
        jobs.append((status[6] << 16 | status[7], 1e3 * (time.perf_counter() - started)))
        assert status[1] in (1, 2, 3), f"job {status[5]} failed: problem {status[2]}"
        client.write_register(0, _ENABLE | _ACKNOWLEDGE)
        client.write_register(0, _ENABLE)
        (camera / f"{number:06d}{picture.suffix}").unlink()
    client.close()
    # The first job warms up.
    return jobs[1:]


def _until(client: ModbusTcpClient, bit: int) -> list[int]:
    end = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < end:
        registers: list[int] = client.read_input_registers(0, count=STATUS_COUNT).registers
        if registers[0] & bit and not registers[0] & BUSY:
            return registers
        time.sleep(_POLL_SECONDS)
    raise SystemExit(f"bit {bit} did not come within {_LONGEST_SECONDS} s")


def _inspection_ms(port: int, number: int) -> float:
    return float(sum(_get(port, f"/api/inspections/{number}")["timings_ms"].values()))


def _get(port: int, path: str) -> Any:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


def markdown(report: dict[str, Any]) -> str:
    """The table."""
    lines = [f"{report['jobs']} jobs; {report['machine']['cpu']}; {report['machine']['date']}", ""]
    lines += ["| ms | median | 90 % | 99 % | largest |", "|---|---|---|---|---|"]
    for name, key in (
        ("trigger to valid", "trigger_to_valid_ms"),
        ("inspection", "inspection_ms"),
        ("difference", "extra_ms"),
    ):
        hundredths = statistics.quantiles(report[key], n=100)
        values = (hundredths[49], hundredths[89], hundredths[98], max(report[key]))
        lines.append(f"| {name} | {' | '.join(f'{value:.1f}' for value in values)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
