#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "app/plan/graph_parts.h"
#include "app/plan/patterns.h"
#include "app/plan/plan.h"
#include "base/shown_url.h"
#include "base/text.h"
#include "base/utf8.h"
#include "model/image_name.h"
#include "model/limits.h"
#include "services/taskcluster/scopes.h"
#include "services/taskcluster/services.h"

// Checks a request before it is planned, and then each task against the limits that a large job may exceed: those of
// createTask, of a task's certificate and of the kernel. No JSON is made for that: for a plan of millions of inputs it
// would take as long as writing it.

namespace quern::plan {
namespace {

// How many characters the scopes of a task may have, which are sent twice in one header of Hawk.
constexpr std::size_t kMaxTaskScopes = 1100;

// The most that Linux accepts as one argument or variable of a program, with its final zero; and, below the usual limit
// of the stack, the most for all of them together.
constexpr std::size_t kMaxArgumentBytes = 128 * limits::kKiB;
constexpr std::size_t kMaxArgumentsBytes = 1 * limits::kMiB;

Error broken(const PlannedTask& task, std::string_view what) {
  return bad_config(fmt::format("the task {}{}", task.label, what));
}

Result<void> check_description(const PlannedTask& task, const TaskTexts& texts) {
  const std::size_t count = utf8::count_characters(texts.description);
  if (count <= limits::kMaxTaskDescription) return {};
  return broken(task, fmt::format(": metadata.description has {} characters; it must have 0 to {}", count,
                                  limits::kMaxTaskDescription));
}

// How many characters a scope takes in the certificate that is sent with each request of a task: JSON as Go writes it,
// with quotes around the scope and a comma after it.
std::size_t characters_in_certificate(std::string_view scope) {
  constexpr std::size_t kQuotesAndComma = 3;
  std::size_t count = kQuotesAndComma;
  for (char c : scope) {
    const bool is_escaped = c == '"' || c == '\\';
    const bool is_escaped_for_html = c == '<' || c == '>' || c == '&';
    count += is_escaped_for_html ? std::string_view("\\u003c").size() : is_escaped ? 2 : 1;
  }
  return count;
}

Result<void> check_scopes(const PlannedTask& task, const std::vector<std::string>& scopes) {
  std::size_t total = 0;
  for (const std::string& scope : scopes) total += characters_in_certificate(scope);
  if (total <= kMaxTaskScopes) return {};
  return broken(
      task,
      fmt::format(": scopes have {} characters together, with quotes around each and a comma behind it, and requests "
                  "of a task can carry {} at most. A role (assume:...) or a scope that ends in * covers many; "
                  "inputs of one folder need fewer than those of several",
                  total, kMaxTaskScopes));
}

// Counts the bytes of what a program receives, and finds words and variables that are too long or contain a zero byte.
class ArgumentBytes {
 public:
  explicit ArgumentBytes(const PlannedTask& task) : task_(task) {}

  Result<void> add(std::string_view where, std::size_t bytes, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
      return broken(task_, fmt::format(": payload.{} has a zero byte in it", where));
    }
    // One more for the final zero.
    if (bytes + 1 > kMaxArgumentBytes) {
      return broken(task_, fmt::format(": payload.{} has {} bytes; one argument or variable of a program may have {}",
                                       where, bytes, kMaxArgumentBytes - 1));
    }
    total_bytes_ += bytes + 1 + sizeof(char*);
    return {};
  }
  Result<void> check_total() const {
    if (total_bytes_ <= kMaxArgumentsBytes) return {};
    return broken(task_,
                  fmt::format(": payload: its command and environment have {} bytes together; a program may have {}. "
                              "Smaller loads (taskcluster.load.files) have shorter commands",
                              total_bytes_, kMaxArgumentsBytes));
  }

