"""Run untrusted programs. Knows nothing of tests, rewards or models; imports the standard library only."""

from sandbox.errors import SandboxError, ToolkitError

__all__ = ["SandboxError", "ToolkitError"]
