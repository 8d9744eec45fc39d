import json

from flawflow.model_file import read_model
from flawflow.report.words import promise


def test_the_card_tells_what_it_promises(flawflow, tiny_model):
    shown = flawflow("card", tiny_model)
    assert shown.exit_code == 0
    card = json.loads(shown.stdout)
    calibration = read_model(tiny_model).card.calibration
    assert card["promise"] == promise(calibration)
    assert "With 95 % confidence, at most 3 % of all good parts are judged NG" in card["promise"]
    assert card["rule"].startswith("A picture is NG when its score is above 0.5")
    assert card["calibration"]["scores"] == list(calibration.scores)
