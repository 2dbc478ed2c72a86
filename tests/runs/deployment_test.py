"""The fake deployment and its workers themselves, with tasks made by hand: do they refuse and break what the real ones do?"""
import datetime
import gzip
import json
import os
import time
import unittest

from deployment import QUEUE, TOKEN, Deployed

import hawk  # these are beside the servers, where deployment.py lets them be found
import taskcluster_rules
from scenario import slow
from task_proxy import Proxy
from taskcluster_terms import Refused, date_text, slugid, utc_now


@slow
class OfFakes(Deployed):
    """quern has no part in these, so that they are left out where its sanitizers are what is asked for."""


def shell(text):
    return ["/bin/sh", "-c", text]


class Tasks(OfFakes):
    """What the queue takes and refuses."""

    def refuses(self, status, code, part, given, task_id=None):
        with self.assertRaises(Refused) as caught:
            self.client.call("PUT", f"queue/v1/task/{task_id or slugid()}", given)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code), caught.exception)
        self.assertIn(part, caught.exception.message)

    def test_definitions_are_checked(self):
        self.deploy()
        now = utc_now()
        far = date_text(now + datetime.timedelta(days=6))
        rows = {
            "unknown field": ({"script": "x"}, "InputValidationError", "script"),
            "no queue": ({"taskQueueId": "Linux"}, "InputValidationError", "taskQueueId"),
            "two slashes": ({"taskQueueId": "a/b/c"}, "InputValidationError", "taskQueueId"),
            "twice": ({"dependencies": [slugid()] * 2}, "InputValidationError", "duplicate"),
            "retries": ({"retries": 50}, "InputValidationError", "retries"),
            "priority": ({"priority": "normal"}, "InputValidationError", "priority"),
            "no date": ({"deadline": "2030-01-01"}, "InputValidationError", "deadline"),
            "tags": ({"tags": {"a": 1}}, "InputValidationError", "tags"),
            "stars": ({"scopes": ["a**"]}, "InputError", "**"),
            "missing": ({"dependencies": [slugid()]}, "InputError", "non-existing"),
            "old": ({"created": date_text(now - datetime.timedelta(minutes=16))}, "InputError", "15min"),
            "ahead": ({"created": date_text(now + datetime.timedelta(minutes=16))}, "InputError", "15min"),
            "far": ({"deadline": far}, "InputError", "5 days"),
            "expired": ({"expires": date_text(now)}, "InputError", "`expires`"),
        }
        for name, (change, code, part) in rows.items():
            with self.subTest(name):
                self.refuses(400, code, part, self.definition([]) | change)
        self.refuses(400, "InvalidRequestArguments", "taskId", self.definition([]), task_id="x" * 22)

    @unittest.skipIf(taskcluster_rules.SCHEMAS.folder is None, "Taskcluster's schemas are not beside this repository")
    def test_definitions_are_checked_by_the_schemas_too(self):
        self.deploy()
        # Only the schema knows these rules.
        given = self.definition([])
        given["metadata"]["source"] = "https://example.com/" + "a b[("
        self.refuses(400, "InputValidationError", "data/metadata/source", given)

    def test_the_same_again_is_taken_and_another_is_not(self):
        self.deploy()
        task_id, given = slugid(), self.definition([])
        for _ in range(2):
            self.client.call("PUT", f"queue/v1/task/{task_id}", given)
        self.refuses(409, "RequestConflict", "another task", given | {"priority": "low"}, task_id=task_id)
        self.refuses(409, "RequestConflict", "schedulerId", self.definition([], group=task_id) | {"schedulerId": "-"})

    def test_a_dependency_must_outlive_who_waits_for_it(self):
        self.deploy()
        short = date_text(utc_now() + datetime.timedelta(minutes=70))
        first = self.create([], expires=short)
        self.create([], dependencies=[first])
        late = date_text(utc_now() + datetime.timedelta(hours=2))
        self.refuses(400, "InputError", "tasks that expires", self.definition([], dependencies=[first]) | {"deadline": late})

    def test_scopes_are_named_when_they_are_missing(self):
        self.deploy(scopes=["queue:create-task:high:" + QUEUE, "queue:create-task:project:none", "assume:reader"],
                    roles={"reader": ["queue:status:*"]})
        self.client = hawk.Client(self.tc.url, {"clientId": "tester", "accessToken": TOKEN})
        self.refuses(403, "InsufficientScopes", "queue:scheduler-id:quern", self.definition([]))
        self.refuses(403, "InsufficientScopes", "queue:create-task:highest", self.definition([]) | {"priority": "highest"})
        with self.assertRaises(Refused) as caught:
            self.status(slugid())
        self.assertEqual(caught.exception.status, 404, "the role lets it look")

    def test_a_sealed_group_takes_no_task_and_can_be_cancelled(self):
        self.deploy()
        first = self.create([])
        second = self.create([], group=first, dependencies=[first], requires="all-resolved")
        path = f"queue/v1/task-group/{first}"
        with self.assertRaises(Refused) as caught:
            self.client.call("POST", path + "/cancel")
        self.assertEqual(caught.exception.status, 409)
        self.assertIn("sealed", self.client.call("POST", path + "/seal"))
        self.refuses(409, "RequestConflict", "sealed", self.definition([], group=first))
        self.assertEqual(self.client.call("POST", path + "/cancel")["cancelledCount"], 2)
        self.assertEqual(self.reasons(second), ["canceled"])

    def test_a_task_stays_as_it_is_for_a_minute_after_its_deadline(self):
        self.deploy(anonymous=["*"])
        # The clock of the server goes on, so that signatures are of no use.
        self.client = hawk.Client(self.tc.url, None)
        task_id = self.create([])
        self.change(clock_offset=3630)
        self.assertEqual(self.status(task_id)["state"], "pending")
        worker = {"workerGroup": "g", "workerId": "w"}
        self.change(wait_seconds=0)
        self.assertEqual(self.client.call("POST", f"queue/v1/claim-work/{QUEUE}", worker)["tasks"], [])
        for verb, done in (("cancel", "canceled"), ("rerun", "rescheduled"), ("schedule", "scheduled")):
            with self.assertRaises(Refused) as caught:
                self.client.call("POST", f"queue/v1/task/{task_id}/{verb}")
            self.assertEqual(caught.exception.status, 409)
            self.assertIn(f"can't be {done} past its deadline", caught.exception.message)
        self.change(clock_offset=3670)
        self.assertEqual(self.reasons(task_id), ["deadline-exceeded"])

    def test_lists_come_in_pages(self):
        self.deploy(page=2)
        group = self.create([])
        ids = {group} | {self.create([], group=group) for _ in range(4)}
        self.assertEqual(len(self.client.call("GET", f"queue/v1/task-group/{group}/list")["tasks"]), 2)
        found = [one["status"]["taskId"] for one in self.list_group(group)]
        self.assertEqual((len(found), set(found)), (5, ids))

    def test_every_so_often_there_is_a_hiccup(self):
        self.deploy(hiccups=3)
        statuses = [hawk.send(self.tc.url + "/api/queue/v1/ping", "GET", {}, b"")[0] for _ in range(6)]
        self.assertEqual(statuses, [200, 200, 502, 200, 200, 502])


