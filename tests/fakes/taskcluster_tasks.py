"""The tasks of the fake deployment: their groups, dependencies, runs and claims. Everything happens behind one lock."""

import collections
import datetime
import threading

import taskcluster_rules as rules
from taskcluster_access import Access
from taskcluster_terms import OPEN_STATES, RESOLVED_STATES, SLACK, date_text, parse_date, require, utc_now

MOST_RUNS = 50
LONGEST_DEADLINE = datetime.timedelta(days=5)
DEADLINE_SECONDS = 60
DONE = {"cancel": "canceled", "rerun": "rescheduled", "schedule": "scheduled"}
RETRIED = {"worker-shutdown": "retry", "claim-expired": "retry", "intermittent-task": "task-retry"}  # and why the next run is made


def listed(ids):
    return "\n".join(f" * {one}" for one in ids)


class Entry:
    """One task, and what the queue knows of it."""

    def __init__(self, task_id, task):
        self.task_id, self.task = task_id, task
        kept = ("provisionerId", "workerType", "taskQueueId", "schedulerId", "projectId", "taskGroupId", "priority", "deadline", "expires")
        self.status = {"taskId": task_id} | {name: task[name] for name in kept}
        self.status |= {"retriesLeft": task["retries"], "state": "unscheduled", "runs": []}
        self.artifacts = {}  # run: {name: ...}
        self.waits_for = set(task["dependencies"])
        self.free_at = None  # when the queue notices that it waits for nothing any more
        self.deadline = parse_date(task["deadline"], "deadline")

    @property
    def state(self):
        return self.status["state"]

    @property
    def runs(self):
        return self.status["runs"]


