import re

import pytest
from click.testing import CliRunner

from flawflow.cli import main

PASSWORD = "a long enough phrase"


@pytest.fixture
def users(tmp_path):
    def run(*words, given=None):
        command = ["users", *words, "--data", str(tmp_path / "station")]
        return CliRunner(env={"COLUMNS": "400"}).invoke(main, command, input=given)

    return run


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "station"


def test_the_first_admin_before_the_first_start(users, folder):
    result = users("add", "Anna", "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n")
    assert result.output == "anna may sign in as admin.\n"
    assert folder.stat().st_mode & 0o077 == 0
    users("add", "carl", "--no-password")
    assert users("list").output == "anna: admin\ncarl: operator\n"
    assert users("change", "carl", "--role", "reviewer", "--inactive").output == "carl is changed.\n"
    assert users("list").output == "anna: admin\ncarl: reviewer, inactive\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "a b", "--no-password"), "not a name of a person"),
        (("add", "carl", "--password-stdin"), "10 to 200 characters"),
        (("change", "nobody", "--role", "admin"), "nobody called nobody"),
        (("token", "nobody", "PLC"), "nobody"),
    ],
)
def test_what_does_not_work_is_one_sentence(users, words, said):
    result = users(*words, given="short\n")
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1


def test_a_password_is_asked_for(users):
    result = users("add", "anna", given=f"{PASSWORD}\n{PASSWORD}\n")
    assert "anna may sign in as operator." in result.output
    assert PASSWORD not in result.output


def test_beside_a_station_that_runs(users, folder, tiny_model):
    pytest.importorskip("httpx")
    from starlette.testclient import TestClient

    from flawflow.server.app import create_app
    from flawflow.server.settings import Settings

    app = create_app(Settings(models=(tiny_model,), data=folder, workers=1))
    address = "http://127.0.0.1:8470"
    with TestClient(app, base_url=address, client=("127.0.0.1", 5)) as client:
        assert client.get("/api/me").json()["ways"] == []
        users("add", "anna", "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n")
        token = users("token", "anna", "PLC", "--role", "engineer", "--days", "0").output.strip()
        assert re.fullmatch(r"flaw_[\w-]{43}", token)
        app.state.station.people.refresh()
        assert client.get("/api/me").status_code == 401
        headers = {"authorization": f"Bearer {token}"}
        assert client.get("/api/me", headers=headers).json()["role"] == "engineer"
        told = client.get("/api/audit?action=user.add", headers=headers).json()["entries"]
        assert [(each["subject"], each["actor"].partition(":")[0]) for each in told] == [
            ("user/anna", "(command line")
        ]


def test_a_station_of_another_flawflow_is_left_alone(users, folder, tiny_model):
    from flawflow.server.db import Store
    from flawflow.server.lock import station_lock

    users("add", "anna", "--no-password")
    lock = station_lock(folder)
    store = Store(f"sqlite:///{folder / 'station.db'}")
    with store.writing.begin() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    store.close()
    result = users("add", "carl", "--no-password")
    lock.release()
    assert (result.exit_code, "another flawflow" in result.output) == (2, True)
