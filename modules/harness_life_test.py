"""The life of a child: careful blocks, forks, printing, broken protocols."""

import os
import re
import struct

from harness_child import (BLOCK, CAREFUL, CONTINUES, COUNTERS, DONE, GOES_ON, GROUPS, HEADER, HERE, OUTPUT, STARTING, Gone,
                           HarnessTest)
from harness_records_test import RECORDS
from harness_reducer_test import SUMS


class Living(HarnessTest):
    """How a child lives beside what the module does to its process."""

    def test_careful_blocks_tell_each_record_before_it_starts(self):
        for _, start in self.each(**RECORDS):
            child = start()
            child.block(1, [("a", b"1\n\n}\n"), ("b", b"4\n")], CAREFUL)
            answer = child.answer()
            self.assertEqual(answer.starting, [(0, 0), (0, 1), (0, 2), (1, 0)])
            self.assertEqual((answer.output, answer.done), (b"|a|1\n|b|4\n", (2, 1, 1)))
            self.assertEqual([bad[:2] for bad in answer.bad], [(0, 2)])

    def test_careful_blocks_send_what_the_records_before_gave_first(self):
        for _, start in self.each(**RECORDS):
            child = start()
            child.block(1, [("a", b"1\n2\n3\n")], CAREFUL)
            kinds = []
            while DONE not in kinds:
                kinds.append(child.read()[0])
            self.assertEqual([kind for kind in kinds if kind != COUNTERS], [STARTING, OUTPUT] * 3 + [DONE])

    def test_careful_groups_tell_each_group_before_it_starts(self):
        for _, start in self.each(**SUMS):
            child = start(role="reducer")
            child.groups(1, [(b"a", [b"1"]), (b"b", [b"2"])], CAREFUL)
            self.assertEqual(child.answer().starting, [(0, 0), (0, 1)])

    def test_a_death_within_a_careful_record_is_found(self):
        sources = {
            "python": "import os\ndef mapper(key, file, record):\n    if record == 2: os.kill(os.getpid(), 9)\n",
            "javascript": "exports.mapper = (key, file, record) => { if (record === 2) process.kill(process.pid, 9); };",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("a", b"1\n2\n3\n")], CAREFUL)
            told = []
            with self.assertRaises(Gone):
                while True:
                    kind, _, payload = child.read()
                    told.append((kind, struct.unpack("<IQ", payload)))
            self.assertEqual(told, [(STARTING, (0, 0)), (STARTING, (0, 1))])
            self.assertEqual(child.wait(), -9)

    def test_printing_is_log(self):
        sources = {
            "python": '''
                import os, sys
                def mapper(key, file, record):
                    print("out", "\\ud800é")
                    sys.stderr.write("err\\n")
                    os.system("echo from a child")
                    os.write(1, b"raw\\n")
                    return "a 1"
                ''',
            "javascript": '''
                exports.mapper = () => {
                    console.log("out", "é");
                    console.error("err");
                    require("child_process").spawnSync("echo", ["from a child"], {stdio: "inherit"});
                    require("fs").writeSync(1, "raw\\n");
                    return "a 1";
                };
                ''',
        }
        for _, start in self.each(**sources):
            child = start(environment={"LC_ALL": "C.UTF-8"})
            child.block(1, [("f", b"1\n")])
            self.assertEqual(child.answer().output, b"a 1\n")
            lines = child.log().split("\n")
            self.assertEqual([lines[0][-1]] + lines[1:], ["é", "err", "from a child", "raw", ""])

    def test_closed_and_redirected_output_harms_nothing(self):
        source = '''
            import os, sys
            def setup():
                os.close(0)
            def mapper(key, file, record):
                if record == 1: sys.stdout.close()
                if record == 2: sys.stderr = None
                if record == 3: os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                return "a 1"
            '''
        for _, start in self.each(python=source):
            child = start()
            child.block(1, [("f", b"1\n2\n3\n")])
            self.assertEqual(child.answer().output, b"a 1\na 1\na 1\n")
            self.assertEqual(child.finish()[1], 0)

    def test_descriptors_are_not_inherited(self):
        sources = {
            "python": '''
                import os, subprocess
                def mapper(key, file, record):
                    ours = [os.readlink("/proc/self/fd/%d" % fd) for fd in (3, 4)]
                    listed = subprocess.run(["ls", "-l", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False).stdout
                    return str([name in listed.decode() for name in ours]).lower()
                ''',
            "javascript": '''
                const { execFileSync } = require("child_process");
                exports.mapper = () => {
                    const ours = [3, 4].map((fd) => require("fs").readlinkSync(`/proc/self/fd/${fd}`));
                    const listed = String(execFileSync("ls", ["-l", "/proc/self/fd"]));
                    return `[${ours.map((name) => listed.includes(name)).join(", ")}]`;
                };
                ''',
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n")])
            self.assertEqual(child.answer().output, b"[false, false]\n")

    def test_forked_copies_leave_quietly(self):
        source = '''
            import os, sys
            children = []
            def mapper(key, file, record):
                process = os.fork()
                if process == 0:
                    print("copy", record)
                    if record == 2: raise ValueError("from the copy")
                    if record == 3: sys.exit(3)
                    return "from the copy"
                status = os.waitpid(process, 0)[1]
                return "parent", os.WEXITSTATUS(status)
            '''
        for _, start in self.each(python=source):
            child = start()
            for flags in (0, CAREFUL):
                child.block(1, [("f", b"1\n2\n3\n4\n")], flags)
                answer = child.answer()
                self.assertEqual(answer.output, b"parent 0\nparent 1\nparent 3\nparent 0\n")
                self.assertEqual(answer.bad, [])
            self.assertEqual(child.finish()[1], 0)
            self.assertEqual(child.log().count("copy 1\n"), 2)
            self.assertEqual(child.log().count("ValueError: from the copy"), 2)

    def test_forked_copies_of_reducers_leave_quietly(self):
        source = '''
            import os
            def reduce(key, values):
                process = os.fork()
                if process == 0:
                    return "from the copy"
                return "%s %d %d" % (key, os.WEXITSTATUS(os.waitpid(process, 0)[1]), len(list(values)))
            '''
        for _, start in self.each(python=source):
            for values in ("list", "iterator"):
                child = start(role="reducer", values=values)
                child.groups(1, [(b"a", [b"1"]), (b"b", [b"2"])], GOES_ON)
                child.groups(2, [(b"b", [b"3"])], CONTINUES)
                self.assertEqual(child.answer().output + child.answer().output, b"a 0 1\nb 0 2\n")

    def test_multiprocessing_works_in_a_module(self):
        source = '''
            import multiprocessing
            def square(n):
                return n * n
            pool = None
            def setup():
                global pool
                pool = multiprocessing.get_context("fork").Pool(2)
            def mapper(key, file, record):
                return ["%d" % n for n in pool.map(square, record)]
            def teardown():
                pool.close()
                pool.join()
            '''
        for _, start in self.each(python=source):
            child = start()
            child.block(1, [("f", b"[1,2,3]\n")])
            self.assertEqual(child.answer().output, b"1\n4\n9\n")
            self.assertEqual(child.finish()[1], 0)

    def test_stray_failures_of_javascript_end_the_child(self):
        sources = {
            "an unhandled rejection": "Promise.reject(new Error('stray'))",
            "an uncaught exception": "setImmediate(() => { throw new Error('stray'); })",
            "an exit": "setImmediate(() => process.exit(0))",
        }
        for name, stray in sources.items():
            for _, start in self.each(javascript=f"exports.mapper = () => {{ {stray}; }};"):
                with self.subTest(name):
                    child = start()
                    child.block(1, [("f", b"1\n")])
                    with self.assertRaises(Gone):
                        child.answer()
                        child.read()
                    self.assertEqual(child.wait(), 70)
                    self.assertRegex(child.log(), "code that nobody waited for failed: (Error: stray|the module called process.exit)")

    def test_the_end_of_the_input_ends_the_child(self):
        for _, start in self.each(**RECORDS):
            child = start()
            child.end_input()
            self.assertEqual(child.wait(), 70)

    def test_half_a_frame_ends_the_child(self):
        for _, start in self.each(**RECORDS):
            child = start()
            child.send_raw(HEADER.pack(b"QRN1", BLOCK, 1, 100) + b"abc")
            self.assertEqual(child.wait(), 70)

    def test_a_wrong_frame_ends_the_child(self):
        wrong = {
            "wrong bytes": HEADER.pack(b"NRQ1", BLOCK, 1, 0),
            "a wrong type": HEADER.pack(b"QRN1", 99, 1, 0),
            "groups for a mapper": HEADER.pack(b"QRN1", GROUPS, 1, 8) + bytes(8),
        }
        for name, data in wrong.items():
            for _, start in self.each(**RECORDS):
                with self.subTest(name):
                    child = start()
                    child.send_raw(data)
                    self.assertEqual(child.wait(), 70)
                    self.assertIn("quern: ", child.log())

    def test_the_example_of_the_protocol_page(self):
        with open(os.path.join(HERE, "..", "docs", "formats", "child-protocol.md"), encoding="utf-8") as file:
            example = file.read().split("## Example")[1]
        data = bytes.fromhex("".join(re.findall(r"^    ((?:[0-9a-f]{2}\s*)+)$", example, re.M)))
        for _, start in self.each(**RECORDS):
            child = start()
            child.send_raw(data)
            answer = child.answer()
            self.assertEqual((answer.identity, answer.output, answer.done), (7, b"|a.json|{}\n", (1, 0, 0)))
