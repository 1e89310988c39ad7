"""Rewards of tasks, against the installed verifiers 0.4: what it scores, and what the same pay when they are taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rewards import GradeRequest, GradingUnavailable, grade
from tests.conftest import peers_folder
from tests.rewards.adapters.test_peers import run

pytestmark = pytest.mark.slow(90)

TASKS = """
from __future__ import annotations
import verifiers.v1 as vf


class SumData(vf.TaskData):
    answer: str = ""
    level: int = 0


class SumTask(vf.Task[SumData, vf.State]):
    @vf.reward(weight=0.75)
    async def exact(self, trace: vf.Trace) -> float:
        return float(trace.last_reply == self.data.answer)

    @vf.reward(weight=0.25)
    async def named(self, task: SumData, trace: vf.Trace) -> dict[str, float]:
        return {"short": float(len(trace.last_reply) < 3), "asked": float(task.prompt == "2+2?")}


class InABox(vf.Task[SumData, vf.State]):
    @vf.reward
    async def ran(self, trace, runtime) -> float:
        return 1.0


class WithoutRewards(vf.Task[SumData, vf.State]):
    pass


async def exact(task: SumData, trace: vf.Trace) -> float:
    return float(isinstance(task, SumData) and trace.task.data is task and trace.last_reply == task.answer)


async def by_column(task, trace: vf.Trace) -> dict[str, float]:
    turns = [message.role for message in trace.messages]
    return {"wanted": float(trace.last_reply == task.wanted), "cut": trace.is_truncated, "turns": len(turns)}
"""

SCORED = """
    import asyncio, json
    import verifiers.v1 as vf
    from verifiers.v1.configs.task import RewardFunctionConfig, TaskConfig
    from verifiers.v1.trace import AgentInfo, Trace, TraceTask
    from rewards import GradeRequest, InvalidReward, grade
    from rewards.registry import find
    from tasks import SumData, SumTask

    def scored(response, config=None):
        data = SumData(prompt="2+2?", answer="4")
        nodes = [{"message": {"role": "user", "content": "2+2?"}},
                 {"message": {"role": "assistant", "content": response}, "parent": 0, "sampled": True}]
        agent = AgentInfo(config=vf.AgentConfig())
        trace = Trace(task=TraceTask(type="SumTask", data=data), agent=agent, nodes=nodes)
        asyncio.run(SumTask(data, config).score(trace))
        return trace

    def taken(name, rows, **parameters):
        named = {"reward": f"verifiers:./tasks.py:{name}", "parameters": parameters}
        return [[r.score, r.verdict, dict(r.parts), r.reason] for r in grade(named, rows, workers=1, deadline=60)]

    if __name__ == "__main__":
        more = {"metadata": {"wanted": "five", "level": 2, "image": 7}, "finish": "length"}
        asked = {"reference": "4", "prompt": "2+2?", **more}
        rows = [GradeRequest.from_dict({"response": response, **asked}) for response in ("4", "five")]
        plugged = TaskConfig(rewards={"exact": RewardFunctionConfig(fn="tasks:exact", weight=1.0)})
        try:
            find("verifiers:./tasks.py:InABox")
            refused = ""
        except InvalidReward as error:
            refused = str(error)
        print(json.dumps({
            "task": [scored(row.response).reward for row in rows],
            "task_taken": taken("SumTask", rows),
            "function": [scored(row.response, plugged).rewards["exact"].score for row in rows],
            "function_taken": taken("exact", rows, range=[0, 1]),
            "renamed": taken("exact", rows, columns={"answer": "wanted"}),
            "columns": taken("by_column", rows),
            "nothing": taken("WithoutRewards", rows[:1]),
            "refused": refused,
        }))
"""


@pytest.fixture(scope="module")
def said(require: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Any:
    require("verifiers 0.4")
    folder = tmp_path_factory.mktemp("verifiers")
    (folder / "tasks.py").write_text(TASKS)
    return run(folder, SCORED, peers_folder("peers_verifiers"))


def test_a_task_pays_the_same_in_verifiers_and_taken(said: Any) -> None:
    assert said["task"] == [score for score, *_ in said["task_taken"]] == [1.25, 0.25]
    parts = [row[2] for row in said["task_taken"]]
    assert parts == [{"exact": 0.75, "short": 0.25, "asked": 0.25}, {"exact": 0.0, "short": 0.0, "asked": 0.25}]


def test_a_function_that_a_config_plugs_pays_the_same_in_verifiers_and_taken(said: Any) -> None:
    assert said["function"] == [1.0, 0.0]
    assert [row[:2] for row in said["function_taken"]] == [[1.0, "correct"], [0.0, "wrong"]]
    assert [score for score, *_ in said["renamed"]] == [0.0, 1.0]


def test_a_task_has_the_columns_of_the_row_and_a_trace_its_messages(said: Any) -> None:
    parts = [row[2] for row in said["columns"]]
    assert parts == [{"wanted": 0.0, "cut": 1.0, "turns": 2.0}, {"wanted": 1.0, "cut": 1.0, "turns": 2.0}]
    assert [score for score, *_ in said["columns"]] == [3.0, 4.0]


def test_a_task_that_scores_nothing_here_is_not_paid_zero(said: Any) -> None:
    ((score, verdict, _, reason),) = said["nothing"]
    assert (score, verdict) == (None, "ungraded")
    assert "it returned no score; a task needs a reward that requires no runtime" in reason
    assert "'InABox' needs a runtime of verifiers (ran)" in said["refused"]


def test_without_verifiers_a_reward_with_a_trace_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def own(trace):\n    return 1.0\n")
    with pytest.raises(GradingUnavailable, match=r"need verifiers, 0\.4 or newer: pip install verifiers"):
        grade(f"verifiers:{tmp_path / 'own.py'}:own", [GradeRequest(response="4")], workers=1)
