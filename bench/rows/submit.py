"""Creating and watching tasks on a deployment that answers after a while, against what that while costs by itself."""
import atexit
import dataclasses
import json
import os
import shutil
import subprocess
import urllib.request

import servers
from contest import Command, Contest, Memory, Within
from measuring import ROOT
from sides import OS_COUNT, QUERN

LATENCY = 0.020
AT_ONCE = 50
TASKS = 1000
LOOKS = 10
GROUP = "Q3GkR1sXTx2mV0c7b1yZ5A"


def deployment(latency):
    """The URL of bench/taskcluster.mjs."""
    words = ["node", os.path.join(ROOT, "bench/taskcluster.mjs"), str(latency * 1000)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end():
        process.stdin.close()
        process.wait()
    atexit.register(end)
    return f"http://127.0.0.1:{int(process.stdout.readline())}"


def environment(url):
    return ["env", f"TASKCLUSTER_ROOT_URL={url}", "TASKCLUSTER_CLIENT_ID=bench", "TASKCLUSTER_ACCESS_TOKEN=bench", "no_proxy=127.0.0.1"]


def quern(url, *arguments):
    return Command("quern", [*environment(url), QUERN, *arguments], is_compared=False, result="stdout.txt")


def creating(url, *arguments):
    """Its time is from the first request to the last answer: what comes before them is planning, which plan-1000 measures."""
    script = 'url=$1; shift; "$@" && curl -sS --fail --noproxy "*" "$url/seconds" >seconds.txt'
    return Command("quern", [*environment(url), "bash", "-c", script, "bash", url, QUERN, *arguments], is_compared=False,
                   result="stdout.txt", times_itself=True)


def floor(seconds):
    return Command("the latency floor", ["bash", "-c", f"echo {seconds} >seconds.txt; : >stdout.txt"], times_itself=True,
                   is_compared=False, result="stdout.txt")


@dataclasses.dataclass
class Asked:
    """Each run asked the server so many times for something."""
    url: str
    what: str
    times: int

    def judge(self, _ours, _sides):
        with urllib.request.urlopen(self.url + "/counts") as answer:
            got = json.load(answer).get(self.what, 0)
        return f"{got} requests for {self.what} in all runs", f"{self.times}", got == self.times


def submit_1000(_corpora):
    """1,000 tasks created, 50 at a time, on a deployment that takes 20 ms for each answer"""
    folder = servers.temporary_folder()
    names, job = os.path.join(folder, "names"), os.path.join(folder, "job")
    os.mkdir(job)
    with open(names, "w", encoding="utf-8") as file:
        file.writelines(f"s3://telemetry/{number:06}.json.xz\t1000000\n" for number in range(TASKS - 1))
    for name in os.listdir(OS_COUNT):
        if name.endswith(".py"):
            shutil.copy(os.path.join(OS_COUNT, name), job)
    with open(os.path.join(job, "analysis-tools.yml"), "w", encoding="utf-8") as file:
        file.write("mapper: {language: python, script: mapper.py}\nreducer: {builtin: sum}\nowner: a@example.com\n"
                   "taskcluster: {task_queue: proj-example/linux, image: example, fan_in: 2000, load: {files: 1}}\n")
    url = deployment(LATENCY)
    # The time, the scopes, the maps, and then the task that waits for them, each after an answer to the one before.
    rounds = 2 + -(-(TASKS - 1) // AT_ONCE) + 1
    command = creating(url, "submit", job, "--manifest", names, "--no-sign-request", "--no-watch", "--quiet")
    return Contest(f"{TASKS} tasks created with {LATENCY * 1000:.0f} ms for each answer", command, [floor(rounds * LATENCY)],
                   [Within("the latency floor", 1.3), Memory(100)], rounds=5)


def watch_1000(_corpora):
    """1,000 tasks watched: requests for each look at them"""
    url, rounds = deployment(0), 3
    return Contest(f"{TASKS} tasks watched until they have ended, at the {LOOKS}th look", quern(url, "watch", GROUP, "--poll", "20ms"), [],
                   [Asked(url, "statuses", rounds * LOOKS), Memory(100)], rounds=rounds)


ROWS = {"submit-1000": submit_1000, "watch-1000": watch_1000}