class Requests(OfFakes):
    """Who asks."""

    def ask(self, credentials, authorized=None, clock_offset=0):
        path = "/api/auth/v1/scopes/current"
        own = hawk.header(credentials, "GET", path, self.tc.url.removeprefix("http://"), authorized, clock_offset)
        status, _, body = hawk.send(self.tc.url + path, "GET", {"Authorization": own}, b"")
        return status, json.loads(body).get("message", "").partition("\n")[0] or json.loads(body)["scopes"]

    def test_the_clock_may_be_a_quarter_of_an_hour_off(self):
        self.deploy()
        self.assertEqual(self.ask(self.client.credentials, clock_offset=-850)[0], 200)
        self.assertEqual(self.ask(self.client.credentials, clock_offset=910), (401, "Stale timestamp hawk"))

    def test_certificates_restrict_and_end(self):
        self.deploy(scopes=["auth:current-scopes", "a:*"])
        now = time.time()
        scopes = ["auth:current-scopes", "a:b"]
        good = hawk.temporary_credentials("tester", TOKEN, "tester", scopes, now, now + 60)
        self.assertEqual(self.ask(good), (200, ["a:b", "assume:anonymous", "auth:current-scopes"]))
        self.assertEqual(self.ask(good, ["auth:current-scopes"]), (200, ["assume:anonymous", "auth:current-scopes"]))
        self.assertEqual(self.ask(good, ["b"])[0], 401)
        old = hawk.temporary_credentials("tester", TOKEN, "tester", scopes, now - 3600, now - 600)
        self.assertEqual(self.ask(old), (401, "ext.certificate.expiry < now"))
        other = hawk.temporary_credentials("tester", "wrong", "tester", scopes, now, now + 60)
        self.assertEqual(self.ask(other), (401, "ext.certificate.signature is not valid"))
        named = hawk.temporary_credentials("tester", TOKEN, "mine", scopes, now, now + 60)
        self.assertEqual(self.ask(named)[0], 401, "it may not make clients")

    def test_a_header_has_4096_characters_at_most(self):
        self.deploy()
        self.assertEqual(self.ask(self.client.credentials, ["auth:current-scopes", "x" * 3500])[0], 401)


