"""The named sets: all rows of the real files, found in files, folders and on the hub."""

from __future__ import annotations

import gzip
import json
import re
import socket
import subprocess
import sys
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_prep import BadRow, DataNotFound, Problem
from data_prep.hub import HubSet, iter_hub_rows
from data_prep.sets import NAMED_SETS, load_set
from rewards.types import MathReference

COUNTS = {
    ("gsm8k", "train"): 7473,
    ("gsm8k", "test"): 1319,
    ("math", "train"): 7500,
    ("math", "test"): 5000,
    ("math500", "test"): 500,
    ("aime24", "test"): 30,
    ("aime25", "test"): 30,
    ("amc23", "test"): 40,
    ("hmmt", "test"): 196,
    ("olympiadbench", "test"): 675,
    ("svamp", "test"): 1000,
    ("gsm_hard", "test"): 1319,
    ("aqua", "test"): 254,
}


def raw(path: Path) -> Iterator[dict[str, object]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        yield from map(json.loads, stream)


def answer(problem: Problem) -> str | tuple[str, ...]:
    assert isinstance(problem.reference, MathReference)
    assert isinstance(problem.reference.answer, str | tuple)
    return problem.reference.answer


CODE_SETS = {"humaneval", "mbpp", "mbpp_sanitized", "mbpp_plus", "code_contests", "leetcode"}  # in test_code_sets.py


def test_every_set_is_counted_here() -> None:
    counted = {(name, split) for name, entry in NAMED_SETS.items() for split in entry.files if name not in CODE_SETS}
    assert counted == set(COUNTS)


@pytest.mark.parametrize(("name", "split"), COUNTS, ids="-".join)
def test_every_row_of_every_set_gets_a_question_and_a_reference(shared_data: Path, name: str, split: str) -> None:
    problems = list(load_set(name, origin=shared_data, split=split))
    assert len(problems) == COUNTS[name, split]
    assert len({problem.id for problem in problems}) == len(problems)
    for problem in problems:
        golds = answer(problem)
        assert all(gold.strip() for gold in ((golds,) if isinstance(golds, str) else golds))
        assert problem.messages[0].role == "user"
        assert problem.messages[0].content.strip()
        assert problem.source == name


def test_gsm8k_golds_equal_an_independent_extraction(shared_data: Path) -> None:
    for split in ("train", "test"):
        entry = NAMED_SETS["gsm8k"]
        problems = list(load_set("gsm8k", origin=shared_data, split=split))
        for row, problem in zip(raw(shared_data / entry.files[split]), problems, strict=True):
            (gold,) = re.findall(r"^#### (-?[\d,]+)$", str(row["answer"]), re.MULTILINE)
            assert int(gold.replace(",", "")) == int(str(answer(problem)))
            assert problem.messages[0].content == str(row["question"]).strip()


def boxes(solution: str) -> list[str]:
    """Another way to the insides of boxes: cut the text at each and count braces, escaped ones taken out first."""
    found = []
    for piece in re.split(r"\\boxed(?=[ {])", solution)[1:]:
        if piece.startswith(" "):
            found.append(piece.split("$")[0].strip())
            continue
        plain = re.sub(r"\\[{}]", "__", piece)
        depths = [plain[: end + 1].count("{") - plain[: end + 1].count("}") for end in range(len(plain))]
        found.append(piece[1 : depths.index(0)].strip() if 0 in depths else "")
    return found


def test_math_golds_equal_the_answer_field_and_an_independent_reading_of_the_last_box(shared_data: Path) -> None:
    corrected = []
    for split in ("train", "test"):
        rows = list(raw(shared_data / NAMED_SETS["math"].files[split]))
        given = list(load_set("math", origin=shared_data, split=split))
        for row, problem in zip(rows, given, strict=True):
            if row["answer"] != "":
                assert answer(problem) == row["answer"]
            else:
                corrected.append((problem.messages[0].content[:40], answer(problem)))
            if boxes(str(row["solution"]))[-1] != "":
                assert str(answer(problem)).strip() == boxes(str(row["solution"]))[-1]
    assert corrected == [
        ("For any integer $n>1$, the number of pri", "0"),
        ("You are given a sequence of $58$ terms; ", "0"),
    ]


def test_math_without_its_answer_fields_gives_the_same_golds(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "math.jsonl"
    for split in ("train", "test"):
        source = shared_data / NAMED_SETS["math"].files[split]
        with path.open("w") as stream:
            for row in raw(source):
                stream.write(json.dumps({key: row[key] for key in ("problem", "solution", "level", "type")}) + "\n")
        golds = [str(answer(problem)).strip() for problem in load_set("math", origin=path)]
        assert golds == [str(answer(problem)).strip() for problem in load_set("math", origin=shared_data, split=split)]


def test_aqua_asks_for_the_letter_of_one_of_its_choices(shared_data: Path) -> None:
    problems = list(load_set("aqua", origin=shared_data))
    for row, problem in zip(raw(shared_data / "aqua/test.jsonl"), problems, strict=True):
        assert answer(problem) == row["correct"]
        lines = problem.messages[0].content.splitlines()
        assert sum(line.startswith(f"{answer(problem)}) ") for line in lines) == 1
        assert lines[-1] == "Answer with the letter of the right choice."


@pytest.mark.parametrize(
    ("change", "field"),
    [({"correct": "F"}, "correct"), ({"options": []}, "options"), ({"options": ["A)1", "two"]}, "options")],
)
def test_a_choice_that_is_not_there_is_a_bad_row(tmp_path: Path, change: dict[str, object], field: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"question": "1+1?", "options": ["A)1", "B)2"], "correct": "B", **change}))
    with pytest.raises(BadRow, match=f"line 1, field '{field}'"):
        list(load_set("aqua", origin=path))


