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

// Turns a job and its inputs into a graph of tasks for Taskcluster (docs/decisions/0011-tasks-of-a-job.md). Pure: no
// network, no clock, no randomness. All values may be used by any thread.

namespace quern::plan {

// Where the tasks' image comes from; exactly one of these forms.
struct Image {
  std::string name;        // in a registry, ideally with its digest: name@sha256:...
  std::string task_id;     // of the task that makes it, which becomes a dependency of every task
  std::string name_space;  // in the index
  std::string path;        // of the artifact; for the last two forms
};

enum class S3Access {
  kNone,         // tasks access S3 without credentials
  kSealed,       // the submitter's CREDENTIALS, which only the image's key can open
  kTaskcluster,  // each map task requests read-only ones from Taskcluster's auth service, by scope
};

// From the highest to the lowest. A client that may create tasks at one priority may do so at all lower ones.
inline const std::array<std::string, 7> kPriorities = {"highest", "very-high", "high",  "medium",
                                                       "low",     "very-low",  "lowest"};

// The `taskcluster:` map of a job file; docs/taskcluster.md explains each key.
struct Settings {
  std::string root_url;  // "": that of TASKCLUSTER_ROOT_URL
  std::string task_queue;
  Image image;
  std::string scheduler_id = "-";
  std::string project_id = "none";
  std::string priority = "lowest";
  std::chrono::seconds deadline = std::chrono::hours(24);      // after the plan's time
  std::chrono::seconds expires = std::chrono::hours(24 * 30);  // after the plan's time; not before the deadline
  std::chrono::seconds max_run_time = std::chrono::hours(2);
  std::chrono::seconds patience = limits::kTaskclusterPatience;  // how long commands wait for a deployment that is away
  std::string artifact_prefix = "public/quern";                  // prefix of the artifacts' names
  std::string work_folder = "/home/worker";                      // the working folder in the image
  std::vector<std::string> routes;                               // for the final task
  std::vector<std::string> scopes;                               // of every task, in addition to those it needs
  int retries = 5;
  std::uint64_t load_bytes = 1ULL << 30;  // of a map task's stored inputs; a larger input is a load of its own
  std::size_t load_files = 50;
  std::size_t fan_in = 500;  // the most tasks that one task may depend on
  bool packs_job = true;     // if false, the image has the job as /etc/analysis-tools.yml
  std::vector<std::string> pack_leaves_out;
  std::optional<S3Access> s3_access;  // absent: kSealed if there are CREDENTIALS, else kNone
  std::map<std::string, std::string> environment;
  std::string source;  // "": a page of the deployment
};
// Fails with kBadConfig naming the job file, the key, what is wrong and the nearest valid key. Does not check for
// missing settings, as some commands need only the root URL.
Result<Settings> read_settings(const Job& job);
// Fails with kBadConfig naming everything at once that tasks need and the job does not specify, or an image name that
// workers do not accept. `root_url` is "" if nothing names it.
Result<void> check_required(const Job& job, const Settings& settings, std::string_view root_url);

// The inputs [first, first + count) of the list.
struct Load {
  std::size_t first = 0;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
};
// Cuts the inputs, in order, into loads of at most `most_bytes` stored bytes and `most_files` inputs. A larger input is
// a load of its own.
std::vector<Load> cut_loads(const PackedInputs& inputs, std::uint64_t most_bytes, std::size_t most_files);

// One task of the graph.
struct PlannedTask {
  std::string task_id;
  std::string label;  // "map 17/200", "reduce 3/4"; unique in the graph
  TaskKind kind = TaskKind::kMap;
  bool is_final = false;
  std::size_t load = 0;                  // for a map task
  std::optional<std::size_t> partition;  // for one of several reduce tasks
  std::vector<std::size_t> needs;        // indexes of earlier tasks, in input order
};

// What the graph is made from. References are borrowed as long as the graph exists.
struct Request {
  const Job& job;
  PackedInputs inputs;
  const Settings& settings;
  const std::vector<std::string>& set_arguments;  // "key=value" from --set and the environment
  const std::string& packed_job;                  // "" if the image has the job
  const std::string& sealed_credentials;          // "" if there are none
  std::string bucket;                             // from --bucket; "" if there is none
  std::string s3_region = {};                     // for map tasks; "" if the submitter has none
  std::string s3_endpoint = {};                   // likewise
  std::string root_url;                           // normalized
  std::string group_id;
  UtcTime now;
};

struct GraphParts;  // internal to this folder

// The tasks of a job and their dependencies. Immutable and cheap to copy; thread-safe.
class TaskGraph {
 public:
  // Fails with kBadConfig for what a task cannot do (a local input, a job without inputs, several results to standard
  // output), and for missing settings that every task needs, such as the queue, the image and the owner.
  static Result<TaskGraph> make(Request request);

  const std::string& group_id() const;
  const std::vector<PlannedTask>& tasks() const;  // each task comes after those that it needs
  const PlannedTask& final_task() const;
  const std::vector<Load>& loads() const;
  const std::string& artifact_prefix() const;
  // Returns the body of createTask as compact JSON, with its keys in a fixed order. It is made on each call, as all of
  // them together may be large. Deadline and expiry follow from the request's time, unless `dates` specifies them.
  std::string definition(std::size_t task, UtcTime created,
                         const std::optional<taskcluster::TaskDates>& dates = {}) const;
  // The same, faster for tasks in their order: `inputs` reads inputs(), and belongs to one thread.
  std::string definition(std::size_t task, UtcTime created, PackedInputs::Reader& inputs,
                         const std::optional<taskcluster::TaskDates>& dates = {}) const;
  const PackedInputs& inputs() const;
  const GraphParts& parts() const { return *parts_; }

 private:
  explicit TaskGraph(std::shared_ptr<const GraphParts> parts) : parts_(std::move(parts)) {}
  // Shared, because copies of a graph are the same graph, and nothing in it ever changes.
  std::shared_ptr<const GraphParts> parts_;
};

// Returns the id of the task with this label in the group: a slugid of SHA-256.
std::string task_id_of(const std::string& group_id, const std::string& label);
// Returns the id of a group for `quern plan`: the same for the same inputs and time, and the same of everything else
// that makes up the job.
std::string group_id_of(const std::string& job_text, const PackedInputs& inputs, UtcTime now);

// Finds what the queue, a worker or the kernel would reject as too large, before anything is created. Fails with
// kBadConfig naming the task, what is too long, and the limit.
Result<void> check_graph(const TaskGraph& graph);

// Returns the scopes needed to create the graph, in a fixed order, each once. If one may be held at any of several
// priorities, the lowest is named.
std::vector<std::string> needed_scopes(const TaskGraph& graph);
// Returns the needed scopes that are not held; roles in `held` must be expanded.
std::vector<std::string> missing_scopes(const TaskGraph& graph, const std::vector<std::string>& held);
struct Watching {
  bool is_group_known = false;  // otherwise each run makes another group
  bool runs_again = false;      // failed tasks are also run again
};
// The same for watching the graph's tasks and fetching their result.
std::vector<std::string> missing_to_watch(const TaskGraph& graph, const Watching& watching,
                                          const std::vector<std::string>& held);

}  // namespace quern::plan
