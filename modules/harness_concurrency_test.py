"""Mappers that are async functions, and several of whose records are in work at the same time."""

import json

from harness_child import CAREFUL, COUNTERS, END, FAILED, FINISHED, HarnessTest

# Each of these records waits until the one that is named by its `after` has begun; 0: it does not wait. So a child that
# maps one record after another, or too few, would never be done with the first.
WAITING = {
    "python": '''
        import asyncio, quern
        begun = {}
        def of(number):
            return begun.setdefault(number, asyncio.Event())
        async def mapper(key, file, record):
            of(record["n"]).set()
            quern.count("seen", record["n"])
            if record["after"]:
                await of(record["after"]).wait()
            if record.get("fails"):
                raise ValueError("record %d" % record["n"])
            return [(record["n"], file)]
        ''',
    "javascript": '''
        const begun = new Map();
        function of(number) {
            if (!begun.has(number)) {
                const event = {};
                event.promise = new Promise((resolve) => { event.set = resolve; });
                begun.set(number, event);
            }
            return begun.get(number);
        }
        exports.mapper = async (key, file, record) => {
            of(record.n).set();
            quern.count("seen", record.n);
            if (record.after) await of(record.after).promise;
            if (record.fails) throw new RangeError(`record ${record.n}`);
            return [[record.n, file]];
        };
        ''',
}


