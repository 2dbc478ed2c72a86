"""Each example runs as it stands, from any folder, and gives what stands beside it.

One with a Dockerfile needs what only its image has: tests/image runs it.
"""
import os

from scenario import ROOT, Scenario

EXAMPLES = os.path.join(ROOT, "examples")


class Examples(Scenario):
    def test_each_gives_its_expected_result(self):
        names = sorted(name for name in os.listdir(EXAMPLES) if not os.path.exists(os.path.join(EXAMPLES, name, "Dockerfile")))
        self.assertGreaterEqual(len(names), 4)
        for name in names:
            with self.subTest(example=name):
                with open(os.path.join(EXAMPLES, name, "expected.txt"), encoding="utf-8") as file:
                    expected = file.read()
                self.assert_run(self.quern("run", os.path.join(EXAMPLES, name)), result=expected)

    def test_each_passes_the_check(self):
        for name in os.listdir(EXAMPLES):
            with self.subTest(example=name):
                run = self.quern("check", os.path.join(EXAMPLES, name))
                self.assertEqual(run.status, 0, run)
