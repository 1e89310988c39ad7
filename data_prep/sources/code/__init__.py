"""Programming problems with tests: HumanEval, MBPP, MBPP+, code_contests and LeetCode."""
