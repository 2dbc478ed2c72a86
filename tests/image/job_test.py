"""A job from nothing to its result: submitted here, run by a worker that pulls the published image by its digest, and brought back."""
import gzip
import os
import shutil
import sys

import workshop
from running_test import expected

sys.path.append(os.path.join(workshop.ROOT, "tests/runs"))
from deployment import QUEUE, TOKEN, Deployed  # noqa: E402: beside the tests of whole runs
from remote_test import Server  # noqa: E402: likewise

# What everybody may do on a public deployment.
EVERYBODY = ["queue:get-task:*", "queue:status:*", "queue:list-artifacts:*", "queue:list-task-group:*", "queue:get-artifact:public/*"]


class Job(Deployed):
    def work_in_images(self):
        """Starts a worker; returns the name of the published image."""
        image = workshop.pulled()
        self.deploy(anonymous=EVERYBODY)
        self.work("--run-in", f"{workshop.FOLDER}/in_container {{image}} {{folder}} {{environment}}")
        return image

    def submit(self, example):
        """Submits an example whose inputs are on the web, one for each map task, and waits for its result."""
        image = self.work_in_images()
        source = os.path.join(workshop.ROOT, "examples", example)
        shutil.copytree(source, self.path("job"), ignore=shutil.ignore_patterns("data", "expected.txt"))
        names = sorted(os.listdir(f"{source}/data"))
        web = Server(self, "fault_server.py", {f"/{name}": {"file": f"{source}/data/{name}"} for name in names})
        inputs = [word for name in names for word in ("--input", f"{web.url}/{name}")]
        settings = {"owner": "a@example.com", "taskcluster.task_queue": QUEUE, "taskcluster.image": image, "taskcluster.load.files": "1"}
        words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        environment = {"TASKCLUSTER_ROOT_URL": self.tc.url, "TASKCLUSTER_CLIENT_ID": "tester", "TASKCLUSTER_ACCESS_TOKEN": TOKEN}
        return self.quern("submit", "job", *inputs, *words, "--output", "result.txt", environment=environment)

    def test_an_example_by_python(self):
        self.assert_run(self.submit("os-count"), result=expected("os-count"), says="map: completed; reduce: completed")

    def test_an_example_by_node(self):
        self.assert_run(self.submit("word-count"), result=expected("word-count"), says="map: completed; reduce: completed")

    def test_a_task_has_nothing_of_the_machine(self):
        image = self.work_in_images()
        look = f"{{ id -un; pwd; ls {workshop.ROOT}; command -v make; }} >seen.txt 2>&1; true"
        artifacts = {"public/seen.txt": {"type": "file", "path": "/home/worker/seen.txt"}}
        task_id = self.create(["sh", "-c", look], payload={"image": image, "artifacts": artifacts})
        self.assertEqual(self.reasons(task_id), ["completed"])
        said = gzip.decompress(self.artifact(task_id, "public/seen.txt")[1]).decode().splitlines()
        self.assertEqual(said[:2], ["worker", "/home/worker"])
        self.assertIn("No such file", said[2])
        self.assertEqual(len(said), 3)
