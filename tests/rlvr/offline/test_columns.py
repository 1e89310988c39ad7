"""Which column is what: guessed once from the first rows, or named, and shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from data_prep.errors import BadRow
from data_prep.rows import Row
from rewards import DataReference, GradeRequest, MathReference, RewardSpec, reward
from rewards.types import Finish
from rewards.untyped_references import reference_of, untyped_as
from rlvr.cli import main
from rlvr.offline.asking import requests_of
from rlvr.offline.columns import Columns, guess
from tests.waiting import PATIENCE

CHAT = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "\\boxed{2}"}]
SHARE_GPT = [{"from": "human", "value": "1+1?"}, {"from": "gpt", "value": "\\boxed{2}"}]


def read(
    fields: dict[str, object],
    given: Columns = Columns(),  # noqa: B008
    kind: str = "math",
) -> list[GradeRequest]:
    return requests_of(Row(file="f", line=1, fields=fields), guess([fields], given), kind)


def test_a_row_of_the_contract_is_taken_as_it_is() -> None:
    fields = {"id": 7, "prompt": "q", "response": "r", "reference": "1", "completion": "other", "answer": "other"}
    assert guess([fields], Columns()) == Columns()


@pytest.mark.parametrize(
    ("fields", "described"),
    [
        ({"completion": "r", "answer": "2"}, "response = completion, reference = answer"),
        ({"outputs": ["r"], "label": 2, "question": "q"}, "response = outputs, reference = label, prompt = question"),
        ({"response": "r", "ground_truth": "2", "task_id": "a"}, "reference = ground_truth, id = task_id"),
        ({"messages": CHAT, "answer": "2"}, "response = messages, its last turn, reference = answer"),
        ({"response": "r", "reward_model": {"ground_truth": "2"}}, "reference = reward_model.ground_truth"),
        ({"response": "r", "answer": "2", "data_source": "gsm8k"}, "reference = answer, tags = data_source"),
        ({"response": "r", "label": True}, ""),
        ({"prediction": "r", "completion": None, "target": "2"}, "response = prediction, reference = target"),
    ],
)
def test_usual_names_are_guessed(fields: dict[str, object], described: str) -> None:
    assert guess([fields], Columns()).describe() == described


def test_a_named_column_is_not_guessed_over() -> None:
    columns = guess([{"completion": "a", "mine": "b", "answer": "1", "gold": "2"}], Columns(response="mine"))
    assert (columns.response, columns.reference) == ("mine", "answer")


PARTS = [
    {"role": "user", "content": [{"type": "text", "text": "1+1?"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "\\box"}, {"type": "text", "text": "ed{2}"}]},
]


THOUGHT = [
    PARTS[0],
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "so \\boxed{3}"}, *PARTS[1]["content"]]},
]


@pytest.mark.parametrize("chat", [CHAT, SHARE_GPT, PARTS, THOUGHT])
def test_a_chat_is_a_prompt_and_a_response(chat: list[dict[str, str]]) -> None:
    (request,) = read({"messages": chat, "answer": 2})
    assert request.response == "\\boxed{2}"
    assert [(m.role, m.content) for m in request.messages] == [("user", "1+1?")]
    assert request.reference == MathReference(answer="2")


@pytest.mark.parametrize("column", ["response", "completion"])
@pytest.mark.parametrize(
    ("value", "responses"),
    [
        (["a", "b"], ["a", "b"]),
        (CHAT[1:], ["\\boxed{2}"]),
        (SHARE_GPT[1:], ["\\boxed{2}"]),
        (PARTS[1:], ["\\boxed{2}"]),
        ([CHAT[1:], SHARE_GPT, PARTS], ["\\boxed{2}"] * 3),
    ],
)
def test_what_stands_in_the_place_of_a_response_may_be_texts_or_a_chat(
    column: str, value: object, responses: list[str]
) -> None:
    found = read({column: value, "prompt": PARTS[:1], "answer": 2})
    assert [(r.response, r.messages[0].content) for r in found] == [(text, "1+1?") for text in responses]


def test_each_of_several_responses_may_be_a_chat() -> None:
    found = read({"responses": [CHAT[1:], "4", THOUGHT], "prompt": "1+1?", "answer": 2})
    assert [request.response for request in found] == ["\\boxed{2}", "4", "\\boxed{2}"]


def test_a_prompt_may_call_tools_and_show_pictures() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "x"}}
    prompt = [
        {"role": "user", "content": [picture, {"type": "text", "text": "1+1?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "2"}]},
    ]
    (of_chat,), (alone,) = read({"messages": [*prompt, CHAT[1]]}), read({"prompt": prompt, "response": "\\boxed{2}"})
    told = [("user", "1+1?"), ("assistant", ""), ("tool", "2")]
    assert [(m.role, m.content) for m in of_chat.messages] == [(m.role, m.content) for m in alone.messages] == told
    assert of_chat.response == alone.response
    with pytest.raises(BadRow, match="nothing in 'messages'"):  # the answer to the call is not there
        read({"messages": prompt[:2]})
    with pytest.raises(BadRow, match="must be a string, not None"):
        read({"prompt": [{"role": "user"}], "response": "2"})


def test_what_is_no_text_in_a_chat_is_a_bad_row() -> None:
    picture = [{"role": "assistant", "content": [{"type": "image_url", "image_url": "x"}]}]
    with pytest.raises(BadRow, match="response must be a string"):
        read({"messages": picture})


def test_a_chat_that_ends_with_the_user_is_a_bad_row() -> None:
    with pytest.raises(BadRow, match="whose last turn is the assistant's"):
        requests_of(Row(file="f", line=1, fields={"messages": CHAT[:1]}), Columns(chat="messages"))


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_json_in_a_text_may_be_nested_to_any_depth(depth: int) -> None:
    text = '{"type": "data", "value": ' + "[" * depth + "]" * depth + "}"
    for kind in ("any", "math"):
        (request,) = read({"response": "4", "reference": text, "metadata": text}, kind=kind)
        assert request.reference.type == ("data" if depth < 2000 else "math")  # text as it stands
        assert bool(request.metadata) is (depth < 2000)


def test_a_bare_reference_means_what_the_reward_takes() -> None:
    assert reference_of("B", "choice") == {"type": "choice", "answer": "B"}
    assert reference_of(["a", "b"], "text") == {"type": "text", "answers": ["a", "b"]}
    assert reference_of(["1", "2"], "math") == {"type": "math", "answer": ["1", "2"]}
    assert reference_of({"any_of": ["1"]}, "math") == {"type": "math", "answer": {"any_of": ["1"]}}
    assert reference_of('{"type": "math", "answer": "1"}', "math") == {"type": "math", "answer": "1"}
    assert reference_of("{1, 2}", "math") == "{1, 2}"


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ({"must": ["a"]}, DataReference(value={"must": ["a"]})),
        ({"type": "integer"}, DataReference(value={"type": "integer"})),
        (["1"], DataReference(value=["1"])),
        (True, DataReference(value=True)),
        ("1", MathReference(answer="1")),
        (1, MathReference(answer="1")),
    ],
)
def test_what_a_reward_that_declares_no_type_of_reference_is_given(value: object, reference: object) -> None:
    (request,) = read({"response": "r", "reference": value}, kind="any")
    assert request.reference == reference
    (request,) = read({"response": "r", "reference": value}, kind="data")
    assert request.reference == DataReference(value=value)  # type: ignore[arg-type]  # it is JSON


@reward("judges_data", references=("data",))
@reward("judges_choices", references=("choice",))
@reward("judges_anything")
def judges(request: GradeRequest) -> float:
    return float(len(request.response))


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("judges_anything", "any"),  # under a name alone, as of a package
        ("judges_choices", "choice"),
        ("judges_data", "data"),
        ({"reward": "process", "parameters": {"command": "cat"}}, "any"),
        ({"sum": ["format", {"reward": "length", "parameters": {"limit": 9}}]}, "any"),
        ("f1", "text"),
        ({"sum": ["choice", "judges_anything"]}, "choice"),
        ({"gate": "judges_anything", "then": "math"}, "math"),
        ({"gate": "choice", "then": "math"}, "math"),
        ("code", "math"),
    ],
)
def test_a_bare_reference_is_of_the_type_that_the_reward_declares(spec: object, kind: str) -> None:
    assert untyped_as(RewardSpec.from_dict(spec)) == kind


def test_what_is_read_from_where_is_said_and_original_columns_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"task_id": "t", "question": "1+1?", "completions": ["\\boxed{2}", "\\boxed{3}"], "answer": 2}
    (tmp_path / "in.jsonl").write_text(json.dumps(row))
    out = tmp_path / "out.jsonl"
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--out", str(out), "--workers", "1"]) == 0
    told = capsys.readouterr().err
    assert "response = completions, reference = answer, prompt = question, id = task_id" in told
    graded = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(g["id"], g["task_id"], g["sample"], g["response"], g["score"]) for g in graded] == [
        ("t", "t", 0, "\\boxed{2}", 1.0),
        ("t", "t", 1, "\\boxed{3}", 0.0),
    ]
    assert all("completions" not in g and g["answer"] == 2 for g in graded)


def test_columns_that_a_grade_has_of_its_own_are_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A `sample` that is no number is a column like any other, and makes no row bad."""
    row = {"response": "\\boxed{2}", "reference": 2, "score": 0.3, "reason": "mine", "sample": "train", "own": 1}
    (tmp_path / "in.jsonl").write_text(json.dumps(row))
    out = tmp_path / "out.jsonl"
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--out", str(out), "--workers", "1"]
    assert main([*command, "--dry-run"]) == 0
    assert "left out, for a grade has its own: score, reason, sample" in capsys.readouterr().out
    assert main(command) == 0
    assert "left out, for a grade has its own: score, reason, sample" in capsys.readouterr().err
    (graded,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (graded["score"], graded["reason"], graded["sample"], graded["own"]) == (1.0, "", 0, 1)
    (tmp_path / "in.jsonl").write_text(json.dumps({"response": "1", "reference": 1, "sample": 3}))
    assert main([*command, "--restart"]) == 0
    assert "left out" not in capsys.readouterr().err
    assert json.loads(out.read_text())["sample"] == 3


def test_a_column_that_is_not_there_makes_bad_rows_that_name_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"response": "r"}\n{"response": "r", "text": "t"}\n')
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "format", "--response", "text"]) == 3
    assert "nothing in 'text'" in capsys.readouterr().err
    (tmp_path / "in.jsonl").write_text('{"response": null}\n{"response": "r", "rate": [NaN]}\n{"x": 1}\n')
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "format"]) == 3
    first, second, third = re.findall(r"line \d(.*)", capsys.readouterr().err)
    assert "the row has nothing in 'response'; give a text there" in first
    assert "field 'rate': expected what JSON has a form for (null, not NaN or infinity), found [nan]" in second
    assert "the row has neither 'response' nor 'responses'" in third


