import pytest

from flawflow.server.errors import ValueRefusedError
from flawflow.server.security.passwords import hash_password, is_password


def test_a_password_is_known_again_and_kept_as_argon2():
    kept = hash_password("a long enough phrase", name="anna")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,")
    assert "phrase" not in kept
    assert is_password("a long enough phrase", kept)
    assert not is_password("a long enough phrase ", kept)


@pytest.mark.usefixtures("quick")
def test_the_same_password_is_kept_otherwise_each_time():
    assert hash_password("a long enough phrase", name="a b") != hash_password(
        "a long enough phrase", name="a b"
    )


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kept", [None, "", "plain text", "$argon2id$v=19$broken"])
def test_where_nothing_is_kept_nothing_is_right(kept: str | None):
    assert not is_password("nobody has this password", kept)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("text", ["Grüße an alle 日本", "x" * 200, "half of a pair \ud800"])
def test_any_character_may_be_in_one(text: str):
    assert is_password(text, hash_password(text, name="anna"))


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "10 to 200"),
        ("x" * 201, "10 to 200"),
        ("", "10 to 200"),
        ("my name is ANNA", "hold the name"),
    ],
)
def test_what_is_no_password(password: str, said: str):
    with pytest.raises(ValueRefusedError, match=said):
        hash_password(password, name="anna")