 private:
  const PlannedTask& task_;
  std::size_t total_bytes_ = 0;
};

Result<void> check_arguments(const PlannedTask& task, const TaskTexts& texts) {
  ArgumentBytes bytes(task);
  for (std::size_t i = 0; i < texts.command.size(); ++i) {
    const std::string& word = texts.command[i];
    TRY(bytes.add(fmt::format("command[{}]", i), word.size(), word));
  }
  for (const auto& [name, value] : texts.environment) {
    TRY(bytes.add("env." + name, name.size() + 1 + value.size(), value));
  }
  return bytes.check_total();
}

// An upper bound for the length of the JSON text: a byte takes at most six characters, and the syntax around a text
// fewer than thirty. Includes everything but the name, which is short, and settings, whose number is limited.
std::size_t most_json_bytes(const PlannedTask& task, const TaskTexts& texts, const std::vector<std::string>& scopes) {
  constexpr std::size_t kOfASlugid = 60;
  auto most = [](std::string_view text) { return 30 + 6 * text.size(); };
  std::size_t bytes = most(texts.description) + kOfASlugid * task.needs.size();
  for (const std::string& word : texts.command) bytes += most(word);
  for (const auto& [name, value] : texts.environment) bytes += most(name) + most(value);
  for (const std::string& scope : scopes) bytes += most(scope);
  return bytes;
}

Result<void> check_size(const TaskGraph& graph, std::size_t number, const TaskTexts& texts,
                        const std::vector<std::string>& scopes) {
  constexpr std::size_t kOfSettings = 1 << 20;
  const PlannedTask& task = graph.tasks()[number];
  if (kOfSettings + most_json_bytes(task, texts, scopes) < limits::kMaxTaskclusterBodyBytes) return {};
  const std::size_t bytes = graph.definition(number, graph.parts().request.now).size();
  if (bytes < limits::kMaxTaskclusterBodyBytes) return {};
  return broken(task, fmt::format(": its definition has {} bytes; Taskcluster takes less than {}", bytes,
                                  limits::kMaxTaskclusterBodyBytes));
}

}  // namespace

Result<void> check_graph(const TaskGraph& graph) {
  PackedInputs::Reader inputs(graph.inputs());
  for (std::size_t i = 0; i < graph.tasks().size(); ++i) {
    const PlannedTask& task = graph.tasks()[i];
    const TaskTexts texts = texts_of(graph.parts(), task, inputs);
    const std::vector<std::string> scopes = scopes_of(graph.parts(), task);
    TRY(check_size(graph, i, texts, scopes));
    TRY(check_scopes(task, scopes));
    TRY(check_description(task, texts));
    TRY(check_arguments(task, texts));
  }
  return {};
}

