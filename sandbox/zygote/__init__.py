"""The processes behind a namespace sandbox. Imported as the top-level package `zygote`, so that nothing else is loaded.

    supervisor (the caller)          sandbox/namespaces.py
    └── keeper                       keeper.py: outside the namespaces; ends everything when the supervisor is gone
        └── zygote                   slots.py: pid 1 of its own namespaces, no network, a minimal root; warm
            └── slot, one run at a time: slots.py
                ├── init         reaper.py: pid 1 of the run
                └── the program  run.py, python.py: pid 2; mounts of its own, no privileges, seccomp, limits

Standard library only, and as little of it as possible: every run maps each page that is loaded here.
"""
