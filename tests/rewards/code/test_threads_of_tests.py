# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Tests whose threads use one object of the program, and wait there for each other."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

# name: program, what makes it wrong, cases
ASSERTS: dict[str, tuple[str, tuple[str, str], tuple[str, ...]]] = {
    "print in order": (
        "from threading import Event\nclass Foo:\n    def __init__(self): self.a, self.b = Event(), Event()\n"
        "    def first(self, printFirst): printFirst(); self.a.set()\n"
        "    def second(self, printSecond): self.a.wait(); printSecond(); self.b.set()\n"
        "    def third(self, printThird): self.b.wait(); printThird()\n",
        ("self.b.wait(); printThird()", "printThird(); self.b.wait()"),
        (
            """
            import threading
            def run(order):
                foo, out = Foo(), []
                calls = {1: (foo.first, 'first'), 2: (foo.second, 'second'), 3: (foo.third, 'third')}
                threads = [threading.Thread(target=calls[i][0], args=(lambda text=calls[i][1]: out.append(text),)) for i in order]
                for t in threads: t.start()
                for t in threads: t.join(5)
                return ''.join(out)
            assert run([1, 2, 3]) == run([3, 2, 1]) == run([2, 3, 1]) == run([3, 1, 2]) == 'firstsecondthird'
            """,
        ),
    ),
    "zero, even, odd in turns": (
        "from threading import Semaphore\nclass ZeroEvenOdd:\n    def __init__(self, n):\n        self.n = n\n        self.z, self.e, self.o = Semaphore(1), Semaphore(0), Semaphore(0)\n"
        "    def zero(self, printNumber):\n        for i in range(1, self.n + 1):\n            self.z.acquire(); printNumber(0); (self.o if i % 2 else self.e).release()\n"
        "    def even(self, printNumber):\n        for i in range(2, self.n + 1, 2):\n            self.e.acquire(); printNumber(i); self.z.release()\n"
        "    def odd(self, printNumber):\n        for i in range(1, self.n + 1, 2):\n            self.o.acquire(); printNumber(i); self.z.release()\n",
        ("printNumber(0);", "printNumber(i);"),
        (
            """
            import threading
            def go(n):
                out, zeo = [], ZeroEvenOdd(n)
                ts = [threading.Thread(target=f, args=(out.append,)) for f in (zeo.odd, zeo.even, zeo.zero)]
                [t.start() for t in ts]; [t.join() for t in ts]
                return ''.join(map(str, out))
            assert go(5) == '0102030405' and go(1) == '01'
            """,
        ),
    ),
    "a bounded queue": (
        "import threading, collections\nclass BoundedBlockingQueue:\n    def __init__(self, capacity):\n        self.q, self.n, self.c = collections.deque(), capacity, threading.Condition()\n"
        "    def enqueue(self, x):\n        with self.c:\n            while len(self.q) >= self.n: self.c.wait()\n            self.q.append(x); self.c.notify_all()\n"
        "    def dequeue(self):\n        with self.c:\n            while not self.q: self.c.wait()\n            x = self.q.popleft(); self.c.notify_all()\n            return x\n"
        "    def size(self): return len(self.q)\n",
        ("while len(self.q) >= self.n: self.c.wait()", "pass"),
        (
            """
            import threading, time
            q, got = BoundedBlockingQueue(2), []
            t = threading.Thread(target=lambda: [q.enqueue(i) for i in range(5)])
            t.start(); time.sleep(0.1)
            assert q.size() == 2 and t.is_alive()
            got = [q.dequeue() for _ in range(5)]
            t.join(5)
            assert got == [0, 1, 2, 3, 4] and not t.is_alive() and q.size() == 0
            """,
            """
            from concurrent.futures import ThreadPoolExecutor
            q = BoundedBlockingQueue(1)
            with ThreadPoolExecutor(4) as pool:
                gets = [pool.submit(q.dequeue) for _ in range(2)]
                puts = [pool.submit(q.enqueue, i) for i in range(2)]
                assert sorted(f.result(timeout=5) for f in gets) == [0, 1] and [f.result(5) for f in puts] == [None, None]
            """,
        ),
    ),
    "barriers and rendezvous": (
        "import threading\nclass H2O:\n    def __init__(self): self.h, self.o, self.b = threading.Semaphore(2), threading.Semaphore(1), threading.Barrier(3)\n"
        "    def hydrogen(self, releaseHydrogen):\n        with self.h: self.b.wait(); releaseHydrogen()\n"
        "    def oxygen(self, releaseOxygen):\n        with self.o: self.b.wait(); releaseOxygen()\n",
        ("threading.Barrier(3)", "threading.Barrier(1)"),
        (
            """
            import threading
            out, water = [], H2O()
            ts = [threading.Thread(target=water.hydrogen, args=(lambda: out.append('H'),)) for _ in range(4)]
            [t.start() for t in ts]
            [t.join(0.1) for t in ts]
            assert out == []
            more = [threading.Thread(target=water.oxygen, args=(lambda: out.append('O'),)) for _ in range(2)]
            [t.start() for t in more]; [t.join(5) for t in ts + more]
            assert sorted(out) == ['H'] * 4 + ['O'] * 2
            """,
        ),
    ),
}

