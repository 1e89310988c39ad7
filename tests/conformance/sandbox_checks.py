"""All checks of the sandbox suite, for a test file to parametrize over."""

from __future__ import annotations

from tests.conformance import sandbox as runs
from tests.conformance.sandbox import Check
from tests.conformance.sandbox_given_up import GIVEN_UP_CHECKS
from tests.conformance.sandbox_isolation import ISOLATION_CHECKS
from tests.conformance.sandbox_sessions import SESSION_CHECKS

RUN_CHECKS: tuple[Check, ...] = (
    runs.exit_codes_come_back,
    runs.signals_come_back,
    runs.an_uncaught_exception_is_an_exit_with_a_traceback,
    runs.a_missing_program_is_an_exit,
    runs.other_programs_run_too,
    runs.a_result_says_what_was_used_and_where,
    runs.bytes_pass_unchanged,
    runs.much_input_passes,
    runs.input_that_nobody_reads_holds_nothing_up,
    runs.no_input_is_an_end_of_file,
    runs.a_hundred_megabytes_of_output_arrive,
    runs.output_beyond_its_limit_ends_the_run,
    runs.files_come_and_go,
    runs.the_environment_is_small_and_the_jobs_own,
    runs.arguments_arrive_as_they_are,
    runs.preloaded_modules_are_a_hint,
    runs.wall_time_ends_the_run,
    runs.a_killed_run_says_how_long_it_ran,
    runs.cpu_time_ends_the_run,
    runs.cpu_time_is_the_whole_trees,
    runs.memory_ends_the_run,
    runs.memory_is_the_whole_trees,
    runs.processes_and_threads_are_limited,
    runs.open_files_are_limited,
    runs.threads_work,
    runs.processes_and_event_loops_work,
    runs.daemons_and_grandchildren_end_with_the_run,
    runs.nothing_is_left_of_a_run_that_was_killed,
    runs.a_cancelled_run_is_killed,
    runs.many_runs_at_once_are_apart,
    runs.waiting_in_line_is_not_run_time,
    runs.each_run_finds_clean_folders,
)
CHECKS: tuple[Check, ...] = (*RUN_CHECKS, *SESSION_CHECKS, *GIVEN_UP_CHECKS, *ISOLATION_CHECKS)
WEAK_CHECKS: tuple[Check, ...] = (*RUN_CHECKS, *SESSION_CHECKS, *GIVEN_UP_CHECKS)
