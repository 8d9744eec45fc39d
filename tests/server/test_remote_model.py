import dataclasses

from flawflow.model_file import read_model
from flawflow.model_file.container import replace_card


def test_a_model_behind_a_url_is_served_and_reloaded_when_it_is_replaced(
    memory, make_client, settings, tiny_model, wait
):
    remote = memory / "models" / "part.flaw"
    remote.write_bytes(tiny_model.read_bytes())
    client = make_client(dataclasses.replace(settings, models=(remote,)))
    (first,) = client.get("/api/models").json()
    assert first["name"] == "part"
    card = dataclasses.replace(read_model(tiny_model).card, preset="another")
    replace_card(tiny_model, remote, card)
    wait(lambda: client.get("/api/models").json()[0]["sha256"] != first["sha256"])