# name: program, what makes it wrong, tests
PYTEST: dict[str, tuple[str, tuple[str, str], str]] = {
    "sets of objects whose hashes are asked for, in several threads": (
        "class K:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return isinstance(o, K) and self.n == o.n\n    def __hash__(self): return hash(self.n)\n"
        "def made(n): return {K(n), K(n + 1)}\ndef holds(ks, n): return K(n) in ks\ndef count(ks): return len({k: 1 for k in ks})\n",
        ("K(n + 1)", "K(n)"),
        """
        from concurrent.futures import ThreadPoolExecutor
        from solution import K, count, holds, made
        class Own:
            def __init__(self, n): self.n = n
            def __hash__(self): return hash(self.n)
            def __eq__(self, o): return self.n == o.n
        def test_sets():
            with ThreadPoolExecutor(4) as pool:
                sets = list(pool.map(made, range(6)))
                assert list(pool.map(holds, sets, range(6))) == [True] * 6
                assert list(pool.map(count, [{Own(n), Own(n + 1)} for n in range(6)])) == [2] * 6
            assert all(len(ks) == 2 for ks in sets) and K(4) in sets[3] and K(9) not in sets[3]
        """,
    ),
    "locks that belong to a thread, names, values of a thread's own": (
        "import threading\nclass Store:\n    def __init__(self): self.lock, self.local = threading.RLock(), threading.local()\n    def put(self, x): self.local.x = x\n"
        "    def get(self): return getattr(self.local, 'x', None)\n    def __enter__(self): self.lock.acquire(); return self\n    def __exit__(self, *e): self.lock.release()\n"
        "    def name(self): return threading.current_thread().name\n",
        ("threading.local()", "threading.Thread()"),
        """
        import threading, solution
        def test_threads():
            s, got, names = solution.Store(), {}, []
            s.put('main')
            both = threading.Barrier(2)
            def work(i):
                with s:
                    s.put(i)
                both.wait(5)
                got[i] = s.get()
                names.append(s.name())
            ts = [threading.Thread(target=work, args=(i,), name=f'w{i}') for i in range(2)]
            [t.start() for t in ts]; [t.join(5) for t in ts]
            assert got == {0: 0, 1: 1} and s.get() == 'main' and sorted(names) == ['w0', 'w1']
            assert s.name() == 'MainThread'
        """,
    ),
    "threads of the program that call back": (
        "import threading, queue\nclass Pool:\n    def __init__(self, n):\n        self.q = queue.Queue()\n        self.ts = [threading.Thread(target=self.work, daemon=True) for _ in range(n)]\n        for t in self.ts: t.start()\n"
        "    def work(self):\n        while True:\n            f = self.q.get()\n            f()\n            self.q.task_done()\n    def submit(self, f): self.q.put(f)\n    def join(self): self.q.join()\n",
        ("for _ in range(n)", "for _ in range(1)"),
        """
        import threading, queue, solution
        def test_event():
            p, done = solution.Pool(2), threading.Event()
            p.submit(done.set)
            assert done.wait(5)
        def test_barrier():
            p, both, seen = solution.Pool(2), threading.Barrier(2), queue.Queue()
            for _ in range(2): p.submit(lambda: (both.wait(1), seen.put(threading.current_thread().name)))
            assert seen.get(timeout=2) != seen.get(timeout=2)
            p.join()
        """,
    ),
    "names of threads that come and go": (
        "import threading\ndef both(fs, prefix):\n    ts = [threading.Thread(target=f, name=f'{prefix}{i}') for i, f in enumerate(fs)]\n    for t in ts: t.start()\n    for t in ts: t.join()\n",
        ("name=f'{prefix}{i}'", "name=prefix"),
        """
        import threading, solution
        def test_names():
            for prefix in "abc":
                names, met = [], threading.Barrier(2)
                solution.both([lambda: (met.wait(5), names.append(threading.current_thread().name))] * 2, prefix)
                assert sorted(names) == [prefix + "0", prefix + "1"]
        """,
    ),
    "loops of their own": (
        "import asyncio\nasync def ask(f, x): await asyncio.sleep(0.01); return await f(x) + 1\n",
        ("+ 1", "+ 2"),
        """
        import asyncio, solution
        from concurrent.futures import ThreadPoolExecutor
        async def double(x): await asyncio.sleep(0.01); return x * 2
        def test_loops():
            with ThreadPoolExecutor(3) as pool:
                assert list(pool.map(lambda x: asyncio.run(solution.ask(double, x)), range(6))) == [1, 3, 5, 7, 9, 11]
            assert asyncio.run(solution.ask(double, 5)) == 11
        """,
    ),
    "readers and a writer, tested by unittest": (
        "import threading\nclass RW:\n    def __init__(self): self.c, self.r, self.w = threading.Condition(), 0, False\n"
        "    def read(self):\n        with self.c:\n            while self.w: self.c.wait()\n            self.r += 1\n    def done(self):\n        with self.c: self.r -= 1; self.c.notify_all()\n"
        "    def write(self, timeout=None):\n        with self.c:\n            if not self.c.wait_for(lambda: not (self.w or self.r), timeout): return False\n            self.w = True; return True\n"
        "    def free(self):\n        with self.c: self.w = False; self.c.notify_all()\n",
        ("not (self.w or self.r)", "not self.w"),
        """
        import threading, unittest
        from solution import RW
        class T(unittest.TestCase):
            def test_writer_waits_for_readers(self):
                rw, log = RW(), []
                rw.read(); rw.read()
                self.assertIs(rw.write(timeout=0.05), False)
                t = threading.Thread(target=lambda: log.append(rw.write()))
                t.start()
                rw.done(); self.assertEqual(log, [])
                rw.done(); t.join(5)
                self.assertEqual(log, [True])
                rw.free()
            def test_many(self):
                rw, n = RW(), [0]
                def work():
                    for _ in range(5):
                        rw.write(); v = n[0]; n[0] = v + 1; rw.free()
                ts = [threading.Thread(target=work) for _ in range(4)]
                for t in ts: t.start()
                for t in ts: t.join()
                self.assertEqual(n[0], 20)
        """,
    ),
    "a call that is slow leaves others alone": (
        "import threading, time\nclass Job:\n    def __init__(self): self.stop = threading.Event()\n    def run(self): return 'stopped' if self.stop.wait(2) else 'ran out'\n    def cancel(self): self.stop.set()\n",
        ("def cancel(self): self.stop.set()", "def cancel(self): pass"),
        """
        import asyncio, threading, concurrent.futures, solution
        def test_cancel():
            job = solution.Job()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                running = pool.submit(job.run)
                assert not running.done()
                job.cancel()
                assert running.result(timeout=3) == 'stopped'
        def test_to_thread():
            async def main():
                job = solution.Job()
                running = asyncio.create_task(asyncio.to_thread(job.run))
                await asyncio.sleep(0.01)
                job.cancel()
                return await running
            assert asyncio.run(main()) == 'stopped'
        """,
    ),
}


