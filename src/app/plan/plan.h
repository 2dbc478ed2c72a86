#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/utc_time.h"
#include "model/job.h"
#include "model/limits.h"
#include "model/packed_inputs.h"
#include "model/taskcluster/task_report.h"
#include "services/taskcluster/task.h"

// A job and its inputs as a graph of tasks for Taskcluster (docs/decisions/0011-tasks-of-a-job.md). Pure: no network,
// no clock, no randomness. Values of no thread.

namespace quern::plan {

// Where the image of the tasks comes from; exactly one form.
struct Image {
  std::string name;        // of a registry, best with its digest: name@sha256:...
  std::string task_id;     // of the task that made it; it becomes a dependency of every task
  std::string name_space;  // of the index
  std::string path;        // of the artifact, of both of these
};

enum class S3Access {
  kNone,         // tasks ask S3 without credentials
  kSealed,       // the CREDENTIALS of whoever submits, which only the image's key can open
  kTaskcluster,  // each map task asks Taskcluster's auth service for read-only ones, by scope
};

// From the highest to the lowest: who may create tasks at one may do so at all that follow.
inline const std::array<std::string, 7> kPriorities = {"highest", "very-high", "high",  "medium",
                                                       "low",     "very-low",  "lowest"};

// The `taskcluster:` map of a job file; docs/taskcluster.md says what each key means to its user.
struct Settings {
  std::string root_url;  // "": TASKCLUSTER_ROOT_URL
  std::string task_queue;
  Image image;
  std::string scheduler_id = "-";
  std::string project_id = "none";
  std::string priority = "lowest";
  std::chrono::seconds deadline = std::chrono::hours(24);      // from the plan's now
  std::chrono::seconds expires = std::chrono::hours(24 * 30);  // from the plan's now; not before the deadline
  std::chrono::seconds max_run_time = std::chrono::hours(2);
  std::chrono::seconds patience = limits::kTaskclusterPatience;  // of the commands, with a deployment that is away
  std::string artifact_prefix = "public/quern";                  // of the names of artifacts
  std::string work_folder = "/home/worker";                      // the image's working folder
  std::vector<std::string> routes;                               // of the final task
  std::vector<std::string> scopes;                               // of every task, beside those that it needs
  int retries = 5;
  std::uint64_t load_bytes =
      1ULL << 30;  // of a map task's inputs, as they are stored; one larger input is a load of its own
  std::size_t load_files = 50;
  std::size_t fan_in = 500;  // the most tasks that one waits for
  bool packs_job = true;     // false: the image has the job, as its /etc/analysis-tools.yml
  std::vector<std::string> pack_leaves_out;
  std::optional<S3Access> s3_access;  // none: kSealed if there are CREDENTIALS, else kNone
  std::map<std::string, std::string> environment;
  std::string source;  // "": a page of the deployment
};
// kBadConfig naming the job file, the key, what is wrong and the nearest valid one. That nothing is missing is a
// question of its own, as some commands need no more than the root URL.
Result<Settings> read_settings(const Job& job);
// kBadConfig naming everything at once that tasks need and the job does not say, or an image's name that no worker
// takes. `root_url`: "" if nothing names it.
Result<void> check_required(const Job& job, const Settings& settings, std::string_view root_url);

// Inputs [first, first + count) of the list.
struct Load {
  std::size_t first = 0;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
};
std::vector<Load> cut_loads(const PackedInputs& inputs, std::uint64_t most_bytes, std::size_t most_files);

struct PlannedTask {
  std::string task_id;
  std::string label;  // "map 17/200", "reduce 3/4"; unique in the graph
  TaskKind kind = TaskKind::kMap;
  bool is_final = false;
  std::size_t load = 0;                  // of a map
  std::optional<std::size_t> partition;  // of a reduce of several
  std::vector<std::size_t> needs;        // indexes of tasks before it, in input order
};

// What the graph is made of; what is a reference is borrowed for the life of the graph.
struct Request {
  const Job& job;
  PackedInputs inputs;
  const Settings& settings;
  const std::vector<std::string>& set_arguments;  // "key=value" of --set and of the environment
  const std::string& packed_job;                  // "" if the image has the job
  const std::string& sealed_credentials;          // "" if there are none
  std::string bucket;                             // of --bucket; "" if there is none
  std::string s3_region = {};                     // for the map tasks; "" where the submitter has none
  std::string s3_endpoint = {};                   // the same
  std::string root_url;                           // in its normal form
  std::string group_id;
  UtcTime now;
};

struct GraphParts;  // for the files of this folder

class TaskGraph {
 public:
  // kBadConfig for what a task cannot do: a local input, a job without inputs, several results to standard output; and
  // for what every task needs and nobody said, such as the queue, the image and the owner.
  static Result<TaskGraph> make(Request request);

  const std::string& group_id() const;
  const std::vector<PlannedTask>& tasks() const;  // those that a task needs stand before it
  const PlannedTask& final_task() const;
  const std::vector<Load>& loads() const;
  const std::string& artifact_prefix() const;
  // What createTask takes, as compact JSON, with its keys in a fixed order. Made when it is asked for, as all of them
  // together may be large. Deadline and expiry follow from the request's now, unless `dates` says them.
  std::string definition(std::size_t task, UtcTime created,
                         const std::optional<taskcluster::TaskDates>& dates = {}) const;
  // The same, faster for tasks in their order: `inputs` reads inputs(), and belongs to one thread.
  std::string definition(std::size_t task, UtcTime created, PackedInputs::Reader& inputs,
                         const std::optional<taskcluster::TaskDates>& dates = {}) const;
  const PackedInputs& inputs() const;
  const GraphParts& parts() const { return *parts_; }

 private:
  explicit TaskGraph(std::shared_ptr<const GraphParts> parts) : parts_(std::move(parts)) {}
  // Shared, as copies of a graph are the same graph, and nothing in it ever changes.
  std::shared_ptr<const GraphParts> parts_;
};

// The id of the task with this label in the group: a slugid of SHA-256.
std::string task_id_of(const std::string& group_id, const std::string& label);
// The id of a group for `quern plan`: the same for the same inputs and time, and the same of what else makes the job.
std::string group_id_of(const std::string& job_text, const PackedInputs& inputs, UtcTime now);

// What the queue, a worker or the kernel would refuse as too much, found before anything is created: kBadConfig naming
// the task, what is too long, and the limit.
Result<void> check_graph(const TaskGraph& graph);

// The scopes that whoever creates the graph needs, in a fixed order, each once. For the one that may be held at any of
// several priorities the lowest is named.
std::vector<std::string> needed_scopes(const TaskGraph& graph);
// Those that are not held; roles in `held` must be expanded.
std::vector<std::string> missing_scopes(const TaskGraph& graph, const std::vector<std::string>& held);
struct Watching {
  bool is_group_known = false;  // else the group is another one each time
  bool runs_again = false;      // also tasks that failed
};
// The same of those that watching its tasks and fetching their result need.
std::vector<std::string> missing_to_watch(const TaskGraph& graph, const Watching& watching,
                                          const std::vector<std::string>& held);

}  // namespace quern::plan