def test_evaluation_golds_are_written_as_their_graders_expect(shared_data: Path) -> None:
    def golds(name: str) -> list[str | tuple[str, ...]]:
        return [answer(problem) for problem in load_set(name, origin=shared_data)]

    assert golds("amc23")[:4] == ["27", "36", "45", "3159"]
    assert golds("svamp")[0] == "145"
    assert golds("gsm_hard")[:2] == ["-9867630", "3431580"]
    assert not any("." in str(gold) or "$" in str(gold) for gold in golds("aime24") + golds("aime25"))
    assert "3 \\sqrt{6}" in golds("hmmt")
    several = [gold for gold in golds("olympiadbench") if isinstance(gold, tuple)]
    assert len(several) > 80
    assert ("(1,8,19)", "(2,7,13)", "(4,5,7)") in several
    assert (
        Counter(tag for problem in load_set("olympiadbench", origin=shared_data) for tag in problem.tags)["Algebra"]
        == 264
    )


def test_units_and_tolerances_of_olympiadbench_are_options_of_the_reference(shared_data: Path) -> None:
    references = [problem.reference for problem in load_set("olympiadbench", origin=shared_data)]
    assert all(isinstance(reference, MathReference) for reference in references)
    maths = [reference for reference in references if isinstance(reference, MathReference)]
    units = sorted(reference.unit for reference in maths if reference.unit)
    assert units == ["%", "^{\\circ}", "cm^2", "km", "km/h", "min", "minute", "minutes"]
    assert [(r.answer, r.unit, r.tolerance) for r in maths if r.tolerance is not None] == [("4.2", "%", 0.1)]


@pytest.mark.parametrize("error", ["much", "nan", "-1", [0.1], "1e400"])
def test_an_error_that_is_no_tolerance_is_a_bad_row(tmp_path: Path, error: object) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"question": "1+1?", "final_answer": ["2"], "error": error}))
    with pytest.raises(BadRow, match="line 1"):
        list(load_set("olympiadbench", origin=path))


# --- where files are looked for ---------------------------------------------------------------------------------------

ROW = '{"question": "1+1?", "answer": "#### 2"}\n'


def test_a_set_is_found_in_the_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gsm8k").mkdir()
    (tmp_path / "gsm8k" / "test.jsonl").write_text(ROW)
    monkeypatch.setenv("RLVR_DATA", str(tmp_path))
    assert len(list(load_set("gsm8k", split="test"))) == 1
    monkeypatch.setenv("RLVR_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataNotFound, match=r"RLVR_DATA is '.*nowhere', and there is no such folder"):
        list(load_set("gsm8k"))
    monkeypatch.delenv("RLVR_DATA")
    with pytest.raises(DataNotFound, match=r"RLVR_DATA.*gsm8k/test\.jsonl.*--from PATH"):
        load_set("gsm8k", split="test")


@pytest.mark.parametrize(
    "name", ["gsm8k/train.jsonl.gz", "train.jsonl.gz", "train.jsonl", "main/train-00000-of-00001.parquet"]
)
def test_a_split_is_found_in_a_folder_however_it_is_laid_out(tmp_path: Path, name: str) -> None:
    from data_prep.rows import iter_rows

    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table({"question": ["1+1?"], "answer": ["#### 2"]}), path)
    else:
        path.write_bytes(gzip.compress(ROW.encode()) if name.endswith(".gz") else ROW.encode())
    assert next(iter_rows(path)).fields["question"] == "1+1?"
    (problem,) = load_set("gsm8k", origin=tmp_path, split="train")
    assert answer(problem) == "2"
    with pytest.raises(
        DataNotFound, match=r"no split 'test' of gsm8k.*looked for gsm8k/test\.jsonl.*main/test-\*\.parquet"
    ):
        load_set("gsm8k", origin=tmp_path, split="test")


def test_unknown_sets_and_splits_are_named_with_what_is_known() -> None:
    with pytest.raises(DataNotFound, match="did you mean 'gsm8k'"):
        load_set("gsm-8k")
    with pytest.raises(DataNotFound, match="aime24 has no split 'train'; it has test"):
        load_set("aime24", origin="hub", split="train")


