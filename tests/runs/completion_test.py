"""What the shells themselves offer after quern's completion is loaded: bash, zsh and fish, each for the same lines."""
import os
import pty
import re
import shlex
import shutil
import subprocess

from scenario import QUERN, Scenario

# The line up to the cursor, one of what is offered there, and what is not; without an =, as bash takes that for the end of a word.
LINES = (
    ("quern ch", "check", "run"),
    ("quern cre", "credentials", "seal"),
    ("quern credentials se", "seal", "check"),
    ("quern credentials open --rev", "--reveal", "--key"),
    ("quern run --inp", "--input", "--output"),
    ("quern run --set limits.bad", "limits.bad_records", "limits.memory"),
    ("quern run --set record=js", "json", "text"),
    ("quern run -q --set downloads.keep=y", "yes", "no"),
    ("quern run --set=record=tex", "text", "json"),
    ("quern run --set combiner.builtin=m", "max", "mean"),
    ("quern run --set output=da", "data one.gz", "dir"),
    ("quern run -i da", "data one.gz", "dir"),
    ("quern run --scratch d", "dir", "data one.gz"),
    ("quern run da", "data one.gz", "dir"),
    ("quern init d", "dir", "data one.gz"),
    ("quern init x --language j", "javascript", "python"),
    ("quern run --format j", "jsonl", "json"),
    ("quern help ch", "check", "run"),
    ("quern help limits.m", "limits.memory", "limits.timeout"),
    ("quern completion f", "fish", "bash"),
)


class Shell:
    """The tests; a class for each shell says how to ask it."""
    NAME = ""

    def setUp(self):
        super().setUp()
        if not shutil.which(self.NAME):
            self.skipTest(f"there is no {self.NAME}; tools/set_up test installs it")
        script = self.quern("completion", self.NAME)
        self.assertEqual(script.status, 0, script)
        self.script = self.write(f".quern.{self.NAME}", script.stdout)
        self.write("data one.gz", "x")
        os.mkdir(self.path("dir"))

    def ask(self, program, *arguments):
        """What a program in this shell's language prints."""
        variables = {"HOME": self.scratch, "XDG_CONFIG_HOME": None, "XDG_DATA_HOME": None,
                     "PATH": f"{os.path.dirname(QUERN)}:/usr/local/bin:/usr/bin:/bin"}
        done = subprocess.run([self.NAME, *arguments, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd=self.folder, env=self.environment(variables), check=False)
        shutil.rmtree(self.scratch)
        os.mkdir(self.scratch)
        return done.stdout.decode()

    def test_offers_what_fits(self):
        answers = self.offered([line for line, _, _ in LINES])
        self.assertEqual(len(answers), len(LINES))
        for (line, expected, other), words in zip(LINES, answers):
            with self.subTest(line=line):
                # A value may be offered with its key in front of it, a folder with a slash, a name with a backslash.
                offered = [re.sub(r"^(--set=)?[a-z.]+=(?=.)|[/=]$|\\", "", word) for word in words]
                self.assertIn(expected, offered)
                self.assertNotIn(other, offered)


class Bash(Shell, Scenario):
    NAME = "bash"

    def offered(self, lines):
        return [self.offered_after(line) for line in lines]

    def offered_after(self, line):
        # As readline splits it.
        words = [word for word in re.split(r"(=)|\s+", line) if word]
        return self.ask(f"""
            source {self.script}
            COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)} COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
            _quern quern {shlex.quote(words[-1])} {shlex.quote(words[-2])} 2>/dev/null
            printf '%s\\n' "${{COMPREPLY[@]}}"
            """).splitlines()


class Fish(Shell, Scenario):
    NAME = "fish"

    def offered(self, lines):
        return [self.offered_after(line) for line in lines]

    def offered_after(self, line):
        printed = self.ask(f"source {self.script}; complete -C {shlex.quote(line)}", "--no-config")
        return [word.split("\t")[0] for word in printed.splitlines()]

    def test_describes_commands_and_options(self):
        printed = self.ask(f"source {self.script}; complete -C 'quern chec'; complete -C 'quern run --suggest'", "--no-config")
        self.assertRegex(printed, "check\tshow a job")
        self.assertRegex(printed, "--suggest-fields\twatch which parts")


class Zsh(Shell, Scenario):
    """zsh completes only in its line editor, so it gets a terminal, and writes what it would offer to a file."""
    NAME = "zsh"
    SETUP = """
        fpath=({functions} $fpath)
        autoload -Uz compinit && compinit -u -D
        {load}
        zle-line-init() {{ print -n READY }}
        next() {{
          print -- ---- >>{offered}
          zle kill-whole-line
        }}
        zle -N zle-line-init
        zle -N next
        bindkey '^G' next
        compadd() {{
          [[ " $* " == *" -"[AODx]" "* ]] && {{ builtin compadd "$@"; return; }}
          local -a hits
          builtin compadd -A hits "$@"
          print -rl -- $hits >>{offered}
          builtin compadd "$@"
        }}
        """

    @staticmethod
    def read(terminal, mark=None):
        """What is shown until the mark is, or until the shell has ended."""
        shown = b""
        try:
            while (mark is None or mark not in shown) and (chunk := os.read(terminal, 65536)):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        return shown

    def test_is_found_among_the_functions_of_zsh(self):
        os.mkdir(self.path(".functions"))
        shutil.copy(self.script, self.path(".functions/_quern"))
        self.assertEqual(self.offered(["quern run --set record=tex"], load=""), [["text"]])

    def offered(self, lines, load=None):
        offered, setup = self.path(".offered"), self.path(".setup")
        load = f"source {self.script}" if load is None else load
        self.write(".setup", self.SETUP.format(functions=self.path(".functions"), load=load, offered=offered))
        leader, follower = pty.openpty()
        variables = {"HOME": self.scratch, "ZDOTDIR": self.scratch, "TERM": "dumb", "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen(["zsh", "-f", "-i"], stdin=follower, stdout=follower, stderr=follower, cwd=self.folder,
                                   env=self.environment(variables), start_new_session=True)
        os.close(follower)
        os.write(leader, f"source {setup}\n".encode())
        self.read(leader, b"READY")
        for line in lines:
            os.write(leader, f"{line}\t\a".encode())
        os.write(leader, b"exit\n")
        self.read(leader)
        os.close(leader)
        process.wait()
        with open(offered, encoding="utf-8") as file:
            return [words.splitlines() for words in file.read().split("----\n")[:-1]]
