import pytest

from flawflow.storage.urls import shown_url

SECRET_MODE = "hunter2"


@pytest.mark.parametrize(
    "address",
    [
        f"rtsp://user:{SECRET_MODE}@camera/live",
        f"rtsp://{SECRET_MODE}@camera/live",
        f"rtsp://user:{SECRET_MODE}/x@camera/live",
        f"rtsp://user:#{SECRET_MODE}@camera/live",
        f"rtsp://user:?{SECRET_MODE}@camera/live",
        f"rtsp://user:a@{SECRET_MODE}@camera/live",
        f"http://camera/video.cgi?user=admin&pwd={SECRET_MODE}",
        f"http://camera/video.cgi?loginuse=admin;loginpas={SECRET_MODE}",
        f"http://camera/video.cgi?channel=1&%70wd={SECRET_MODE}",
        f"http://camera/video.cgi?TOKEN={SECRET_MODE}=",
        f"http://camera/video.cgi?{SECRET_MODE}",
        f"http://camera/video.cgi?a/b={SECRET_MODE}/{SECRET_MODE}",
        f"http://camera/live#{SECRET_MODE}",
        f"rtsp://camera:554/user=admin_password={SECRET_MODE}_channel=1",
        f"rtsp://camera:554/user=admin&password={SECRET_MODE}&channel=1&stream=0.sdp",
        f"postgresql+pg8000://db/flawflow?user=me&password={SECRET_MODE}",
    ],
)
def test_no_secret_is_shown(address: str):
    assert SECRET_MODE not in shown_url(address)
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