def test_a_bad_row_of_a_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(ROW + '{"question": "2+2?", "answer": "four"}\n' + ROW)
    with pytest.raises(
        BadRow, match=r"rows\.jsonl, line 2, field 'answer': expected a number after '####', found 'four'"
    ):
        list(load_set("gsm8k", origin=path))
    skipped: list[BadRow] = []
    assert len(list(load_set("gsm8k", origin=path, on_bad=skipped.append))) == 2
    assert [error.row for error in skipped] == ['{"question": "2+2?", "answer": "four"}']


# --- the hub ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def local_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The real `datasets`, with the hub's repositories as folders on disk: `ID/CONFIG/SPLIT.jsonl`."""
    datasets = pytest.importorskip("datasets")
    real = datasets.load_dataset

    def load(identity: str, config: str | None = None, *, split: str) -> object:
        folder = tmp_path / identity / (config or "")
        files = {path.stem: str(path) for path in folder.glob("*.jsonl")}
        return real("json", data_files=files, split=split, cache_dir=str(tmp_path / "cache"))

    monkeypatch.setattr(datasets, "load_dataset", load)
    return tmp_path


def put(hub: Path, repository: str, split: str, *rows: dict[str, object]) -> None:
    path = hub / repository / f"{split}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_sets_come_from_the_hub_through_datasets(local_hub: Path) -> None:
    put(local_hub, "openai/gsm8k/main", "train", {"question": "1+1?", "answer": "#### 1,002"})
    for number, subject in enumerate(NAMED_SETS["math"].hub.configs):
        put(
            local_hub,
            f"EleutherAI/hendrycks_math/{subject}",
            "test",
            {"problem": f"p{number}", "solution": r"\boxed{1}"},
        )
    put(local_hub, "ChilleD/SVAMP", "train", {"Body": "Tom has 3.", "Question": "How many?", "Answer": "3.0"})
    put(local_hub, "ChilleD/SVAMP", "test", {"Body": "Tom has 4.", "Question": "How many?", "Answer": "4.0"})
    assert [answer(problem) for problem in load_set("gsm8k", origin="hub", split="train")] == ["1002"]
    assert len(list(load_set("math", origin="hub", split="test"))) == 7
    assert [answer(problem) for problem in load_set("svamp", origin="hub")] == ["3", "4"]


def test_a_copy_under_another_name_is_read_from_the_hub(local_hub: Path) -> None:
    put(local_hub, "someone/copy", "test", {"problem": "p", "answer": "073"})
    assert [answer(problem) for problem in load_set("aime24", origin="hub:someone/copy")] == ["73"]


def test_a_bad_row_of_the_hub_is_named_by_set_split_and_row(local_hub: Path) -> None:
    put(
        local_hub,
        "openai/gsm8k/main",
        "test",
        {"question": "q", "answer": "#### 1"},
        {"question": "q", "answer": "one"},
    )
    with pytest.raises(BadRow, match="hub:openai/gsm8k/main/test, line 2, field 'answer'"):
        list(load_set("gsm8k", origin="hub", split="test"))


def test_without_a_network_the_hub_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    script = (
        "from data_prep.sets import load_set\n"
        "from data_prep import DataNotFound\n"
        "try:\n    list(load_set('gsm8k', origin='hub'))\n"
        "except DataNotFound as error:\n    print(error)\n"
    )
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", "/nonexistent")
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600
    ).stdout
    assert re.match(r"cannot load hub:openai/gsm8k/main/train: .*openai/gsm8k.*set RLVR_DATA to.*--from PATH", shown)


def test_a_hub_that_cannot_be_reached_is_asked_once_and_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    datasets = pytest.importorskip("datasets")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", endpoint)
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
        monkeypatch.setattr("data_prep.hub._ANSWERS_WITHIN", 0.2)  # it listens and says nothing
        with pytest.raises(
            DataNotFound, match=f"cannot load hub:a/b/train: {endpoint} cannot be reached .*in the cache"
        ):
            list(iter_hub_rows(HubSet(id="a/b", splits={}), "train"))
    with pytest.raises(DataNotFound, match=r"cannot be reached \(Connection refused\).*set RLVR_DATA"):
        list(iter_hub_rows(HubSet(id="a/b", splits={}), "train"))
    assert "Retrying" not in capfd.readouterr().err
    assert datasets.config.HF_HUB_OFFLINE is False


def test_without_datasets_the_hub_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataNotFound, match=r"pip install 'rlvr\[hub\]'"):
        list(iter_hub_rows(HubSet(id="a/b", splits={}), "train"))


def test_whatever_the_hubs_clients_raise_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> None:
        raise RuntimeError("first line\nsecond line")

    offline = types.SimpleNamespace(HF_HUB_OFFLINE=True)
    theirs = types.SimpleNamespace(load_dataset=load, config=offline)
    monkeypatch.setitem(sys.modules, "datasets", theirs)  # type: ignore[arg-type]
    with pytest.raises(DataNotFound, match=r"hub:a/b/train: first line \(RuntimeError\)"):
        list(iter_hub_rows(HubSet(id="a/b", splits={}), "train"))