@pytest.mark.parametrize("name", ASSERTS)
def test_threads_of_asserts_wait_for_each_other_in_the_program(name: str) -> None:
    program, (old, new), cases = ASSERTS[name]
    assert old in program
    judgement = asserts(program, *cases)
    assert passes(judgement), judgement
    assert is_wrong(asserts(program.replace(old, new), *cases))


@pytest.mark.parametrize("name", PYTEST)
def test_threads_of_test_files_wait_for_each_other_in_the_program(name: str) -> None:
    program, (old, new), tests = PYTEST[name]
    assert old in program
    judgement = pytest_files(program, tests)
    assert passes(judgement), judgement
    assert is_wrong(pytest_files(program.replace(old, new), tests))


@pytest.mark.parametrize("who", [99, -1, "'main'"])
def test_an_answer_to_nothing_that_a_thread_asked_breaks_the_protocol(who: object) -> None:
    program = f"""
        import gc, threading
        def f():
            companions = next(o for o in gc.get_objects() if type(o).__name__ == 'Companions')
            def forge():
                companions._numbers[threading.get_ident()] = {who}
                companions.say(1, [1])
                companions.say(1, [1])
            threading.Thread(target=forge).start()
            threading.Event().wait(1)
            return 2
    """
    assert is_wrong(asserts(program, "import threading\nassert f() == 1", "assert f() == 1"))


def test_deep_values_cross_whatever_is_held_and_however_deep_the_program_is() -> None:
    program = """
        def nested(n):
            made = []
            for _ in range(n): made = [made]
            return made
        def down(n, f): return f(n) if n == 0 else down(n - 1, f)
    """
    tests = """
        import threading
        from solution import down, nested
        def test_depth():
            value, depth = nested(240), 0
            while value: value, depth = value[0], depth + 1
            assert depth == 240
        def test_recursion():
            assert down(900, lambda n: [[[[[n]]]]]) == [[[[[0]]]]]
    """
    judgement = pytest_files(program, tests)
    assert passes(judgement), judgement
    assert is_wrong(pytest_files(program.replace("range(n)", "range(n + 1)"), tests))