def test_a_named_column_that_no_first_row_has_ends_it_before_a_row_is_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"response": "1", "answer": "1", "level": null}\n' * 2)
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--workers", "1"]
    command += ["--out", str(tmp_path / "out.jsonl")]
    for more in ([], ["--dry-run"]):
        assert main([*command, *more, "--reference", "answr", "--by", "levl"]) == 1
        told = capsys.readouterr().err
        assert "none of the first 2 rows has --reference 'answr', did you mean 'answer'?, nor --by 'levl', did " in told
        assert "you mean 'level'?; their columns: response, answer, level" in told
        assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
    assert main([*command, "--reference", "answer", "--by", "level"]) == 0
    assert "the first" not in capsys.readouterr().err


@pytest.mark.parametrize("option", ["response", "chat", "reference", "prompt", "id", "finish", "group", "by"])
def test_every_column_that_is_named_is_looked_for(option: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"response": "1", "reference": "1"}\n')
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--workers", "1", f"--{option}", "zzz"]) == 1


def test_a_named_column_may_begin_in_a_later_row_or_file(tmp_path: Path) -> None:
    """The first rows of a mixture are of one data set, and the others' columns stand behind them."""
    row = {"response": "\\boxed{1}", "reference": "1"}
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(row)}\n" * 100 + json.dumps({**row, "level": "easy"}))
    (tmp_path / "b.jsonl").write_text(f"{json.dumps(row)}\n" * 3)
    (tmp_path / "c.jsonl").write_text(json.dumps({**row, "meta": {"kind": "x"}}))
    command = ["grade", str(tmp_path), "--reward", "math", "--workers", "1", "--summary", str(tmp_path / "s.json")]
    assert main([*command, "--by", "level", "--by", "meta.kind"]) == 0
    assert main([*command, "--by", "level", "--by", "meta.knd"]) == 1


