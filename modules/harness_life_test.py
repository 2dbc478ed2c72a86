"""The life of a child: careful blocks, forks, printing, broken protocols."""

import os
import re
import struct
import sys

from harness_child import (BLOCK, CAREFUL, CONTINUES, COUNTERS, DONE, FINISHED, GOES_ON, GROUPS, HEADER, HERE, OUTPUT, STARTING,
                           Gone, HarnessTest)
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
                kinds.append(child.read_but_progress()[0])
            self.assertEqual([kind for kind in kinds if kind != COUNTERS], [STARTING, OUTPUT] * 3 + [DONE])

    def test_careful_groups_tell_each_group_before_it_starts(self):
        for _, start in self.each(**SUMS):
            child = start(role="reducer")
            child.groups(1, [(b"a", [b"1"]), (b"b", [b"2"])], CAREFUL)
            self.assertEqual(child.answer().starting, [(0, 0), (0, 1)])

    def test_tells_about_once_a_second_how_many_records_are_done(self):
        sources = {
            "python": "import time\ndef mapper(key, file, record): time.sleep(0.6)\n",
            "javascript": "exports.mapper = () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600); };\n",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("a", b"1\n2\n"), ("b", b"3\n4\n5\n")])
            told = child.answer().progress
            self.assertGreaterEqual(len(told), 1)
            self.assertEqual(told, sorted(set(told)))
            self.assertLessEqual(set(told), {1, 2, 3, 4, 5})

    def test_a_module_that_counts_gets_on(self):
        sources = {
            "python": "import quern, time\ndef mapper(key, file, record):\n    time.sleep(1.1)\n    quern.count('g', 'n')\n"
                      "    time.sleep(0.1)\n",
            "javascript": "exports.mapper = () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);\n"
                          "    quern.count('g', 'n'); };\n",
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("a", b"1\n")])
            self.assertEqual(child.answer().progress, [0])

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
                    kind, _, payload = child.read_but_progress()
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

    def test_what_is_printed_after_a_close_fails_nowhere_and_goes_into_no_file(self):
        sources = {
            "python": """
                import io, os, sys
                def mapper(key, file, record):
                    if record == 1: os.close(1)
                    if record == 2: os.close(1), os.close(2)
                    if record == 3: os.closerange(0, 3)
                    if record == 4: sys.stdout.close(), sys.stderr.close()
                    if record == 5:
                        with sys.stdout, io.TextIOWrapper(sys.stderr.buffer): print("in it")
                    with open(os.environ["OUT"], "wb") as file:
                        print("out"), print("err", file=sys.stderr), os.write(1, b"raw")
                        return str(file.fileno() > 2), os.path.getsize(file.name)
                """,
            "javascript": """
                const fs = require("fs");
                exports.mapper = async (key, file, record) => {
                    if (record === 1) fs.closeSync(1);
                    if (record >= 2) [1, 2].forEach((fd) => fs.closeSync(fd));
                    if (record === 3) fs.closeSync(0);
                    if (record === 4) await new Promise((done) => fs.close(1, done));
                    if (record === 5) process.stdout.end(), process.stderr.destroy();
                    const own = fs.openSync(process.env.OUT, "w");
                    console.log("out"), console.error("err"), fs.writeSync(1, "raw");
                    const { size } = fs.fstatSync(own);
                    fs.closeSync(own);
                    return [own > 2 ? "True" : "False", size];
                };
                """,
        }
        for _, start in self.each(**sources):
            child = start(environment={"OUT": os.path.join(self.folders[-1], "out")})
            child.block(1, [("f", b"1\n2\n3\n4\n5\n")])
            answer = child.answer()
            self.assertEqual((answer.output, answer.bad), (b"True 0\n" * 5, []))
            self.assertEqual(child.finish()[1], 0)

    def test_a_module_that_closes_all_descriptors_loses_only_its_own(self):
        sources = {
            "python": """
                import os
                def mapper(key, file, record):
                    if record == 1: os.closerange(3, 65536)
                    if record == 2:
                        for fd in range(3, 1024):
                            try: os.close(fd)
                            except OSError: pass
                    if record == 3: os.closerange(0, 3)
                    with open(os.environ["OUT"], "a") as first, open(os.environ["OUT"] + "2", "a") as second:
                        second.write("mine\\n")
                        return "fd", first.fileno() < 5
                """,
            "javascript": """
                const fs = require("fs");
                exports.mapper = (key, file, record) => {
                    // Of Node.js's own pipes both ends are open here; what is left are those to quern.
                    const links = new Map();
                    for (let fd = 3; fd < 64; ++fd) try { links.set(fd, fs.readlinkSync(`/proc/self/fd/${fd}`)); } catch { }
                    const ends = (link) => [...links.values()].filter((other) => other === link).length;
                    for (const [fd, link] of links) if (fd < 5 || (link.startsWith("pipe:") && ends(link) === 1)) try { fs.closeSync(fd); } catch { }
                    const [first, second] = [process.env.OUT, process.env.OUT + "2"].map((name) => fs.openSync(name, "a"));
                    fs.writeSync(second, "mine\\n");
                    fs.closeSync(first);
                    fs.closeSync(second);
                    return ["fd", first < 5];
                };
                """,
        }
        for language, start in self.each(**sources):
            out = os.path.join(self.folders[-1], "out")
            child = start(environment={"OUT": out})
            for flags in (0, CAREFUL):
                child.block(1, [("f", b"1\n2\n3\n")], flags)
                answer = child.answer()
                self.assertEqual(answer.bad, [])
                self.assertEqual(answer.output.count(b"fd true\n"), 3, answer.output)
            self.assertEqual(child.finish()[0][-1], (FINISHED, b""))
            with open(out) as first, open(out + "2") as second:
                self.assertEqual((first.read(), second.read()), ("", "mine\n" * 6))

    def test_a_module_that_closes_quern_s_own_descriptors_from_c_ends_its_child(self):
        source = """
            import ctypes, os
            def mapper(key, file, record):
                ctypes.CDLL(None).close(%s)
                return "lost"
            """
        for descriptor in (500, 501):
            for _, start in self.each(python=source % descriptor):
                child = start()
                child.block(1, [("f", b"1\n")])
                with self.assertRaises((Gone, BrokenPipeError)):
                    child.answer()
                    child.finish()
                self.assertEqual(child.wait(), 70)
                self.assertIn(f"the module closed descriptor {descriptor}", child.log())

    def test_modules_named_like_the_library_s_stand_in_its_way_nowhere(self):
        names = "ast base64 bisect codeop collections contextlib enum errno functools importlib io json keyword linecache os re struct textwrap token tokenize traceback types unicodedata"
        files = {f"{name}.py": f"OWN = '{name}'\n" for name in names.split() if name not in sys.builtin_module_names}
        files["json/__init__.py"] = "OWN = 'json'\n"
        del files["json.py"]
        source = """
            import traceback, json, errno
            def mapper(key, file, record):
                import tokenize
                if record == "own": return traceback.OWN, [json.OWN, tokenize.OWN]
                return int(record)
            """
        for _, start in self.each(python={"mapper.py": source, **files}):
            child = start(record="json")
            child.block(1, [("f", b'"own"\n"x"\nbroken\n"own"\n')])
            answer = child.answer()
            self.assertEqual(answer.output, b'traceback ["json","tokenize"]\n' * 2)
            self.assertEqual([reason for _, _, reason, _ in answer.bad], ["ValueError: invalid literal for int() with base 10: 'x'",
                                                                         "the record is not JSON: Expecting value: column 1"])
            self.assertIn("return int(record)", answer.bad[0][3])
            self.assertIn("ValueError: invalid literal", answer.bad[0][3])
            self.assertEqual(child.finish()[1], 0)

    def test_what_a_module_replaces_is_not_what_the_harness_uses(self):
        source = """
            const fs = require("fs");
            for (const name of ["writeSync", "readSync", "fstatSync", "accessSync"]) fs[name] = () => { throw new Error(name); };
            JSON.stringify = JSON.parse = () => "replaced";
            globalThis.JSON = {};
            Array.prototype.toJSON = String.prototype.toJSON = Object.prototype.toJSON = () => "replaced";
            process.exit = () => {};
            globalThis.console = null;
            globalThis.process = undefined;
            for (const name of ["Buffer", "Map", "Promise", "TextDecoder", "Atomics", "String", "setImmediate"]) globalThis[name] = undefined;
            exports.mapper = (key, file, record) => {
                quern.count("a", "b");
                if (record.bad) throw new Error("bad");
                return [`${record.k} 1`, ["x", 2]];
            };
            """
        for _, start in self.each(javascript=source):
            child = start()
            child.block(1, [("f", '{"k": "é"}\n{"bad": 1}\nbroken\n'.encode())])
            answer = child.answer()
            self.assertEqual(answer.output.decode(), "é 1\nx 2\n")
            self.assertEqual(answer.counters, {("a", "b"): 2})
            self.assertEqual(answer.done, (1, 2, 0))
            self.assertEqual(child.finish()[1], 0)

    def test_descriptors_are_not_inherited(self):
        sources = {
            "python": '''
                import os, subprocess
                def mapper(key, file, record):
                    ours = [os.readlink("/proc/self/fd/%d" % fd) for fd in (500, 501)]
                    listed = subprocess.run(["ls", "-l", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False).stdout
                    return str([name in listed.decode() for name in ours]).lower()
                ''',
            "javascript": '''
                const { execFileSync } = require("child_process");
                exports.mapper = () => {
                    const { readdirSync, readlinkSync } = require("fs");
                    const linked = (fd) => { try { return readlinkSync(`/proc/self/fd/${fd}`); } catch { return ""; } };
                    const ours = readdirSync("/proc/self/fd").map(linked).filter((name) => name.startsWith("pipe:")).slice(-2);
                    const listed = String(execFileSync("ls", ["-l", "/proc/self/fd"]));
                    return `[${ours.map((name) => listed.includes(name)).join(", ")}]`;
                };
                ''',
        }
        for _, start in self.each(**sources):
            child = start()
            child.block(1, [("f", b"1\n")])
            answer = child.answer()
            self.assertEqual(answer.output, b"[false, false]\n", answer.bad)

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
