"""Programming problems: HumanEval, MBPP, MBPP+, code_contests and LeetCode, each with the tests that decide."""
