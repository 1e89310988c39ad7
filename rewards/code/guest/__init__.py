"""What runs inside the sandbox beside a candidate or a test. Standard library only, relative imports only.

The folder is shown to a run read-only under the package name `rlvr_guest`, and its modules are preloaded there; the
parent imports the same files as `rewards.code.guest` for the codec that both ends speak.
"""
