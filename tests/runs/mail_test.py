"""quern tells the owner of a job how it ended: by SMTP, by sendmail, by Taskcluster; never at the job's cost."""
import email.policy
import json
import os
import signal
import subprocess
import time
import urllib.request
from unittest import mock

from deployment import TOKEN, Deployed
from remote_test import Server
from scenario import COUNT_SYSTEMS, JOB, SUM, Scenario, dedent, pings
from task_test import PREFIX, InTask
from taskcluster_test import Cluster

OWNER = "jane@example.com"
PASSWORD = "pass word/" + "s3cret"
PASSWORD_IN_URL = "pass%20word%2F" + "s3cret"


def notify(via, more=""):
    return JOB + f"owner: {OWNER}\nnotify: {{via: {via}{more}}}\n"


def parsed(text):
    """The mail as its reader sees it; what is no mail in every respect fails here."""
    message = email.message_from_string(text, policy=email.policy.default)
    for part in [message, *message.values()]:
        assert not part.defects, part.defects
    return message


class Mailed(Scenario):
    """A job, and a mail server that writes down what it takes."""

    def job(self, text, systems=("Linux", "Windows"), name="count"):
        folder = f"jobs/{name}"
        self.write_all({f"{folder}/analysis-tools.yml": text, f"{folder}/mapper.py": COUNT_SYSTEMS, f"{folder}/reducer.py": SUM,
                        f"{folder}/data/a.json": pings(*systems)})
        return self.path(folder)

    def serve_mail(self, **plan):
        self.log = self.path("mails.jsonl")
        server = Server(self, "smtp_server.py", {"log": self.log, **plan})
        self.smtp = f"127.0.0.1:{server.port}"
        return server

    def certificate(self):
        """A PEM file with a certificate for 127.0.0.1 and its key, and one with the certificate alone."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.example.com",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "mail.crt"],
                       cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        self.write("both.pem", self.read("mail.crt") + self.read("key.pem"))
        return self.path("both.pem"), self.path("mail.crt")

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def run_job(self, job, url=None, *arguments, **variables):
        return self.quern("run", job, *arguments, environment={"SMTP_URL": url or f"smtp://{self.smtp}", **variables})

    def mails(self):
        if not os.path.exists(self.log):
            return []
        return [json.loads(line) for line in self.read("mails.jsonl").splitlines()]

    def mail(self):
        mails = self.mails()
        self.assertEqual(len(mails), 1, mails)
        self.assertEqual(mails[0]["to"], [OWNER])
        return parsed(mails[0]["data"])

    def environment(self, extra):
        own = {"HOME": self.folder, "SMTP_URL": None, "SENDMAIL": None, "SSL_CERT_FILE": None, "CURL_CA_BUNDLE": None,
               "no_proxy": "127.0.0.1,localhost"}
        return super().environment({**own, **extra})


class BySmtp(Mailed):
    def test_a_mail_says_what_became_of_the_job(self):
        self.serve_mail()
        run = self.run_job(self.job(notify("smtp")))
        self.assert_run(run, result="Linux 1\nWindows 1\n", says=[f"note: sent a mail to {OWNER} by smtp"])
        mail = self.mail()
        self.assertEqual(mail["subject"], "count is done")
        self.assertEqual(mail["to"], OWNER)
        # Who has no better address sends to himself.
        self.assertEqual(mail["from"], f"quern <{OWNER}>")
        self.assertEqual(mail["auto-submitted"], "auto-generated")
        self.assertLess(abs(mail["date"].datetime.timestamp() - time.time()), 600)
        text = mail.get_content()
        for part in (f"The job `count` of `{OWNER}` is done.", self.path("result.txt") + " on ", "1 found = 1 mapped + 0 failed + 0 skipped",
                     "2 read = 2 mapped + 0 bad", "done in "):
            self.assertIn(part, text)

    def test_by_starttls_with_a_password(self):
        both, certificate = self.certificate()
        self.serve_mail(certificate=both, user="jane@example.org", password=PASSWORD)
        url = f"smtp://jane%40example.org:{PASSWORD_IN_URL}@{self.smtp}"
        run = self.run_job(self.job(notify("smtp")), url, SSL_CERT_FILE=certificate)
        self.assert_run(run, says=["sent a mail"])
        self.assertEqual([(mail["tls"], mail["user"], mail["from"]) for mail in self.mails()], [(True, "jane@example.org", "jane@example.org")])

    def test_by_tls_from_the_start(self):
        both, certificate = self.certificate()
        self.serve_mail(certificate=both, smtps=True)
        run = self.run_job(self.job(notify("smtp")), f"smtps://{self.smtp}", SSL_CERT_FILE=certificate, QUERN_MAIL_FROM="jobs@example.org")
        self.assert_run(run, says=["sent a mail"])
        self.assertEqual(self.mail()["from"], "quern <jobs@example.org>")

    def test_a_server_that_nobody_vouches_for_gets_nothing(self):
        both, _ = self.certificate()
        self.serve_mail(certificate=both, user="jane", password=PASSWORD)
        run = self.run_job(self.job(notify("smtp")), f"smtp://jane:{PASSWORD_IN_URL}@{self.smtp}")
        self.assert_run(run, result="Linux 1\nWindows 1\n", says=["warning: the mail", "certificate", "SSL_CERT_FILE"])
        self.assertEqual(self.mails(), [])

    def test_a_wrong_password_is_not_shown(self):
        both, certificate = self.certificate()
        self.serve_mail(certificate=both, user="jane", password="right")
        run = self.run_job(self.job(notify("smtp")), f"smtp://jane:{PASSWORD_IN_URL}@{self.smtp}", "--log", "log", SSL_CERT_FILE=certificate)
        self.assert_run(run, says=["warning: the mail", "refuses the user name or the password (reply 535)"])
        for text in (run.stderr, self.read("log"), self.read("result.json")):
            self.assertNotIn("s3cret", text)

    def test_modules_do_not_see_the_password(self):
        self.serve_mail()
        job = self.job(notify("smtp"))
        self.write(os.path.join(job, "mapper.py"), dedent("""
            import os
            def mapper(key, file, record):
                return str("SMTP_URL" in os.environ), 1
            """))
        self.assert_run(self.run_job(job), result="False 2\n")

    def test_a_refusal_is_said(self):
        self.serve_mail(replies={"RCPT": ["550 5.1.1 who is that?"]})
        self.assert_run(self.run_job(self.job(notify("smtp"))), result="Linux 1\nWindows 1\n",
                        says=[f"warning: the mail to {OWNER} was not sent by smtp", "550 5.1.1 who is that?"])

    def test_nobody_is_there(self):
        self.serve_mail().end()
        self.assert_run(self.run_job(self.job(notify("smtp"))), result="Linux 1\nWindows 1\n", says=["warning: the mail", "connect"])

    def test_what_is_missing_is_said_at_the_start(self):
        job = self.job(notify("smtp"))
        run = self.quern("run", job)
        self.assert_run(run, result="Linux 1\nWindows 1\n", says=[f"warning: {OWNER} will get no mail", "SMTP_URL is not set"])
        self.assertLess(run.stderr.index("will get no mail"), run.stderr.index("map: started"))
        run = self.quern("run", job, environment={"SMTP_URL": "smtp://u:s3cret@ho st"})
        self.assert_run(run, says=["warning: ", "SMTP_URL: it has no valid host name"])
        self.assertNotIn("s3cret", run.stderr)

    def test_events_have_it_too(self):
        self.serve_mail()
        run = self.run_job(self.job(notify("smtp")), None, "--json")
        events = [json.loads(line) for line in run.stderr.splitlines()]
        self.assertIn(f"sent a mail to {OWNER} by smtp", [event.get("text") for event in events[:-1]])
        self.assertEqual(events[-1]["event"], "accounting", run)


class WhatIsTold(Mailed):
    def setUp(self):
        super().setUp()
        self.serve_mail()

    def test_why_a_job_failed(self):
        job = self.job(notify("smtp"))
        self.write(os.path.join(job, "mapper.py"), "def mapper(key, file, record):\n    raise ValueError('it is ' + 'bad')\n")
        self.assert_run(self.run_job(job), status=1, says=["sent a mail"])
        mail = self.mail()
        self.assertEqual(mail["subject"], "count failed")
        self.assertIn("it is bad", mail.get_content())
        self.assertNotIn("The result", mail.get_content())

    def test_which_inputs_failed(self):
        job = self.job(notify("smtp") + "limits: {failed_inputs: 5}\n")
        self.write(os.path.join(job, "data/b.json.gz"), b"\x1f\x8b\x08\x00no gzip")
        self.assert_run(self.run_job(job), status=3)
        self.assertEqual(self.mail()["subject"], "count is done, with losses within its limits")
        self.assertRegex(self.mail().get_content(), r"failed +.*b\.json\.gz: ")

    def test_that_there_is_no_input(self):
        job = self.job(notify("smtp"))
        os.remove(os.path.join(job, "data/a.json"))
        run = self.run_job(job)
        self.assertNotEqual(run.status, 0, run)
        self.assertEqual(self.mail()["subject"], "count failed")

    def test_only_of_what_is_asked_for(self):
        for on, fails, expected in (("completed", False, 1), ("completed", True, 0), ("failed", False, 0), ("failed", True, 1)):
            with self.subTest(on=on, fails=fails):
                job = self.job(notify("smtp", f", on: {on}"))
                if fails:
                    self.write(os.path.join(job, "reducer.py"), "def reduce(key, values):\n    raise ValueError\n")
                self.assert_run(self.run_job(job), status=1 if fails else 0)
                self.assertEqual(len(self.mails()), expected)
                if expected:
                    os.remove(self.log)

    def test_halves_tell_nobody(self):
        job = self.job(notify("smtp"))
        run = self.quern("map", "data/a.json", folder=job, environment={"SMTP_URL": f"smtp://{self.smtp}"})
        self.assertEqual(run.status, 0, run)
        self.assertEqual(self.mails(), [])

    def test_names_in_all_letters(self):
        job = self.job(notify("smtp"), name="größe_日本語")
        self.assert_run(self.run_job(job))
        self.assertEqual(self.mail()["subject"], "größe_日本語 is done")
        self.assertIn("größe_日本語", self.mail().get_content())

    def test_names_that_would_be_headers(self):
        job = self.job(notify("smtp"), name="count\nBcc: eve@example.com\n\nbody\r\n.\r\nQUIT\r\n")
        self.assert_run(self.run_job(job))
        mail = self.mail()
        self.assertEqual(mail.keys(), ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
                                       "Content-Transfer-Encoding", "Auto-Submitted"])
        self.assertTrue(mail["subject"].endswith(" is done"), mail["subject"])

    def test_owners_that_are_more_than_an_address(self):
        for owner in ("jane@example.com\\nBcc: eve@example.com", "jane@example.com, eve@example.com", "Jane <jane@example.com>", "jane@x>\\r\\nDATA"):
            with self.subTest(owner):
                job = self.job(JOB + f'owner: "{owner}"\nnotify: {{via: smtp}}\n')
                self.assert_fails(self.run_job(job), "owner", status=2)
        self.assertEqual(self.mails(), [])

    def test_a_sender_that_is_more_than_an_address(self):
        run = self.run_job(self.job(notify("smtp")), None, QUERN_MAIL_FROM="jobs@x\r\nBcc: eve@x")
        self.assert_run(run, says=["warning: ", "QUERN_MAIL_FROM"])
        self.assertEqual(self.mails(), [])


class BeingStopped(Mailed):
    def start_a_job_that_sleeps(self):
        job = self.job(notify("smtp"))
        self.write(os.path.join(job, "mapper.py"), "import time\ndef mapper(key, file, record):\n"
                   f"    open({self.path('started')!r}, 'w').close()\n    time.sleep(1000)\n")
        process = self.start("run", job, environment={"SMTP_URL": f"smtp://{self.smtp}"})
        self.wait_for_file("started")
        return process

    def test_by_ctrl_c_is_known_to_whoever_did_it(self):
        self.serve_mail()
        process = self.start_a_job_that_sleeps()
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).status, 130)
        self.assertEqual(self.mails(), [])

    def test_by_the_machine_is_told(self):
        self.serve_mail()
        process = self.start_a_job_that_sleeps()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process).status, 128 + signal.SIGTERM)
        self.assertEqual(self.mail()["subject"], "count was stopped")

    def test_ctrl_c_ends_the_mail_and_keeps_the_result(self):
        self.serve_mail(hang=True)
        process = self.start("run", self.job(notify("smtp")), environment={"SMTP_URL": f"smtp://{self.smtp}"})
        self.wait_for_file("result.json")
        process.send_signal(signal.SIGINT)
        self.assert_run(self.finish(process), result="Linux 1\nWindows 1\n", says=["stopping; press Ctrl-C again", "was not sent by smtp", "stopped"])


class BySendmail(Mailed):
    def program(self, script):
        return self.write("sendmail", f"#!/bin/sh\n{script}\n", executable=True)

    def test_a_program_takes_the_mail(self):
        taken = self.path("taken")
        run = self.quern("run", self.job(notify("sendmail")), environment={"SENDMAIL": self.program(f"echo \"$@\" >{taken}.arguments; cat >{taken}")})
        self.assert_run(run, says=[f"sent a mail to {OWNER} by sendmail"])
        self.assertEqual(self.read("taken.arguments"), "-t -i\n")
        mail = parsed(self.read("taken"))
        self.assertEqual((mail["to"], mail["subject"], mail["from"]), (OWNER, "count is done", None))

    def test_a_program_refuses(self):
        run = self.quern("run", self.job(notify("sendmail")), environment={"SENDMAIL": self.program("cat >/dev/null; echo no space >&2; exit 74")})
        self.assert_run(run, result="Linux 1\nWindows 1\n", says=["was not sent by sendmail", "exit status 74: no space"])

    def test_there_is_no_program(self):
        run = self.quern("run", self.job(notify("sendmail")), environment={"SENDMAIL": self.path("nothing")})
        self.assert_run(run, result="Linux 1\nWindows 1\n", says=["warning: ", "SENDMAIL names " + self.path("nothing")])


class ByTaskcluster(Deployed, Mailed):
    def own(self):
        return {"TASKCLUSTER_ROOT_URL": self.tc.url, "TASKCLUSTER_CLIENT_ID": "tester", "TASKCLUSTER_ACCESS_TOKEN": TOKEN}

    def asked(self):
        return [request["body"] for request in self.tc.requests() if request["path"] == "/api/notify/v1/email"]

    def test_its_service_sends_the_mail(self):
        self.deploy(scopes=[f"notify:email:{OWNER}"])
        self.assert_run(self.quern("run", self.job(notify("taskcluster")), environment=self.own()), says=[f"sent a mail to {OWNER} by taskcluster"])
        mail, = [json.loads(body) if isinstance(body, str) else body for body in self.asked()]
        self.assertEqual((mail["address"], mail["subject"]), (OWNER, "count is done"))
        self.assertIn("1 found = 1 mapped", mail["content"])

    def test_what_it_dropped_is_said(self):
        self.deploy(drops_mails=True)
        self.assert_run(self.quern("run", self.job(notify("taskcluster")), environment=self.own()),
                        says=[f"warning: Taskcluster dropped the mail to {OWNER}"])

    def test_a_missing_scope_is_said(self):
        self.deploy(scopes=[])
        self.assert_run(self.quern("run", self.job(notify("taskcluster")), environment=self.own()), result="Linux 1\nWindows 1\n",
                        says=["was not sent by taskcluster", "InsufficientScopes"])

    def test_elsewhere_it_is_only_a_note(self):
        self.assert_run(self.quern("run", self.job(notify("taskcluster"))), says=[f"note: {OWNER} will get no mail", "TASKCLUSTER_ROOT_URL"])


class FromTheFinalTask(InTask):
    MORE = f"owner: {OWNER}\nnotify: {{via: taskcluster}}\n"

    def asked(self):
        return [json.loads(request["body"]) if isinstance(request["body"], str) else request["body"]
                for request in self.tc.requests() if request["path"] == "/api/notify/v1/email"]

    def test_the_mail_links_to_the_result(self):
        self.job(self.MORE)
        final = self.final("reduce", needs=self.maps(), name="reduce")
        mail, = self.asked()
        self.assertEqual((mail["address"], mail["subject"]), (OWNER, "count is done"))
        url = f"{self.tc.url}/api/queue/v1/task/{final}/runs/0/artifacts/" + f"{PREFIX}/result.txt.zst".replace("/", "%2F")
        self.assertEqual(mail["link"], {"text": "Result", "href": url})
        self.assertIn("5 found = 5 mapped", mail["content"])

    def test_a_failed_map_is_named(self):
        self.job(self.MORE)
        self.write("data/2", "bad\n")
        good = self.task("map", "--", self.path("data/0"), name="map 1/2")
        bad = self.task("map", "--", self.path("data/2"), name="map 2/2", status=1)
        final = self.final("reduce", needs=[good, bad], name="reduce", status=1)
        mail, = self.asked()
        self.assertEqual(mail["subject"], "count failed")
        self.assertIn("count: map 2/2", mail["content"])
        self.assertEqual(mail["link"], {"text": "Task", "href": f"{self.tc.url}/tasks/{final}/runs/0"})

    def test_a_private_result_is_no_link(self):
        self.job(self.MORE)
        with mock.patch("task_test.PREFIX", "private/quern"):
            final = self.final("reduce", needs=self.maps(), name="reduce")
        mail, = self.asked()
        self.assertEqual(mail["link"], {"text": "Task", "href": f"{self.tc.url}/tasks/{final}/runs/0"})
        self.assertIn("private/quern/result.txt.zst, a private artifact", mail["content"])

    def test_other_tasks_tell_nobody(self):
        self.job(self.MORE)
        self.maps()
        self.assertEqual(self.asked(), [])

    def test_a_task_that_runs_again_tells_nobody_yet(self):
        self.job(self.MORE)
        maps = self.maps()
        self.change(faults=[{"path": "/tasks/status", "status": 503} for _ in range(9)])
        self.final("reduce", needs=maps, name="reduce", status=75)
        self.assertEqual(self.asked(), [])


class FromAGroup(Cluster):
    """quern submit, and workers that run the tasks."""

    def mails(self):
        return [json.loads(request["body"]) for request in self.tc.requests() if request["path"] == "/api/notify/v1/email"]

    def test_one_mail_links_to_what_can_be_fetched(self):
        self.deploy()
        self.example("os-count", "notify: {via: taskcluster}\n")
        self.work()
        run = self.submit()
        self.assert_run(run)
        mail, = self.mails()
        self.assertEqual((mail["address"], mail["subject"]), ("someone@example.com", "job is done"))
        with urllib.request.urlopen(mail["link"]["href"]) as answer:
            result = subprocess.run(["zstd", "-d", "-c"], input=answer.read(), stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(result, run.left("result.txt", text=False))
