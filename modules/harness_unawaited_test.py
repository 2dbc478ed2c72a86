"""Failures that nobody waits for: of promises, timers, threads and tasks. Run by harness_test.py."""

from harness_child import BAD, CAREFUL, FAILED, Gone, HarnessTest

# What record or key "2" starts and does not wait for, and what is said about it.
STRAY = {
    "javascript": {
        "a rejection": ("Promise.reject(new Error('stray'))", "a promise that nobody awaits was rejected: Error: stray"),
        "an async function": ("(async () => { await 0; throw new TypeError('stray'); })()",
                              "a promise that nobody awaits was rejected: TypeError: stray"),
        "a callback": ("setImmediate(() => { throw new Error('stray'); })", "code that nobody awaits failed: Error: stray"),
        "a microtask": ("queueMicrotask(() => { throw new Error('stray'); })", "code that nobody awaits failed: Error: stray"),
        "a tick": ("process.nextTick(() => { throw new Error('stray'); })", "code that nobody awaits failed: Error: stray"),
        "a timer": ("setTimeout(() => { throw new Error('stray'); })", "code that nobody awaits failed: Error: stray"),
        "a string": ("Promise.reject('stray')", 'a promise that nobody awaits was rejected: the module threw "stray"'),
        "an exit": ("setImmediate(() => process.exit(0))",
                    "code that nobody awaits failed: the module called process.exit(0)"),
    },
    "python": {
        "a thread": ("thread = threading.Thread(target=fail); thread.start(); thread.join()",
                     "a thread of the module failed: ValueError: stray"),
    },
}
ASYNC_STRAY = {
    "a task": ("asyncio.get_running_loop().create_task(fail_later())", "a task that nobody awaits failed: ValueError: stray"),
    "a callback": ("asyncio.get_running_loop().call_soon(fail)", "code that nobody awaits failed: ValueError: stray"),
}
PYTHON = '''
import asyncio, threading
def fail():
    raise ValueError("stray")
async def fail_later():
    raise ValueError("stray")
'''


def cases(language):
    """Name, what is started, what is said, and the source of a module for each role, whose functions start it."""
    for name, (code, said) in STRAY[language].items():
        for form in ["", "async "] if language == "javascript" else [""]:
            yield f"{form}{name}", said, module_of(language, form, code)
    if language == "python":
        for name, (code, said) in ASYNC_STRAY.items():
            yield name, said, module_of(language, "async ", code)


def module_of(language, form, code):
    if language == "javascript":
        return (f"exports.mapper = {form}(key, file, record) => {{ if (record === 2) {code}; return `${{record}} 1`; }};\n"
                f"exports.reduce = {form}(key, values) => {{ if (key === '2') {code}; return `${{key}} 1`; }};\n")
    return (PYTHON + f"{form}def mapper(key, file, record):\n    if record == 2:\n        {code}\n    return f'{{record}} 1'\n"
            f"def reduce(key, values):\n    if key == '2':\n        {code}\n    return f'{{key}} 1'\n")