class Deployment:
    def __init__(self, plan):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.plan = plan
        self.access = Access(plan, self.now)
        self.tasks = {}
        self.groups = {}
        self.dependents = collections.defaultdict(list)
        self.index = {}
        self.store = {}  # what artifacts hold: (bytes, type, encoding)
        self.objects = {}  # what the object service knows of some of them
        self.mails = collections.deque(maxlen=1000)
        self.requests = []

    def now(self):
        return utc_now() + datetime.timedelta(seconds=self.plan.get("clock_offset", 0))

    # --- reading

    def group(self, group_id):
        require(group_id in self.groups, 404, "ResourceNotFound", f"No task-group with taskGroupId: `{group_id}`")
        return self.groups[group_id]

    def group_tasks(self, group_id):
        return [entry for entry in self.tasks.values() if entry.task["taskGroupId"] == group_id]

    def task(self, task_id):
        require(task_id in self.tasks, 404, "ResourceNotFound", f"`{task_id}` does not correspond to a task that exists.")
        entry = self.tasks[task_id]
        self.notice_time(entry)
        return entry

    def run(self, task_id, run_id):
        entry = self.task(task_id)
        require(int(run_id) < len(entry.runs), 404, "ResourceNotFound", f"Run {run_id} not found on task {task_id}.")
        return entry, entry.runs[int(run_id)]

    # --- making tasks

    def create(self, task_id, given, may):
        task = rules.complete_task(task_id, given)
        priorities = rules.PRIORITIES[: rules.PRIORITIES.index(task["priority"]) + 1]
        may({"AllOf": [
            *task["scopes"], *[f"queue:route:{route}" for route in task["routes"]],
            f"queue:create-task:project:{task['projectId']}", f"queue:scheduler-id:{task['schedulerId']}",
            {"AnyOf": [f"queue:create-task:{priority}:{task['taskQueueId']}" for priority in priorities]},
        ]})  # fmt: skip
        self.check_dates(task)
        doubled = any(scope.endswith("**") for scope in task["scopes"])
        require(not doubled, 400, "InputError", "scopes must not end with `**`")
        # Before the look at the task: the same again is refused too where the group is sealed.
        self.enter_group(task)
        require(rules.can_be_stored(task), 500, "InternalServerError", "Internal Server Error, incident ID 17")
        if task_id in self.tasks:
            same = self.tasks[task_id].task == task
            require(same, 409, "RequestConflict", f"taskId `{task_id}` already used by another task.")
            return self.task(task_id)
        self.check_dependencies(task_id, task)
        entry = self.tasks[task_id] = Entry(task_id, task)
        for one in task["dependencies"]:
            self.dependents[one].append(entry)
            self.satisfy(entry, one, self.tasks[one].state)
        if not entry.waits_for:
            self.add_run(entry, "scheduled")
        return entry

    def check_dates(self, task):
        now = self.now()
        created, deadline, expires = (parse_date(task[name], name) for name in ("created", "deadline", "expires"))
        rows = {
            "`created` cannot be in the past (max 15min drift)": created >= now - SLACK,
            "`created` cannot be in the future (max 15min drift)": created <= now + SLACK,
            "`deadline` cannot be later than `created`": created <= deadline,  # the text has it the wrong way round
            "`deadline` cannot be in the past": now <= deadline,
            "`deadline` cannot be more than 5 days into the future": deadline <= now + LONGEST_DEADLINE + SLACK,
            "`expires` cannot be before `deadline`": deadline <= expires,
        }
        for message, is_right in rows.items():
            require(is_right, 400, "InputError", message)

    def enter_group(self, task):
        """The group is there from now on, whatever becomes of the task."""
        group_id, scheduler = task["taskGroupId"], task["schedulerId"]
        group = self.groups.setdefault(group_id, {"taskGroupId": group_id, "schedulerId": scheduler, "expires": task["expires"]})
        same = group["schedulerId"] == scheduler
        require(same, 409, "RequestConflict", f"Task group `{group_id}` contains tasks with a schedulerId other\nthan `{scheduler}`.")
        require("sealed" not in group, 409, "RequestConflict", f"Task group `{group_id}` is sealed and does not accept new tasks.")
        group["expires"] = max(group["expires"], task["expires"])

    def check_dependencies(self, task_id, task):
        others = [one for one in task["dependencies"] if one != task_id]
        missing = [one for one in others if one not in self.tasks]
        require(not missing, 400, "InputError", f"`task.dependencies` references non-existing tasks: \n{listed(missing)}")
        early = [one for one in others if parse_date(self.tasks[one].task["expires"], "") < parse_date(task["deadline"], "")]
        text = "`task.dependencies` references tasks that expires\nbefore `task.deadline` this is not allowed, see tasks: \n"
        require(not early, 400, "InputError", text + listed(early))

    # --- what becomes of them

    def satisfy(self, entry, dependency, state):
        """One way only: what was satisfied stays so, even if that task is run again."""
        if state == "completed" or (state in RESOLVED_STATES and entry.task["requires"] == "all-resolved"):
            entry.waits_for.discard(dependency)

    def add_run(self, entry, reason):
        entry.runs.append(
            {"runId": len(entry.runs), "state": "pending", "reasonCreated": reason, "scheduled": date_text(self.now())}
        )
        entry.status["state"] = "pending"
        self.changed.notify_all()

    def resolve(self, entry, state, reason):
        status = entry.status
        if not status["runs"]:
            self.add_run(entry, "exception")
        status["runs"][-1].update(state=state, reasonResolved=reason, resolved=date_text(self.now()))
        status["state"] = state
        if reason in RETRIED and status["retriesLeft"] > 0 and len(status["runs"]) < MOST_RUNS:
            status["retriesLeft"] -= 1
            self.add_run(entry, RETRIED[reason])
            return
        for dependent in self.dependents[entry.task_id]:
            self.satisfy(dependent, entry.task_id, state)
            if not dependent.waits_for and dependent.free_at is None:
                dependent.free_at = self.now() + datetime.timedelta(seconds=self.plan.get("resolver_seconds", 0))
            self.notice_time(dependent)
        if state == "completed":
            for route in entry.task["routes"]:
                if route.startswith("index."):
                    self.index[route.removeprefix("index.")] = entry.task_id

    def notice_time(self, entry):
        """A deadline, the end of a claim, or the end of waiting."""
        if entry.state not in OPEN_STATES:
            return
        now = self.now()
        if now > entry.deadline:
            # It stays as it is until the queue notices, and nothing else happens to it.
            if now > entry.deadline + datetime.timedelta(seconds=self.plan.get("deadline_seconds", DEADLINE_SECONDS)):
                self.resolve(entry, "exception", "deadline-exceeded")
        elif entry.state == "unscheduled" and entry.free_at is not None and now >= entry.free_at:
            self.add_run(entry, "scheduled")
        elif entry.state == "running" and now > parse_date(entry.runs[-1]["takenUntil"], "takenUntil"):
            self.resolve(entry, "exception", "claim-expired")

    def change(self, entry, verb):
        self.require_before_deadline(entry, DONE[verb])
        if verb == "cancel" and entry.state in OPEN_STATES:
            self.resolve(entry, "exception", "canceled")
        elif verb == "rerun" and entry.state not in ("pending", "running"):
            require(len(entry.runs) < MOST_RUNS, 409, "RequestConflict", f"Maximum number of runs reached ({MOST_RUNS}).")
            entry.status["retriesLeft"] = entry.task["retries"]
            self.add_run(entry, "rerun")
        elif verb == "schedule" and entry.state == "unscheduled":
            self.add_run(entry, "scheduled")

    def require_before_deadline(self, entry, done):
        text = f"Task `{entry.task_id}` can't be {done} past its deadline of {entry.task['deadline']}."
        require(self.now() <= entry.deadline, 409, "RequestConflict", text)

    # --- claims

    def end_of_claim(self):
        return date_text(self.now() + datetime.timedelta(seconds=self.plan.get("claim_seconds", 1200)))

    def claim(self, queue, worker, most):
        """Runs for a worker: (entry, run) each; those of a higher priority first, then in the order of creation."""
        for entry in list(self.tasks.values()):
            self.notice_time(entry)
        open_ones = [entry for entry in self.tasks.values() if entry.state == "pending" and self.now() <= entry.deadline]
        pending = [entry for entry in open_ones if entry.task["taskQueueId"] == queue]
        pending.sort(key=lambda entry: rules.PRIORITIES.index(entry.task["priority"]))
        claimed = []
        for entry in pending[:most]:
            run = entry.runs[-1]
            run.update(state="running", started=date_text(self.now()), takenUntil=self.end_of_claim(), **worker)
            entry.status["state"] = "running"
            claimed.append((entry, run))
        return claimed

    def credentials_of(self, entry, run):
        own = [f"queue:{what}:{entry.task_id}/{run['runId']}" for what in ("reclaim-task", "resolve-task", "create-artifact")]
        until = f"{parse_date(run['takenUntil'], '').timestamp():.3f}".rstrip("0").rstrip(".")
        name = f"task-client/{entry.task_id}/{run['runId']}/on/{run['workerGroup']}/{run['workerId']}/until/{until}"
        return self.access.issue(name, own + entry.task["scopes"])