@pytest.mark.parametrize(("column", "status"), [("answr", 1), ("source", 0)])
def test_of_a_stream_only_what_is_misspelt_ends_it(column: str, status: int) -> None:
    """One row is all that can be looked at before it is answered, and the next one may have the column."""
    rows = '{"response": "1", "answer": "1"}\n{"response": "1", "answer": "1", "source": "x"}\n'
    arguments = [sys.executable, "-m", "rlvr.cli", "grade", "-", "--reward", "math", "--workers", "1", "--by", column]
    done = subprocess.run(arguments, input=rows, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == status, done.stderr
    assert f"the first row does not have --by '{column}'" in done.stderr
    assert len(done.stdout.splitlines()) == (0 if status else 2)


# --- how generation ended ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "said", "finish"),
    [
        ("finish_reason", "length", Finish.LENGTH),
        ("finish_reason", "stop", Finish.STOP),
        ("finish_reason", None, Finish.STOP),
        ("finish_reason", "MAX_TOKENS", Finish.LENGTH),  # Gemini
        ("stop_reason", "max_tokens", Finish.LENGTH),  # Anthropic
        ("stop_reason", "end_turn", Finish.STOP),
        ("finish_reason", "eos_token", Finish.STOP),  # text-generation-inference
        ("finish_reason", {"type": "length", "length": 8}, Finish.LENGTH),  # SGLang
        ("finish", "eos", Finish.STOP),
    ],
)
def test_how_generation_ended_is_read_in_the_words_of_the_usual_servers(
    column: str, said: object, finish: Finish
) -> None:
    (request,) = read({"response": "r", column: said})
    assert request.finish is finish
    (request,) = read({"response": "r", "mine": said}, Columns(finish="mine"))
    assert request.finish is finish