namespace {

Error bad(const Request& request, std::string_view what) {
  return bad_config(fmt::format("{}: {}", request.job.file, what));
}

Result<void> check_settings(const Request& request) {
  TRY(check_required(request.job, request.settings, request.root_url));
  if (request.job.limits.records.has_value()) {
    return bad(request,
               "limits.records is for a run on one machine: each task would take its own first records; use quern run, "
               "or a part of the inputs");
  }
  bool is_address = request.job.owner.find('@') != std::string::npos && is_printable_ascii(request.job.owner) &&
                    request.job.owner.find(' ') == std::string::npos;
  if (request.job.notify.via == NotifyVia::kTaskcluster && !is_address) {
    return bad(request,
               fmt::format("owner is '{}'; Taskcluster can send a mail to an address only", request.job.owner));
  }
  return {};
}

Result<void> check_results(const Request& request) {
  const Job& job = request.job;
  bool has_reducer = job.steps.back().reducer.has_value();
  if (!has_reducer || job.reducers == 1) return {};
  if (job.keep_parts && job.output == "-") {
    return bad(request, "with result.parts: keep there are several results, which cannot all go to standard output");
  }
  if (job.keep_parts && job.steps.size() > 1) {
    return bad(request, "as tasks, a job with `steps` has one result; take out result.parts: keep, or the reducers");
  }
  if (job.steps.size() == 1 && job.reducers > request.settings.fan_in) {
    return bad(request, fmt::format("reducers is {}, and one task may wait for {} others only; lower it, or raise "
                                    "taskcluster.fan_in",
                                    job.reducers, request.settings.fan_in));
  }
  return {};
}

// The definition of a task is public.
Result<void> check_url(const Request& request, std::string_view url) {
  const std::string shown = shown_url(url);
  if (shown == url || request.job.downloads.show_query) return {};
  return bad(request,
             fmt::format("the URL {} has a query that may hold a secret, and everybody may read what a task is "
                         "to do; name the input without it, or say downloads.show_query: yes",
                         shown));
}

// Checks that an input can be named in a task's definition, and is found by that name.
Result<void> check_input(const Request& request, const InputView& input) {
  if (!input.is_remote()) {
    return bad(request, fmt::format("{} is a file of this machine, which no task can read; put the inputs into S3 or "
                                    "behind HTTP, and name them with s3:// or https://",
                                    input.name));
  }
  bool is_object = input.url.starts_with("s3://");
  if (!is_object) TRY(check_url(request, input.url));
  if (is_object && input.name.ends_with('/')) {
    return bad(request, fmt::format("the object {} ends with /, which would mean everything below", input.name));
  }
  if (!utf8::is_valid(input.name)) {
    return bad(request, fmt::format("the name of the input {} is not UTF-8, as all texts in a task are", input.name));
  }
  return {};
}

Result<void> check_inputs(const Request& request) {
  if (request.inputs.empty()) return bad(request, "it has no inputs, so there is nothing for tasks to do");
  PackedInputs::Reader reader(request.inputs);
  while (const InputView* input = reader.next()) TRY(check_input(request, *input));
  // The job file is sent as well, whatever the inputs are.
  for (const std::string& input : request.job.inputs) TRY(check_url(request, input));
  if (request.job.index.has_value()) TRY(check_url(request, *request.job.index));
  return {};
}

Result<void> check_texts(const Request& request) {
  for (const std::string& argument : request.set_arguments) {
    if (!utf8::is_valid(argument)) return bad(request, fmt::format("--set {} is not UTF-8", argument));
  }
  if (!utf8::is_valid(request.job.owner)) return bad(request, "owner is not UTF-8");
  if (const std::size_t count = utf8::count_characters(request.job.owner); count > limits::kMaxTaskName) {
    return bad(request, fmt::format("owner: metadata.owner has {} characters; it must have 0 to {}", count,
                                    limits::kMaxTaskName));
  }
  return {};
}

// An interpreter cannot be sent with the tasks: it is hidden, or consists of links that leave the job's folder.
Result<void> check_interpreters(const Request& request) {
  for (const Step& step : request.job.steps) {
    for (const auto& worker : {std::optional(step.mapper), step.combiner, step.reducer}) {
      if (!worker.has_value() || !worker->module.has_value()) continue;
      const std::string& path = worker->module->interpreter;
      if (path.starts_with('/') || path.find('/') == std::string::npos) continue;
      return bad(request, fmt::format("interpreter is {}, in the job's folder, and no task gets it; name one of the "
                                      "image, as in --set mapper.interpreter=python3",
                                      path));
    }
  }
  return {};
}

Result<void> check_access(const Request& request) {
  S3Access access = s3_access_of(request);
  if (access == S3Access::kSealed && request.sealed_credentials.empty()) {
    return bad(request,
               "taskcluster.s3_credentials is sealed, and the variable CREDENTIALS is not set; quern "
               "credentials seal and quern credentials federate print a value for it");
  }
  if (access != S3Access::kTaskcluster) return {};
  taskcluster::S3RequestsMaker maker;
  PackedInputs::Reader reader(request.inputs);
  while (const InputView* input = reader.next()) maker.add(input->url);
  for (const taskcluster::S3Request& one : maker.requests()) {
    if (auto checked = taskcluster::check_s3_request(one); !checked.ok()) return bad(request, checked.error().message);
  }
  return {};
}

}  // namespace

S3Access s3_access_of(const Request& request) {
  return request.settings.s3_access.value_or(request.sealed_credentials.empty() ? S3Access::kNone : S3Access::kSealed);
}

Result<void> check_request(const Request& request) {
  TRY(check_inputs(request));
  TRY(check_settings(request));
  TRY(check_results(request));
  TRY(check_texts(request));
  TRY(check_interpreters(request));
  return check_access(request);
}

Result<void> check_required(const Job& job, const Settings& settings, std::string_view root_url) {
  const Image& image = settings.image;
  bool has_image = !image.name.empty() || !image.task_id.empty() || !image.name_space.empty();
  std::vector<std::string_view> missing;
  if (root_url.empty()) {
    missing.emplace_back(
        "neither taskcluster.root_url nor TASKCLUSTER_ROOT_URL is set; it names the deployment, as in "
        "https://tc.example.com");
  }
  if (settings.task_queue.empty()) {
    missing.emplace_back(
        "taskcluster.task_queue is not set; it names the workers that are to do the tasks, as in proj-example/linux");
  }
  if (!has_image) {
    missing.emplace_back(
        "taskcluster.image is not set; it names an image that has quern in it, as in "
        "registry.example.com/quern@sha256:...");
  }
  if (job.owner.empty()) {
    missing.emplace_back(
        "owner is not set; Taskcluster wants to know who a task belongs to, as in owner: someone@example.com");
  }
  if (!missing.empty()) return bad_config(fmt::format("{}: {}", job.file, fmt::join(missing, "; ")));
  if (image.name.empty()) return {};
  auto name = parse_image_name(image.name);
  return name.ok() ? Result<void>()
                   : bad_config(fmt::format("{}: taskcluster.image: {}", job.file, name.error().message));
}

}  // namespace quern::plan