class Work(OfFakes):
    """What a worker makes of its tasks."""

    def test_a_task_runs_in_a_folder_of_its_own(self):
        self.deploy()
        self.work()
        artifacts = {"public/out": {"type": "directory", "path": "/home/worker/out"}, "public/no": {"type": "file", "path": "/etc/no"}}
        script = "mkdir -p out/deep; env | sort >out/env.txt; tty; printf x >out/deep/x.zst; ls -A"
        task_id = self.create(shell(script), payload={"artifacts": artifacts, "env": {"A": "b\nc", "IN": "/home/worker/in"}})
        self.assertEqual(self.reasons(task_id), ["completed"])
        headers, body = self.artifact(task_id, "public/out/env.txt")
        lines = gzip.decompress(body).decode().splitlines()
        self.assertEqual((headers["Content-Type"], headers["Content-Encoding"]), ("text/plain", "gzip"))
        names = {line.partition("=")[0] for line in lines if "=" in line} - {"PWD", "SHLVL", "_", "OLDPWD", self.mark.partition("=")[0]}
        known = {"A", "IN", "HOME", "PATH", "TERM", "TASK_ID", "RUN_ID", "TASK_GROUP_ID", "TASKCLUSTER_ROOT_URL", "TASKCLUSTER_WORKER_LOCATION"}
        self.assertEqual(names, known)
        folder = dict(line.split("=", 1) for line in lines if "=" in line)["HOME"]
        self.assertIn(f"IN={folder}/in", lines)
        self.wait_for(lambda: not os.path.exists(folder), "the end of the folder")
        headers, body = self.artifact(task_id, "public/out/deep/x.zst")
        self.assertEqual((headers["Content-Encoding"], body), (None, b"x"))
        kinds = {name: one["storageType"] for name, one in self.artifacts(task_id).items()}
        self.assertEqual((kinds["public/no"], kinds["public/logs/live.log"]), ("error", "link"))
        log = gzip.decompress(self.artifact(task_id, "public/logs/live.log")[1]).decode()
        self.assertIn("/dev/pts/", log)
        self.assertIn("out\r\n", log, "the command is on a terminal")

    def test_exit_codes(self):
        self.deploy()
        self.work(capacity=2)
        retry = {"onExitStatus": {"retry": [75]}}
        rows = [("exit 0", {}, ["completed"]), ("exit 3", {}, ["failed"]), ("exit 75", {}, ["failed"]),
                ("test $RUN_ID = 1 || exit 75", retry, ["intermittent-task", "completed"]),
                ("exit 75", retry, ["intermittent-task"] * 3),
                ("sleep 60", {"maxRunTime": 1}, ["failed"])]
        tasks = [self.create(shell(script), payload=payload, retries=2) for script, payload, _ in rows]
        self.assertEqual([self.reasons(task) for task in tasks], [reasons for _, _, reasons in rows])
        self.assertEqual(self.reasons(self.create(["no-such-program"])), ["failed"])

    def test_a_command_can_be_run_by_another_as_in_a_container(self):
        self.deploy()
        engine = self.write("engine", """
            #!/bin/sh
            while :; do case $1 in --env=*) export "${1#--env=}"; shift ;; *) break ;; esac; done
            cd "$1" && shift && exec "$@"
            """, executable=True)
        self.work("--run-in", engine + " {environment} {folder}")
        artifacts = {"out": {"type": "file", "path": "/home/worker/out.zst"}}
        task_id = self.create(shell('printf "%s" "$A $TASK_ID" >out.zst'), payload={"artifacts": artifacts, "env": {"A": "/home/worker/a b"}})
        self.assertEqual(self.reasons(task_id), ["completed"])
        self.assertEqual(self.artifact(task_id, "out")[1].decode(), f"/home/worker/a b {task_id}")

    def test_malformed_payloads(self):
        self.deploy()
        self.work()
        rows = [{"image": {"type": "task-image", "taskId": slugid(), "path": "public/image.tar.zst"}},
                {"maxRunTime": 100000}, {"maxRunTime": "60"}, {"env": {"A": 1}}, {"features": {"proxy": True}}, {"script": "x"},
                {"artifacts": {"a": {"type": "folder", "path": "/x"}}}, {"artifacts": {"a": {"type": "file", "path": "x"}}},
                {"artifacts": {"a": {"type": "file", "path": "/x", "expires": date_text(utc_now())}}}, {"cache": {"a": "/b"}}]
        tasks = [self.create(shell("true"), payload=payload) for payload in rows]
        for payload, task in zip(rows, tasks):
            with self.subTest(str(payload)):
                self.assertEqual(self.reasons(task), ["malformed-payload"])

    def test_an_image_whose_name_docker_does_not_parse(self):
        self.deploy()
        self.work()
        names = ["Not A Name", "registry.example.com/Quern:1", "a//b", "quern:tag:two", "quern@sha256:abc", "quern-:1", "a..b", "quern:" + "x" * 129]
        tasks = {name: self.create(shell("true"), payload={"image": name}) for name in names}
        for name, task in tasks.items():
            with self.subTest(name):
                self.assertEqual(self.reasons(task), ["internal-error"])

    def test_artifacts_that_cannot_be_uploaded_are_not_missed(self):
        self.deploy(faults=[{"method": "PUT", "path": "/store/", "status": 403}])
        self.work()
        artifacts = {f"public/{name}.zst": {"type": "file", "path": f"/home/worker/{name}.zst"} for name in "ab"}
        task_id = self.create(shell("echo >a.zst; echo >b.zst"), payload={"artifacts": artifacts})
        self.assertEqual(self.reasons(task_id), ["completed"])
        self.assertIn(b"NoSuchKey", self.artifact(task_id, "public/a.zst")[1])
        self.assertEqual(self.artifact(task_id, "public/b.zst")[1], b"\n")

    def test_artifacts_in_the_object_service(self):
        self.deploy()
        self.work(object_artifacts=True)
        artifacts = {"small.zst": {"type": "file", "path": "/home/worker/small"}, "large": {"type": "file", "path": "/home/worker/large"}}
        task_id = self.create(shell("echo >small; head -c 9000 /dev/zero >large"), payload={"artifacts": artifacts})
        self.assertEqual(self.reasons(task_id), ["completed"])
        for name, size in (("small.zst", 1), ("large", 9000)):
            url = self.client.call("GET", f"queue/v1/task/{task_id}/artifacts/{name}")["url"]
            status, headers, body = hawk.send(url, "GET", {}, b"")
            self.assertEqual((status, headers["Content-Encoding"], len(body)), (200, None, size))

    def test_dependents_wait(self):
        self.deploy(resolver_seconds=0.05)
        self.work()
        group = self.create(shell("exit 1"))
        completed = self.create(shell("true"), group=group, dependencies=[group])
        resolved = self.create(shell("true"), group=group, dependencies=[group], requires="all-resolved")
        self.assertEqual(self.reasons(resolved), ["completed"])
        self.assertEqual(self.status(completed)["state"], "unscheduled")

    def test_a_rerun_lets_dependents_go_on(self):
        self.deploy()
        self.work()
        first = self.create(shell("test $RUN_ID = 1"))
        second = self.create(shell("true"), dependencies=[first])
        self.assertEqual(self.reasons(first), ["failed"])
        self.client.call("POST", f"queue/v1/task/{first}/rerun")
        self.assertEqual(self.reasons(second), ["completed"])
        self.assertEqual(self.status(first)["runs"][1]["reasonCreated"], "rerun")