def test_a_list_says_how_each_response_ended() -> None:
    requests = read({"completions": ["a", "b"], "finish_reasons": ["stop", "length"]})
    assert [request.finish for request in requests] == [Finish.STOP, Finish.LENGTH]
    requests = read({"responses": ["a", "b"], "finish": "length"})
    assert [request.finish for request in requests] == [Finish.LENGTH, Finish.LENGTH]
    with pytest.raises(BadRow, match="field 'finish': expected one for each of 2 responses"):
        read({"responses": ["a", "b"], "finish": ["stop"]})


def test_a_word_that_says_nothing_of_the_end_is_a_bad_row_where_it_is_named_and_no_guess() -> None:
    with pytest.raises(BadRow, match="field 'why': expected 'stop', 'length' \\(cut off\\)"):
        read({"response": "r", "why": "</answer>"}, Columns(finish="why"))
    assert guess([{"response": "r", "stop_reason": "</answer>"}], Columns()).finish == ""
    (request,) = requests_of(
        Row(file="f", line=9, fields={"response": "r", "stop_reason": "</answer>"}), Columns(finish="stop_reason")
    )
    assert request.finish is Finish.STOP, "the first rows may have had words, and later ones a stop string"
    assert guess([{"response": "r", "finish": "stop", "finish_reason": "length"}], Columns()).finish == ""


def test_responses_that_were_cut_off_are_graded_as_such_and_can_be_graded_again(tmp_path: Path) -> None:
    row = {"id": 1, "outputs": ["x" * 90, "x" * 90], "reasons": ["length", "stop"], "answer": 2}
    (tmp_path / "in.jsonl").write_text(json.dumps(row))
    reward = "{reward: length, parameters: {limit: 100, shape: cosine, beyond: -3}}"
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for source, out in ((tmp_path / "in.jsonl", first), (first, second)):
        command = ["grade", str(source), "--reward", reward, "--out", str(out), "--workers", "1"]
        assert main([*command, "--finish", "reasons"]) == 0
    graded = [json.loads(line) for line in first.read_text().splitlines()]
    assert [row["reasons"] for row in graded] == ["length", "stop"]
    assert graded[0]["score"] != graded[1]["score"]
    assert [json.loads(line)["score"] for line in second.read_text().splitlines()] == [row["score"] for row in graded]
