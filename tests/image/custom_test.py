"""Images that people build on quern's."""
import os
import unittest

import workshop
from running_test import expected


class CustomImage(unittest.TestCase):
    def test_the_example_with_a_package_of_its_own(self):
        folder = os.path.join(workshop.checkout(), "examples/image")
        workshop.buildah("build", "--isolation", "chroot", "--quiet", "--layers", "--build-arg", f"BASE={workshop.image()}", "-t", "weekdays", folder)
        container = workshop.Container("localhost/weekdays")
        result, _ = container.run("quern", "run", "--output", "-")
        self.assertEqual(result, expected("image"))
        container.run("quern", "map", "data/visits.json", "--output", "part.txt")
        container.run("quern", "reduce", "part.txt")
        self.assertEqual(container.run("cat", "result.txt")[0], expected("image"))

    def test_those_that_quern_init_writes(self):
        for language in ("python", "javascript", "binary"):
            with self.subTest(language=language):
                folder = f"{workshop.temporary_folder()}/job"
                workshop.run(f"{workshop.BUILD}/quern", "init", folder, "--language", language)
                workshop.image()
                # Its base is quern:latest, the image that was just built.
                workshop.buildah("build", "--isolation", "chroot", "--quiet", "-t", f"job-{language}", folder)
                result, _ = workshop.Container(f"localhost/job-{language}").run("quern", "run", "--output", "-")
                self.assertIn("Linux", result)
