"""Tasks that run in the published image: by a worker that pulls it by its digest, and with nothing else of this machine."""
import gzip
import os
import sys

import workshop
from running_test import EXAMPLE, expected

sys.path.insert(0, os.path.join(workshop.ROOT, "tests/runs"))
from deployment import Deployed  # noqa: E402: beside the tests of whole runs

GATHER = """
for task in $INPUT_TASK_IDS; do
  curl --silent --show-error --fail --location --compressed "$TASKCLUSTER_PROXY_URL/api/queue/v1/task/$task/artifacts/public/part.txt" --output "$task.txt" || exit 1
done
for task in $INPUT_TASK_IDS; do set -- "$@" "$task.txt"; done
quern reduce "$@"
"""


class Tasks(Deployed):
    def work_in_images(self):
        image = workshop.pulled()
        self.deploy()
        self.work("--run-in", f"{workshop.FOLDER}/in_container {{image}} {{folder}} {{environment}}")
        return image

    def task(self, image, name, command, leaves, **more):
        artifacts = {f"public/{leaves}": {"type": "file", "path": f"/home/worker/{leaves}"}}
        payload = {"image": image, "artifacts": artifacts, "features": {"taskclusterProxy": True}, **more.pop("payload", {})}
        return self.create(command, name=name, payload=payload, **more)

    def assert_completed(self, task_id):
        """It did; if not, the task's log says why."""
        state = self.resolved(task_id)["state"]
        self.assertEqual(state, "completed", self.text(task_id, "public/logs/live_backing.log") if state != "completed" else "")

    def text(self, task_id, name):
        """An artifact, which workers upload compressed."""
        return gzip.decompress(self.artifact(task_id, name)[1]).decode()

    def test_the_job_of_the_image_as_tasks(self):
        image = self.work_in_images()
        maps = []
        for name in sorted(os.listdir(os.path.join(workshop.ROOT, "examples/os-count/data"))):
            maps.append(self.task(image, f"map {name}", ["quern", "map", f"{EXAMPLE}/data/{name}", "--output", "part.txt"], "part.txt"))
        for task in maps:
            self.assert_completed(task)
        environment = {"INPUT_TASK_IDS": " ".join(maps)}
        reduce = self.task(image, "reduce", ["sh", "-c", GATHER], "result.txt", payload={"env": environment}, dependencies=maps,
                           scopes=["queue:get-artifact:public/part.txt"])
        self.assert_completed(reduce)
        self.assertEqual(self.text(reduce, "public/result.txt"), expected("os-count"))

    def test_a_task_has_nothing_of_the_machine(self):
        image = self.work_in_images()
        seen = self.task(image, "look", ["sh", "-c", f"{{ id -un; pwd; ls {workshop.ROOT}; command -v make; }} >seen.txt 2>&1; true"], "seen.txt")
        self.assert_completed(seen)
        said = self.text(seen, "public/seen.txt").splitlines()
        self.assertEqual(said[:2], ["worker", "/home/worker"])
        self.assertIn("No such file", said[2])
        self.assertEqual(len(said), 3)