class Faults(OfFakes):
    """What goes wrong on request, and what the queue makes of it."""

    SCRIPT = "mkdir out; echo $RUN_ID >out/run.zst; test $RUN_ID = 1 || { touch here; sleep 60; }"

    def broken(self, do, **more):
        self.deploy()
        self.work(faults=[{"name": "map 1", "do": do, **more}])
        artifacts = {"public/out": {"type": "directory", "path": "/home/worker/out"}}
        return self.create(shell(self.SCRIPT), payload={"artifacts": artifacts})

    def test_a_worker_that_is_told_to_end(self):
        task_id = self.broken("worker-shutdown", when="here")
        self.assertEqual(self.reasons(task_id), ["worker-shutdown", "completed"])
        self.assertEqual(self.artifact(task_id, "public/out/run.zst")[1], b"1\n")
        self.assertEqual(self.artifact(task_id, "public/out/run.zst", run=0)[1], b"0\n")
        self.assertEqual(self.status(task_id)["retriesLeft"], 4)

    def test_a_worker_that_is_gone(self):
        task_id = self.broken("claim-expired", when="here")
        self.assertEqual(self.reasons(task_id), ["claim-expired", "completed"])
        self.assertEqual(self.artifacts(task_id, run=0).keys(), {"public/logs/live.log"})

    def test_a_command_that_is_killed(self):
        self.assertEqual(self.reasons(self.broken("kill", when="here")), ["failed"])

    def test_a_task_that_is_cancelled(self):
        task_id = self.broken("cancel", when="here")
        self.assertEqual(self.reasons(task_id), ["canceled"])

    def test_an_upload_that_is_lost(self):
        self.deploy()
        worker = self.work(faults=[{"name": "map 1", "do": "resource-unavailable"}])
        task_id = self.create(shell("true"))
        self.assertEqual(self.reasons(task_id), ["resource-unavailable"], worker.events())

    def test_artifacts_that_are_lost(self):
        self.deploy()
        self.work(faults=[{"name": "map 1", "do": "uploads-lost", "artifact": "a.zst"},
                          {"name": "map 1", "run": 1, "do": "uploads-lost", "created": True}])
        names = {"public/a.zst", "public/b.zst"}
        artifacts = {"public": {"type": "directory", "path": "/home/worker/out"}}
        task_id = self.create(shell("mkdir out; echo >out/a.zst; echo >out/b.zst"), payload={"artifacts": artifacts})
        self.assertEqual(self.reasons(task_id), ["completed"])
        self.assertEqual({"public/b.zst"}, self.artifacts(task_id).keys() & names)
        self.client.call("POST", f"queue/v1/task/{task_id}/rerun")
        self.assertEqual(self.reasons(task_id), ["completed", "completed"])
        self.assertEqual(names, self.artifacts(task_id).keys() & names)
        self.assertIn(b"NoSuchKey", self.artifact(task_id, "public/b.zst")[1])

    def test_a_run_that_goes_on_when_its_claim_has_ended(self):
        self.deploy()
        worker = self.work(capacity=2, faults=[{"name": "map 1", "do": "claim-lost"}])
        task_id = self.create(shell(f"test $RUN_ID = 1 && exec touch {self.path('go')}; until test -e {self.path('go')}; do sleep 0.01; done"))
        self.assertEqual(self.reasons(task_id), ["claim-expired", "completed"])
        self.wait_for(lambda: any(one["event"] == "gave up" for one in worker.events()), "the end of the first run")

    def test_claims_end_and_are_renewed(self):
        self.deploy(claim_seconds=3)
        worker = self.work(reclaim_seconds=0.05)
        task_id = self.create(shell("sleep 0.5"))
        self.assertEqual(self.reasons(task_id), ["completed"], worker.events())
        reclaims = [one for one in self.tc.requests() if one["path"].endswith("/reclaim")]
        self.assertGreater(len(reclaims), 1)


