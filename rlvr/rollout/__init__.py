"""Rollout engines: they turn prompts into completions."""
