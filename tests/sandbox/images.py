"""The image that the docker tests use: this machine's interpreter, made once and kept."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from sandbox.image import PACKAGES, from_host

IMAGE = (
    f"rlvr-sandbox-test:python{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}-"
    + "-".join(f"{name}{version(name)}" for name in PACKAGES)
)


def make_image() -> str:
    """Make it where it is not there; other test workers wait for it."""
    with Path(tempfile.gettempdir(), "rlvr-sandbox-test-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False)
        if there.returncode != 0:
            from_host(IMAGE, packages=PACKAGES)
    return IMAGE