class TheProxy(OfFakes):
    """What a task can do through its proxy."""

    def ask(self, path, scopes, wanted="%{http_code} %{redirect_url}", **more):
        """What curl says of a request for that path, from within a task with these scopes."""
        script = f"curl -s -o body -w '{wanted}' \"$TASKCLUSTER_PROXY_URL{path}\" >out; true"
        artifacts = {"out": {"type": "file", "path": "/home/worker/out"}}
        payload = {"features": {"taskclusterProxy": True}, "artifacts": artifacts}
        task_id = self.create(shell(script), payload=payload, scopes=scopes, **more)
        self.resolved(task_id)
        return gzip.decompress(self.artifact(task_id, "out")[1]).decode().strip()

    def setUp(self):
        super().setUp()
        self.deploy(hiccups=7, secrets={"project/x": {"a": "b"}})
        self.work()

    def test_it_signs_with_the_scopes_of_the_task(self):
        self.assertEqual(self.ask("/api/secrets/v1/secret/project%2Fx", ["secrets:get:project/*"]), "200")
        self.assertEqual(self.ask("/api/secrets/v1/secret/project%2Fx", ["secrets:get:project/y"]), "403")

    def test_it_does_not_follow(self):
        first = self.ask("/api/queue/v1/ping", [])
        self.assertEqual(first, "200")
        group = self.create(shell("echo kept >out"), payload={"artifacts": {"public/out": {"type": "file", "path": "/home/worker/out"}}})
        self.resolved(group)
        said = self.ask(f"/api/queue/v1/task/{group}/artifacts/public%2Fout", ["queue:get-artifact:*"])
        self.assertEqual(said, f"303 {self.tc.url}/store/{group}/0/public/out?signed=get")

    def test_it_is_patient_with_a_deployment_that_is_away(self):
        proxy = Proxy("http://127.0.0.1:1", self.client.credentials, [], seconds=0.1)
        self.addCleanup(proxy.end)
        status, _, body = hawk.send(proxy.url + "/api/queue/v1/ping", "GET", {}, b"")
        self.assertEqual((status, body[:28]), (500, b"Failed during proxy request:"))

    def test_many_scopes_are_too_much_for_a_header(self):
        scopes = [f"queue:get-artifact:project/example/{number:015d}" for number in range(40)]
        self.assertEqual(self.ask("/api/auth/v1/scopes/current", scopes), "401")
        self.assertEqual(self.ask("/api/auth/v1/scopes/current", ["auth:current-scopes", *scopes[:15]]), "200")


class Mails(OfFakes):
    def test_they_are_checked_and_sent_once(self):
        self.deploy(denylist=["no@example.com"])
        mail = {"address": "a@example.com", "subject": "s", "content": "c"}
        self.assertEqual(self.client.call("POST", "notify/v1/email", mail), b"OK")
        self.assertEqual(self.client.call("POST", "notify/v1/email", mail), b"")
        rows = [{"subject": ""}, {"subject": "x" * 256}, {"to": "b"}, {"address": "nobody"}, {"link": {"text": "x" * 41, "href": "https://a"}},
                {"link": {"text": "x", "href": "not a link"}}, {"address": "no@example.com"}]
        for change in rows:
            with self.subTest(str(change)), self.assertRaises(Refused) as caught:
                self.client.call("POST", "notify/v1/email", mail | change)
            self.assertEqual(caught.exception.status, 400)

if __name__ == "__main__":
    unittest.main()
