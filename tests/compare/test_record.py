from pathlib import Path

from flawflow.compare.record import RunRecord

from .records import make_record


def test_a_record_is_read_as_it_was_written(tmp_path: Path):
    for record in (make_record(), make_record(aupro=0.25, left_out=("a.png is empty",))):
        record.write(tmp_path / "run.json")
        assert RunRecord.read(tmp_path / "run.json") == record


def test_another_digit_or_field_is_no_record(tmp_path: Path):
    file = tmp_path / "run.json"
    make_record(image_auroc=0.875).write(file)
    text = file.read_text("utf-8")
    for changed in (
        text.replace("0.875", "0.876"),
        text.replace('"seed"', '"sead"'),
        text.replace('"a machine"', "5"),
    ):
        assert changed != text
        file.write_text(changed, "utf-8")
        assert RunRecord.read(file) is None
    file.write_text(text, "utf-8")
    assert RunRecord.read(file) is not None
    assert RunRecord.read(tmp_path / "none.json") is None
