import pytest

from flawflow.errors import ExecutorError

pytest.importorskip("ray", reason="ray is not installed: pip install 'flawflow[ray]'")


@pytest.mark.parametrize("address", ["ray://127.0.0.1:9", ""])
def test_an_address_where_nobody_answers_is_said_at_once(address: str, monkeypatch: pytest.MonkeyPatch):
    from flawflow.executors.ray_executor import RayExecutor

    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    with pytest.raises(
        ExecutorError, match=r"No Ray cluster answers at .*127\.0\.0\.1:9: check the address and its token"
    ):
        RayExecutor(address=address)
