"""Planning the tasks that a job has on Taskcluster, from a manifest, so that nobody is asked."""
import os

import servers
from contest import Command, Contest, InSeconds, Memory, Within
from sides import OS_COUNT, QUERN

SETTINGS = ("owner=someone@example.com", "taskcluster.root_url=https://tc.example.com", "taskcluster.image=registry.example.com/quern",
            "taskcluster.task_queue=proj-example/linux", "taskcluster.leave_out=[data, expected.txt]")


def plan(inputs, files, name="quern"):
    """quern plan of so many inputs, so many in each map task."""
    manifest = os.path.join(servers.temporary_folder(), "names")
    with open(manifest, "w", encoding="utf-8") as file:
        for number in range(inputs):
            file.write(f"s3://telemetry/2026-01-{number % 28 + 1:02}/appName=Firefox/{number:08}.json.xz\t{1_000_000 + number}\n")
    chosen = [word for setting in (*SETTINGS, f"taskcluster.load.files={files}") for word in ("--set", setting)]
    return Command(name, [QUERN, "plan", OS_COUNT, "--manifest", manifest, "--now", "2026-01-31T12:00:00Z", *chosen],
                   is_compared=False)


def plan_1000(_corpora):
    """10,000 inputs as 1,000 map tasks, planned and checked"""
    return Contest("10,000 inputs as 1,000 map tasks", plan(10_000, 10), [], [InSeconds(1), Memory(100)], rounds=5)


def plan_scale(_corpora):
    """10,000 map tasks with merges against 100 and 1,000: the time for one of them"""
    rivals = [plan(1_000, 10, "100 map tasks"), plan(10_000, 10, "1,000 map tasks")]
    return Contest("100,000 inputs as 10,000 map tasks", plan(100_000, 10), rivals,
                   [Within("100 map tasks", 100), Within("1,000 map tasks", 12)], rounds=5)


def plan_millions(_corpora):
    """200,000 map tasks of 10,000,000 inputs, and the time for a tenth of them"""
    rivals = [plan(1_000_000, 50, "1,000,000 inputs")]
    goals = [InSeconds(60), Memory(1024), Within("1,000,000 inputs", 12)]
    return Contest("10,000,000 inputs as 200,000 map tasks", plan(10_000_000, 50), rivals, goals, rounds=1)


ROWS = {"plan-1000": plan_1000, "plan-scale": plan_scale, "plan-millions": plan_millions}
