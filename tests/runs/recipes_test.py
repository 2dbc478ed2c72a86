"""Each page of docs/recipes does what it says: its files are written, its commands run, and what they print is compared.

A comment before each code block says what the block is:
    <!-- file: NAME -->        a file; a script that begins with #! is executable
    <!-- run -->               commands of bash, with quern on PATH, in the folder of the page's files; <!-- run: status 3 -->
    <!-- prints -->            what the commands before it print on standard output
    <!-- not run: WHY -->      a block that no test can run here
"""
import os
import re
import unittest

from scenario import QUERN, ROOT, Scenario

RECIPES = os.path.join(ROOT, "docs/recipes")
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[a-z ]+)(?:: (?P<what>[^\n]+))? -->\n)?^```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MARKS = ("file", "run", "prints", "not run")


def pages():
    return sorted(name for name in os.listdir(RECIPES) if name.endswith(".md") and name != "README.md")


def blocks(page):
    """(mark, what follows it, text, line) of each code block, in order."""
    with open(os.path.join(RECIPES, page), encoding="utf-8") as file:
        text = file.read()
    return [(*block.group("mark", "what", "text"), text.count("\n", 0, block.start()) + 1) for block in BLOCK.finditer(text)]


class Recipes(Scenario):
    def do(self, page):
        os.mkdir(self.path("bin"))
        os.symlink(QUERN, self.path("bin/quern"))
        printed = None
        for mark, what, text, line in blocks(page):
            where = f"docs/recipes/{page}:{line}"
            self.assertIn(mark, MARKS, f"{where}: a comment before each code block says what it is")
            if printed is not None and mark != "prints":
                self.assertEqual(printed, "", f"{where}: the commands before it print, and no block says what")
            if mark == "file":
                self.write("work/" + what, text.encode(), executable=text.startswith("#!"))
            elif mark == "run":
                run = self.quern("-euo", "pipefail", "-c", text, program=("bash",), folder=self.path("work"),
                                 environment={"PATH": self.path("bin") + ":" + os.environ["PATH"]})
                self.assertEqual(run.status, int(what.removeprefix("status ")) if what else 0, f"{where}{run}")
                printed = run.stdout
            elif mark == "prints":
                self.assertEqual(printed, text, where)
                printed = None
            else:
                self.assertTrue(what, f"{where}: say why it is not run")
        self.assertIn(printed, (None, ""), f"{page}: no block says what the last commands print")


def test_of(page):
    return lambda self: self.do(page)


for name in pages():
    setattr(Recipes, "test_" + re.sub(r"\W", "_", name[:-3]), test_of(name))


class Pages(unittest.TestCase):
    def test_each_page_runs_something_and_says_what_it_prints(self):
        self.assertGreaterEqual(len(pages()), 10)
        for page in pages():
            marks = [mark for mark, *_ in blocks(page)]
            self.assertTrue({"run", "prints"} <= set(marks) or "not run" in marks, page)

    def test_each_code_block_is_one_that_the_test_reads(self):
        for page in pages():
            with open(os.path.join(RECIPES, page), encoding="utf-8") as file:
                text = file.read()
            self.assertEqual(len(re.findall("^ *```", text, re.MULTILINE)), 2 * len(blocks(page)), page)
            outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
            self.assertNotRegex(outside, "(?m)^    ", f"{page}: an indented block cannot be marked")
            self.assertEqual(len(re.findall("^<!--", text, re.MULTILINE)), len(blocks(page)), f"{page}: a comment marks no block")

    def test_the_list_names_each_page(self):
        with open(os.path.join(RECIPES, "README.md"), encoding="utf-8") as file:
            self.assertEqual(sorted(set(re.findall(r"\]\(([\w-]+\.md)[)#]", file.read()))), pages())
