import pytest

from flawflow.storage.urls import shown_url

SECRET = "hunter2"


@pytest.mark.parametrize(
    "address",
    [
        f"rtsp://user:{SECRET}@camera/live",
        f"rtsp://{SECRET}@camera/live",
        f"rtsp://user:{SECRET}/x@camera/live",
        f"rtsp://user:#{SECRET}@camera/live",
        f"rtsp://user:?{SECRET}@camera/live",
        f"rtsp://user:a@{SECRET}@camera/live",
        f"http://camera/video.cgi?user=admin&pwd={SECRET}",
        f"http://camera/video.cgi?loginuse=admin;loginpas={SECRET}",
        f"http://camera/video.cgi?channel=1&%70wd={SECRET}",
        f"http://camera/video.cgi?TOKEN={SECRET}=",
        f"http://camera/video.cgi?{SECRET}",
        f"http://camera/video.cgi?a/b={SECRET}/{SECRET}",
        f"http://camera/live#{SECRET}",
        f"rtsp://camera:554/user=admin_password={SECRET}_channel=1",
        f"rtsp://camera:554/user=admin&password={SECRET}&channel=1&stream=0.sdp",
        f"postgresql+pg8000://db/flawflow?user=me&password={SECRET}",
    ],
)
def test_no_secret_is_shown(address: str):
    assert SECRET not in shown_url(address)
    assert shown_url(address).startswith(address.partition("://")[0])


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://camera:554/Streaming/Channels/101",
        "rtsp://camera/cam/realmonitor?channel=1&subtype=0",
        "http://[fe80::1]:8080/video.mjpg?Resolution=640x480&fps=5&pwd=",
        "sqlite:////var/lib/flawflow/station.db",
        "/data/line 1?pwd=x",
        "/dev/video0",
        "",
    ],
)
def test_what_tells_sources_apart_stays(address: str):
    assert shown_url(address) == address
