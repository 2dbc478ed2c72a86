"""A child never sees quern's secrets unless the job asks for one by name."""
import os
import subprocess

from scenario import Scenario

SECRETS = {
    "CREDENTIALS": "secret-credentials",
    "AWS_ACCESS_KEY_ID": "secret-key-id",
    "AWS_SECRET_ACCESS_KEY": "secret-key",
    "AWS_SESSION_TOKEN": "secret-session",
    "AWS_PROFILE": "secret-profile",
    "TASKCLUSTER_ACCESS_TOKEN": "secret-token",
    "TASKCLUSTER_CLIENT_ID": "secret-client",
    "TASKCLUSTER_CERTIFICATE": "secret-certificate",
}
JOBS = {
    "python": ("mapper.py", "import os\ndef mapper(key, file, record):\n    return [f'{k}={v}' for k, v in os.environ.items() "
                            "if '\\n' not in v]\n", "function"),
    "javascript": ("mapper.js", "exports.mapper = () => Object.entries(process.env).map(([k, v]) => `${k}=${v}`);\n", "function"),
    "binary": ("mapper.sh", "#!/bin/sh\ncat >/dev/null\nexec env\n", "lines"),
}


class Secrets(Scenario):
    def environment_of(self, language, env="{}", **more):
        script, text, interface = JOBS[language]
        self.write("analysis-tools.yml", f"mapper: {{language: {language}, interface: {interface}, script: {script}, env: {env}}}\n"
                                         "inputs: [data/*]\nrecord: text\nseparator: '='\n")
        self.write(script, text, executable=True)
        self.write("data/a.txt", "a\n")
        run = self.quern("run", environment={**SECRETS, **more})
        self.assert_run(run)
        return dict(line.split("=", 1) for line in run.result.splitlines() if "=" in line), run

    def test_none_reaches_a_child(self):
        for language in JOBS:
            with self.subTest(language=language):
                seen, run = self.environment_of(language, HARMLESS="harmless")
                self.assertNotIn("secret-", run.result)
                self.assertEqual(seen["HARMLESS"], "harmless")

    def test_a_proxy_with_a_password_does_not_reach_a_child(self):
        proxies = {"http_proxy": "http://me:secret-proxy@127.0.0.1:9", "HTTPS_PROXY": "me:secret-proxy@127.0.0.1:9",
                   "All_Proxy": "socks5://me:secret-proxy@127.0.0.1:9", "ftp_proxy": "http://127.0.0.1:9", "no_proxy": "localhost"}
        for language in JOBS:
            with self.subTest(language=language):
                seen, run = self.environment_of(language, **proxies)
                self.assertNotIn("secret-", run.result)
                self.assertEqual((seen["ftp_proxy"], seen["no_proxy"]), ("http://127.0.0.1:9", "localhost"))
                seen, _ = self.environment_of(language, "{HTTPS_PROXY: }", **proxies)
                self.assertEqual(seen["HTTPS_PROXY"], proxies["HTTPS_PROXY"])
                self.assertNotIn("http_proxy", seen)

    def test_values_of_env_are_not_shown(self):
        """By no command, of no worker, wherever the setting comes from."""
        worker = "{language: python, script: mapper.py, env: {TOKEN: hunter2, 'A B': 'hunter2 too', HOME: }}"
        self.write("mapper.py", "def mapper(key, file, record):\n    return 'k', 1\ndef reduce(key, values):\n    return key\n")
        self.write("analysis-tools.yml", f"mapper: {worker}\ncombiner: {worker}\nreducer: {worker}\nsteps: [{{mapper: {worker}}}]\n"
                                         "inputs: [data/*]\nrecord: text\n"
                                         "taskcluster: {env: {T: hunter2, NONE: null}, priority: low}\n")
        self.write("data/a", "a\n")
        own = ["--set", "mapper.env.PASSWORD=hunter2", "--set", "reducer.env={T: hunter2}", "--set", "taskcluster.env.T=hunter2"]
        for arguments in (["check"], ["check", *own], ["run", "-v", "--log", "log", *own], ["run", "--json", *own], ["try"], ["doctor"]):
            with self.subTest(arguments):
                run = self.quern(*arguments)
                texts = [run.stdout, run.stderr] + [run.left(name) for name in ("result.json", "log", "result.txt") if run.left(name)]
                self.assertNotIn("hunter2", "".join(texts), run)
        self.assertIn("mapper.env: {\"A B\": …, HOME: ~, TOKEN: …}", self.quern("check").stdout)
        self.assertIn('taskcluster: {"env":{"T":"…","NONE":null},"priority":"low"}', self.quern("check").stdout)

    def test_env_hands_one_through_by_name(self):
        for language in JOBS:
            with self.subTest(language=language):
                seen, run = self.environment_of(language, "{AWS_SECRET_ACCESS_KEY: , COLOUR: blue}")
                self.assertEqual(seen["AWS_SECRET_ACCESS_KEY"], "secret-key")
                self.assertEqual(seen["COLOUR"], "blue")
                self.assertEqual(run.result.count("secret-"), 1)

    def test_none_is_shown_or_kept(self):
        for language in JOBS:
            _, run = self.environment_of(language)
            for text in (run.stdout, run.stderr, run.left("result.json")):
                self.assertNotIn("secret-", text)

    def test_none_is_read_from_quern_itself(self):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.sh}\ninputs: [data/*]\nrecord: text\n")
        self.write("mapper.sh", "#!/bin/sh\ncat >/dev/null\ntr '\\0' '\\n' <\"/proc/$PPID/environ\" || echo refused 1\n", executable=True)
        self.write("data/a.txt", "a\n")
        # Root may read everything, so where it runs the tests somebody else runs quern.
        user = {"user": 65534} if os.geteuid() == 0 else {}
        if user:
            subprocess.run(["chown", "-R", "65534", self.folder], check=True)
        try:
            process = self.start("run", environment=SECRETS, **user)
        except PermissionError:
            self.skipTest("others than root may not start quern here")
        run = self.finish(process)
        self.assert_run(run, result="refused 1\n")

    def test_no_signed_url_is_shown_where_it_is_in_the_wrong_place(self):
        url = "https://me:secret-password@127.0.0.1:9/a.txt?X-Amz-Signature=secret-signature"
        right = {"mapper": "{builtin: count}", "inputs": "[data/*]"}
        self.write("data/a.txt", "a\n")
        for name, value in [("inputs", f"[{url}]"), ("inputs", f"{{url: '{url}'}}"), ("record", f"'{url}'"), ("name", f"['{url}']"),
                            ("separator", f"\"{url}"), (f"'{url}'", "1"), ("limits", f"{{memory: '{url}'}}"), ("limits", f"{{'{url}': 1}}"),
                            ("result", f"'{url}'"), ("mapper", f"{{builtin: '{url}'}}"),
                            ("where", f"'{url} ='"), ("fields", f"['{url}[']"), ("downloads", f"{{directory: '{url}'}}"),
                            ("taskcluster", f"{{image: '{url}'}}"), ("taskcluster", f"{{root_url: '{url}'}}"), ("include", f"['{url}']")]:
            text = "".join(f"{key}: {of}\n" for key, of in (right | {name: value}).items())
            self.write("analysis-tools.yml", text)
            for command in (["check"], ["run"], ["plan"], ["submit", "--dry-run"]):
                with self.subTest(text=text, command=command):
                    run = self.quern(*command)
                    self.assertNotIn("secret-", run.stdout + run.stderr)
        self.write("analysis-tools.yml", "".join(f"{key}: {of}\n" for key, of in right.items()))
        for command in (["run", f"--{url}"], ["run", "--set", f"limits.memory={url}"], ["run", "--set", f"{url}=1"], ["run", f"--processes={url}"],
                        ["fetch", url], ["watch", url], ["retry", url], ["run", "-C", url], [url], ["run", "-o", url],
                        ["map", "--bucket", url], ["reduce", url], ["run", "-i", url, "-i", "-i"]):
            with self.subTest(command=command):
                run = self.quern(*command)
                self.assertNotEqual(run.status, 0, run)
                self.assertNotIn("secret-", run.stdout + run.stderr)

    def test_descriptors_of_quern_do_not_reach_a_child(self):
        self.write("analysis-tools.yml", "mapper: {language: binary, interface: lines, script: mapper.sh}\ninputs: [data/*]\nrecord: text\n")
        self.write("mapper.sh", "#!/bin/sh\ncat >/dev/null\nls /proc/$$/fd\n", executable=True)
        self.write("data/a.txt", "a\n")
        run = self.quern("run")
        self.assert_run(run)
        # The shell itself keeps its script open at 10 or above (dash) or 255 (bash).
        self.assertEqual([number for number in run.result.split() if int(number) < 10], ["0", "1", "2"], run)