def records(*rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


class Concurrent(HarnessTest):
    def test_gives_results_in_the_order_of_the_records(self):
        for _, start in self.each(**WAITING):
            child = start(concurrency=3)
            child.block(1, [("f", records({"n": 1, "after": 3}, {"n": 2, "after": 3})), ("g", records({"n": 3, "after": 0}))])
            answer = child.answer()
            self.assertEqual(answer.output, b"1 f\n2 f\n3 g\n")
            self.assertEqual(answer.done, (3, 0, 0))
            self.assertEqual(answer.counters, {("seen", "1"): 1, ("seen", "2"): 1, ("seen", "3"): 1})
            self.assertEqual(child.finish()[1], 0)

    def test_works_on_no_more_than_it_is_told(self):
        sources = {
            "python": '''
                import asyncio
                now = most = 0
                async def mapper(key, file, record):
                    global now, most
                    now += 1
                    most = max(most, now)
                    await asyncio.sleep(0.001)
                    now -= 1
                async def teardown():
                    await asyncio.sleep(0)
                    print("most", most)
                ''',
            "javascript": '''
                let now = 0, most = 0;
                exports.mapper = async () => {
                    most = Math.max(most, ++now);
                    await new Promise((resolve) => setTimeout(resolve, 1));
                    --now;
                };
                exports.teardown = () => console.log("most", most);
                ''',
        }
        for _, start in self.each(**sources):
            child = start(concurrency=4)
            child.block(1, [("f", b"1\n" * 30)])
            child.block(2, [("f", b"1\n" * 30)])
            self.assertEqual(child.answer().done, (30, 0, 0))
            self.assertEqual(child.answer().done, (30, 0, 0))
            self.assertEqual(child.finish()[1], 0)
            self.assertIn("most 4\n", child.log())

    def test_begins_with_the_next_block_while_it_waits(self):
        for _, start in self.each(**WAITING):
            child = start(concurrency=2)
            child.block(1, [("f", records({"n": 1, "after": 2}))])
            child.block(2, [("g", records({"n": 2, "after": 0}))])
            first, second = child.answer(), child.answer()
            self.assertEqual((first.identity, first.output), (1, b"1 f\n"))
            self.assertEqual((second.identity, second.output), (2, b"2 g\n"))
            # What the other block's record counted is not the first one's: it may be sent again.
            self.assertEqual(first.counters, {("seen", "1"): 1})
            self.assertEqual(second.counters, {("seen", "2"): 1})

    def test_names_the_record_that_failed(self):
        rows = [{"n": 1, "after": 4, "fails": True}, {"n": 2, "after": 4}, {"n": 3, "after": 0, "fails": True}, {"n": 4, "after": 0}]
        for _, start in self.each(**WAITING):
            child = start(concurrency=4)
            child.block(1, [("f", records(*rows) + b"{bad\n\n")])
            answer = child.answer()
            self.assertEqual(answer.output, b"2 f\n4 f\n")
            self.assertEqual([(line, reason.partition(" ")[2]) for _, line, reason, _ in answer.bad[:2]],
                             [(0, "record 1"), (2, "record 3")])
            self.assertEqual(answer.bad[2][1], 4)
            self.assertIn("not JSON", answer.bad[2][2])
            self.assertIn("mapper", answer.bad[0][3])
            self.assertEqual(answer.done, (2, 3, 1))

    def test_maps_careful_records_alone(self):
        for _, start in self.each(**WAITING):
            child = start(concurrency=4)
            child.block(1, [("f", records({"n": 1, "after": 0}, {"n": 2, "after": 1}))], flags=CAREFUL)
            child.block(2, [("g", records({"n": 3, "after": 4}, {"n": 4, "after": 0}))])
            first = child.answer()
            self.assertEqual(first.starting, [(0, 0), (0, 1)])
            self.assertEqual(first.output, b"1 f\n2 f\n")
            self.assertEqual(child.answer().output, b"3 g\n4 g\n")

    def test_what_a_record_started_counts_for_the_later_ones(self):
        sources = {
            "python": '''
                import asyncio, quern
                queue = None
                async def work():
                    while True:
                        done = await queue.get()
                        quern.count("seen", "records")
                        done.set_result(None)
                async def mapper(key, file, record):
                    global queue
                    if queue is None:
                        queue = asyncio.Queue()
                        asyncio.ensure_future(work())
                    done = asyncio.get_running_loop().create_future()
                    queue.put_nowait(done)
                    await done
                ''',
            "javascript": '''
                let wake = null;
                const waiting = [];
                async function work() {
                    for (;;) {
                        while (waiting.length > 0) {
                            quern.count("seen", "records");
                            waiting.shift()();
                        }
                        await new Promise((resolve) => { wake = resolve; });
                    }
                }
                exports.mapper = async () => {
                    const done = new Promise((resolve) => waiting.push(resolve));
                    if (wake === null) work();
                    else wake();
                    await done;
                };
                ''',
        }
        for concurrency in (1, 2):
            for _, start in self.each(**sources):
                child = start(concurrency=concurrency)
                child.block(1, [("f", b"1\n2\n3\n4\n5\n6\n")])
                counted = sum(child.answer().counters.values())
                for kind, payload in child.finish()[0]:
                    if kind == COUNTERS:
                        counted += sum(n for _, _, n in json.loads(payload))
                self.assertEqual(counted, 6)

    def test_descriptors_are_the_modules_own(self):
        sources = {
            "python": '''
                import os
                def setup():
                    os.closerange(3, 50)
                async def mapper(key, file, record):
                    return "a 1"
                async def teardown():
                    with open("/dev/null", "w") as file:
                        file.write("x")
                ''',
            "javascript": '''
                const fs = require("fs");
                exports.mapper = async () => "a 1";
                exports.teardown = async () => {
                    await new Promise((resolve) => setTimeout(resolve, 20));
                    for (let i = 0; i < 10; ++i) fs.closeSync(fs.openSync("/dev/null", "w"));
                    fs.writeFileSync("/dev/null", "x");
                };
                ''',
        }
        for _, start in self.each(**sources):
            child = start(concurrency=2)
            child.block(1, [("f", b"1\n2\n")])
            self.assertEqual(child.answer().output, b"a 1\na 1\n")
            child.send(END, 0)
            child.end_input()
            kinds = []
            while not kinds or kinds[-1] not in (FINISHED, FAILED):
                kinds.append(child.read_but_progress()[0])
            self.assertEqual(kinds, [FINISHED], child.log())
            self.assertEqual(child.wait(), 0)

    def test_text_and_pairs(self):
        sources = {
            "python": "async def mapper(key, file, record):\n    return [(key + record, 1)]\n",
            "javascript": "exports.mapper = async (key, file, record) => [[key + record, 1]];\n",
        }
        for kind, given, wanted in [("text", b"b\r\n\xff\n", b"b 1\n\xff 1\n"), ("pairs", b"k\nv\nl\nw\n", b"kv 1\nlw 1\n"),
                                    ("keyed-json", b'k "v"\n', b"kv 1\n")]:
            for language, start in self.each(**sources):
                child = start(concurrency=2, record=kind)
                child.block(1, [("f", given)])
                if language == "javascript":
                    wanted = wanted.replace(b"\xff", "\ufffd".encode())
                self.assertEqual(child.answer().output, wanted)

    def test_a_promise_that_nothing_can_settle(self):
        source = '''
            exports.mapper = (key, file, record) => (record === 2 ? new Promise(() => {}) : Promise.resolve("a 1"));
            '''
        for _, start in self.each(javascript=source):
            child = start(concurrency=8)
            child.block(1, [("f", b"1\n2\n3\n")])
            answer = child.answer()
            self.assertEqual(answer.output, b"a 1\na 1\n")
            self.assertIn("never settled", answer.bad[0][2])
            child.block(2, [("f", b"1\n")])
            self.assertEqual(child.answer().output, b"a 1\n")
            self.assertEqual(child.finish()[1], 0)

    def test_ends_where_quern_is_gone(self):
        for _, start in self.each(**WAITING):
            child = start(concurrency=8)
            child.block(1, [("f", records({"n": 1, "after": 0}))])
            child.answer()
            self.assertEqual(child.wait(), 70)


class AsyncPython(HarnessTest):
    def test_waits_for_one_record_after_another(self):
        source = '''
            import asyncio
            async def setup():
                await asyncio.sleep(0)
                print("ready")
            async def mapper(key, file, record):
                if record == 2:
                    raise KeyError("two")
                await asyncio.sleep(0)
                return f"a {record}"
            async def teardown():
                await asyncio.sleep(0)
                print("over")
            '''
        for _, start in self.each(python=source):
            child = start()
            child.block(1, [("f", b"1\n2\n3\n")])
            answer = child.answer()
            self.assertEqual(answer.output, b"a 1\na 3\n")
            self.assertEqual(answer.bad[0][:3], (0, 1, "KeyError: 'two'"))
            self.assertEqual(child.finish()[1], 0)
            self.assertEqual(child.log(), "ready\nover\n")

    def test_async_generators(self):
        source = "async def mapper(key, file, record):\n    yield 'a 1'\n    yield ('b', record)\n"
        for _, start in self.each(python=source):
            child = start(concurrency=2)
            child.block(1, [("f", b"1\n2\n")])
            self.assertEqual(child.answer().output, b"a 1\nb 1\na 1\nb 2\n")

    def test_coroutines_of_a_function_that_is_not_async_are_refused(self):
        source = "async def later(record):\n    return 'a 1'\ndef mapper(key, file, record):\n    return later(record)\n"
        for _, start in self.each(python=source):
            child = start()
            child.block(1, [("f", b"1\n")])
            self.assertIn("define it with async def", child.answer().bad[0][2])
            self.assertNotIn("never awaited", child.log())

    def test_concurrency_needs_an_async_function(self):
        for _, start in self.each(python="def mapper(key, file, record):\n    return 'a 1'\n"):
            kind, payload = start(ready=False, concurrency=2).setup_answer()
            self.assertEqual(kind, FAILED, payload)
            self.assertIn("mapper.concurrency is for an async function", payload["reason"])

    def test_async_hooks_of_a_function_that_is_not_async_are_refused(self):
        mapper = "def mapper(key, file, record):\n    return 'a 1'\n"
        for _, start in self.each(python=mapper + "async def setup():\n    pass\n"):
            kind, payload = start(ready=False).setup_answer()
            self.assertEqual(kind, FAILED, payload)
            self.assertIn("setup is an async function", payload["reason"])
        for _, start in self.each(python=mapper + "async def teardown():\n    pass\n"):
            frames, status = start().finish()
            self.assertEqual((frames[-1][0], status), (FAILED, 1))
            self.assertIn("teardown is an async function", frames[-1][1].decode())

    def test_async_reducers_are_refused(self):
        for _, start in self.each(python="async def reduce(key, values):\n    return 'a 1'\n"):
            kind, payload = start(ready=False, role="reducer").setup_answer()
            self.assertEqual(kind, FAILED, payload)
            self.assertIn("define it without async", payload["reason"])
