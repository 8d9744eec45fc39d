import pytest

from flawflow.errors import FlawflowError
from flawflow.server.errors import RefusedError
from flawflow.server.security.hosts import allowed_stream, check_hosts

HOSTS = ("camera7", "192.168.1.20:554", "[fe80::1]", "10.0.0.5")


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://camera7/live",
        "rtsps://CAMERA7:322/live?channel=1",
        "http://camera7:8080/video.mjpg",
        "rtsp://user:secret@camera7/live",
        "rtsp://user:p%40ss@192.168.1.20:554/live",
        "https://[fe80::1]/x",
        "https://[FE80:0:0:0:0:0:0:1]:443/x",
    ],
)
def test_hosts_that_were_named(address):
    assert allowed_stream(address, HOSTS) == address


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://camera8/live",
        "rtsp://camera7.evil.example/live",
        "rtsp://evil.example/camera7",
        "rtsp://camera7@evil.example/live",
        "rtsp://camera7:554@evil.example/live",
        "rtsp://evil.example#@camera7/live",
        "rtsp://evil.example?@camera7/live",
        "rtsp://evil.example/@camera7/live",
        "rtsp://evil.example\\@camera7/live",
        "rtsp://a@evil.example@camera7/live",
        "rtsp://192.168.1.20/live",
        "rtsp://192.168.1.20:8554/live",
        "rtsp://[fe80::2]/live",
        "rtsp://[::ffff:10.0.0.6]/live",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:8470/api/export",
        "http://0x0a000005/",
        "http://10.5/",
        "rtsp://camera7:99999/live",
        "rtsp://camera7:554:80/live",
        "rtsp://cam\nera7/live",
        "rtsp://camera7/li ve",
        "rtsp:///live",
        "rtsp://",
        "file://camera7/etc/passwd",
        "concat://camera7|evil.example",
        "RTSP://camera7/live",
        "http:camera7/live",
    ],
)
def test_all_others_are_refused(address):
    with pytest.raises(RefusedError):
        allowed_stream(address, HOSTS)


def test_without_hosts_there_are_no_streams_and_the_way_out_is_said():
    with pytest.raises(RefusedError, match="--allow-stream camera7") as refused:
        allowed_stream("rtsp://user:secret@camera7/live?pwd=secret", ())
    assert "secret" not in str(refused.value)
    with pytest.raises(RefusedError, match=r"--allow-stream \[fe80::1\]"):
        allowed_stream("rtsp://[fe80::1]/live", ())


def test_hosts_are_checked_at_the_start():
    check_hosts(HOSTS)
    for wrong in (
        "",
        "rtsp://camera7",
        "camera7/live",
        "user@camera7",
        "camera7:x",
        "*",
        "a b",
        "fe80::1",
        "-x",
    ):
        with pytest.raises(FlawflowError, match="--allow-stream"):
            check_hosts([wrong])