class Unawaited(HarnessTest):
    def assert_dies(self, child, said):
        with self.assertRaises(Gone):
            child.answer()
        self.assertEqual(child.wait(), 70)
        self.assertIn(f"quern: {said}\n", child.log())

    def assert_dies_or_tells(self, child, said):
        """Before it answers, so that nothing is lost."""
        try:
            self.check_answer(child.answer(), [(0, 1), (1, 0)], said)
        except Gone:
            self.assertEqual(child.wait(), 70)

    def assert_fails(self, frames, said):
        kind, payload = frames[-1]
        self.assertEqual(kind, FAILED)
        self.assertIn(said, payload.decode())

    def test_a_mapper(self):
        for name, said, source in cases(self.language):
            for concurrency in [1, 4] if ("async " in name or name in ASYNC_STRAY) else [1]:
                with self.subTest(name, concurrency=concurrency):
                    self.check_mapper(said, source, concurrency)

    def check_mapper(self, said, source, concurrency):
        for _, start in self.each(**{self.language: source}):
            records = [("f", b"1\n2\n3\n"), ("g", b"2\n4\n")]
            child = start(concurrency=concurrency)
            child.block(1, records)
            if self.language == "javascript" and concurrency > 1 and "setTimeout" not in source:  # where it can be told at once
                self.check_answer(child.answer(), [(0, 1), (1, 0)], said)
                return
            if concurrency == 1 or self.language == "python":
                self.assert_dies(child, said)
            else:
                self.assert_dies_or_tells(child, said)
            child = start(concurrency=concurrency)
            child.block(1, records, CAREFUL)
            self.check_answer(child.answer(), [(0, 1), (1, 0)], said)
            child.block(2, [("f", b"5\n")])
            self.assertEqual(child.answer().output, b"5 1\n")
            self.assertEqual(child.finish()[1], 0)

    def check_answer(self, answer, places, said):
        self.assertEqual([bad[:2] for bad in answer.bad], places)
        for _, _, reason, details in answer.bad:
            self.assertEqual(reason, said)
            self.assertEqual("stray" in details or "exit" in details, "threw" not in said)
        self.assertEqual(answer.output, b"1 1\n3 1\n4 1\n")
        self.assertEqual(answer.done, (3, 2, 0))

    def test_a_record_that_fails_itself_as_well(self):
        """It is bad once, with its own failure, and the next one is good."""
        for language, throws in (("javascript", "throw new Error('own')"), ("python", "raise ValueError('own')")):
            if language != self.language:
                continue
            cases = dict(STRAY[language], **(ASYNC_STRAY if language == "python" else {}))
            for name, (code, _) in cases.items():
                form = "async " if name in ASYNC_STRAY and language == "python" else ""
                code = f"{{ {code}; {throws}; }}" if language == "javascript" else f"{code}; {throws}"
                source = module_of(language, form, code)
                for _, start in self.each(**{language: source}):
                    with self.subTest(name):
                        child = start()
                        child.block(1, [("f", b"1\n2\n3\n"), ("g", b"2\n4\n")], CAREFUL)
                        answer = child.answer()
                        self.assertEqual([bad[:2] for bad in answer.bad], [(0, 1), (1, 0)])
                        self.assertTrue(all("own" in bad[2] for bad in answer.bad), answer.bad)
                        self.assertEqual(answer.output, b"1 1\n3 1\n4 1\n")
                        self.assertEqual(child.finish()[1], 0)
                        if name in ASYNC_STRAY and language == "python":
                            continue  # reduce() cannot be async
                        child = start(role="reducer")
                        child.groups(1, [(b"1", [b"a"]), (b"2", [b"a"]), (b"3", [b"a"])], CAREFUL)
                        answer = child.answer()
                        self.assertEqual([bad[1] for bad in answer.bad], [1])
                        self.assertIn("own", answer.bad[0][2])
                        self.assertEqual(answer.output, b"1 1\n3 1\n")
                        self.assertEqual(child.finish()[1], 0)

    def test_of_threads_wherever_they_are_imported(self):
        def fails(at):
            return (f"{'import threading' if at == 'module' else ''}\ndef fail():\n    raise ValueError('stray')\n"
                    f"def setup():\n    global threading\n    {'import threading' if at == 'setup' else 'pass'}\n"
                    f"def mapper(key, file, record):\n    {'import threading' if at == 'mapper' else 'pass'}\n"
                    "    if record == 2:\n        thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
                    "    return f'{record} 1'\n")
        for at in ("module", "setup", "mapper") if self.language == "python" else ():
            for _, start in self.each(python=fails(at)):
                with self.subTest(at):
                    child = start()
                    child.block(1, [("f", b"1\n2\n3\n")], CAREFUL)
                    self.assertEqual([bad[:2] for bad in child.answer().bad], [(0, 1)])
                    self.assertEqual(child.finish()[1], 0)

    def test_a_reducer(self):
        for name, said, source in cases(self.language):
            if name in ASYNC_STRAY and self.language == "python":
                continue  # reduce() cannot be async
            for _, start in self.each(**{self.language: source}):
                with self.subTest(name):
                    groups = [(b"1", [b"a"]), (b"2", [b"a"]), (b"3", [b"a"])]
                    child = start(role="reducer")
                    child.groups(1, groups)
                    self.assert_dies(child, said)
                    child = start(role="reducer")
                    child.groups(1, groups, CAREFUL)
                    answer = child.answer()
                    self.assertEqual([(bad[1], bad[2]) for bad in answer.bad], [(1, said)])
                    self.assertEqual(answer.output, b"1 1\n3 1\n")
                    self.assertEqual(answer.done, (2, 1, 0))
                    self.assertEqual(child.finish()[1], 0)

    def test_setup_and_teardown(self):
        hooks = {
            "javascript": [(STRAY["javascript"]["a rejection"], "exports.mapper = () => {{}}; exports.{0} = async () => {{ {1}; await 0; "
                            "await new Promise(setImmediate); }}")],
            "python": [(STRAY["python"]["a thread"], PYTHON + "def mapper(*_): pass\ndef {0}():\n    {1}\n"),
                       (ASYNC_STRAY["a task"], PYTHON + "async def mapper(*_): pass\nasync def {0}():\n    {1}\n    await asyncio.sleep(0)\n")],
        }
        for hook in ["setup", "teardown"]:
            for (code, said), source in hooks[self.language]:
                for _, start in self.each(**{self.language: source.format(hook, code)}):
                    with self.subTest(hook, said=said):
                        child = start(ready=False)
                        if hook == "teardown":
                            child.setup_answer()
                            self.assert_fails(child.finish()[0], said)
                        else:
                            self.assertIn(said, child.setup_answer()[1]["reason"])
                            self.assertEqual(child.wait(), 1)

    def test_of_an_earlier_record(self):
        source = '''
            let fail;
            exports.mapper = async (key, file, record) => {
                if (record === 1) new Promise((_, reject) => { fail = reject; });
                if (record === 2) fail(new Error("stray"));
                await new Promise(setImmediate);
                return `${record} 1`;
            };
            '''
        for _, start in self.each(javascript=source):
            child = start()
            child.block(1, [("f", b"1\n2\n3\n")], CAREFUL)
            kinds = []
            while FAILED not in kinds:
                kind, _, payload = child.read_but_progress()
                kinds.append(kind)
            self.assertIn("a promise that nobody awaits, of an earlier record, was rejected: Error: stray", payload.decode())
            self.assertNotIn(BAD, kinds)
            self.assertEqual(child.wait(), 1)

    def test_after_the_last_record(self):
        sources = {
            "javascript": "let fail; exports.mapper = () => { new Promise((_, reject) => { fail = reject; }); };"
                          "exports.teardown = async () => { fail(new Error('stray')); await new Promise(setImmediate); };",
            "python": PYTHON + "event = threading.Event()\ndef wait():\n    event.wait()\n    fail()\n"
                               "def mapper(*_):\n    global thread\n    thread = threading.Thread(target=wait)\n    thread.start()\n"
                               "def teardown():\n    event.set()\n    thread.join()\n",
        }
        said = {"javascript": "a promise that nobody awaits was rejected: Error: stray",
                "python": "a thread of the module failed: ValueError: stray"}
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n")])
            self.assertEqual(child.answer().done, (1, 0, 0))
            frames, status = child.finish()
            self.assert_fails(frames, said[self.language])
            self.assertEqual(status, 1)
