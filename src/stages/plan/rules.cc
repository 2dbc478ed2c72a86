#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "base/guarded.h"
#include "base/task_group.h"
#include "model/limits.h"
#include "services/taskcluster/slugid.h"
#include "stages/plan/json_rules.h"
#include "stages/plan/parts.h"
#include "stages/plan/patterns.h"
#include "stages/plan/payload_rules.h"
#include "stages/plan/plan.h"

// What createTask's schema (create-task-request of the queue) and the queue itself ask of a definition.

namespace quern::plan {
namespace {

bool is_scope(std::string_view text) { return is_printable_ascii(text) && !text.ends_with("**"); }

Result<void> check_task_id(const Json& value) {
  return check_text(value, taskcluster::is_slugid, "a slugid: the id of a task or a group");
}
Result<void> check_route(const Json& value) { return check_characters(value, 1, limits::kMaxTaskRoute); }
Result<void> check_any_object(const Json& value) {
  return value.is_object() ? Result<void>() : broken(fmt::format(" is {}; it must be an object", shown(value)));
}

Result<void> check_source(const Json& value) {
  TRY(check_characters(value, 1, limits::kMaxTaskSource));
  return check_text(value, is_source, "a URL that begins with https://, http://, ssh:// or git@");
}

constexpr std::array kMetadata = {
    FieldRule{"name", true, [](const Json& value) { return check_characters(value, 0, limits::kMaxTaskName); }},
    FieldRule{"description", true,
              [](const Json& value) { return check_characters(value, 0, limits::kMaxTaskDescription); }},
    FieldRule{"owner", true, [](const Json& value) { return check_characters(value, 0, limits::kMaxTaskName); }},
    FieldRule{"source", true, check_source}};

// What a scope takes in the certificate that goes with each request of a task, which is JSON as Go writes it: with
// quotes around it and a comma behind.
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

Result<void> check_scopes(const Json& value) {
  TRY(check_each(value, [](const Json& item) {
    return check_text(item, is_scope, "printable ASCII that ends in one * at most");
  }));
  std::size_t total = 0;
  for (const Json& scope : value) total += characters_in_certificate(scope.get_ref<const std::string&>());
  if (total <= limits::kMaxTaskScopes) return {};
  return broken(
      fmt::format(" have {} characters together, with quotes around each and a comma behind it, and requests of a task "
                  "can carry {} at most. A role (assume:...) or a scope that ends in * stands for many; inputs of one "
                  "folder need fewer than those of several",
                  total, limits::kMaxTaskScopes));
}

Result<void> check_requires(const Json& value) {
  static const std::array<std::string, 2> words = {"all-completed", "all-resolved"};
  return check_word(value, words);
}

Result<void> check_priority(const Json& value) {
  static const std::array<std::string, 7> words = {"highest", "very-high", "high",  "medium",
                                                   "low",     "very-low",  "lowest"};
  return check_word(value, words);
}

constexpr std::array kTask = {
    FieldRule{"taskQueueId", true,
              [](const Json& value) { return check_text(value, is_task_queue_id, "PROVISIONER/WORKER-TYPE"); }},
    FieldRule{"schedulerId", false,
              [](const Json& value) { return check_text(value, is_scheduler_id, "1 to 38 letters, digits, - and _"); }},
    FieldRule{"projectId", false,
              [](const Json& value) {
                return check_text(value, is_project_id, "1 to 500 letters, digits, '.', _, / and -");
              }},
    FieldRule{"taskGroupId", false, check_task_id},
    FieldRule{"dependencies", false,
              [](const Json& value) { return check_set(value, limits::kMaxTaskDependencies, check_task_id); }},
    FieldRule{"requires", false, check_requires},
    FieldRule{"priority", false, check_priority},
    FieldRule{"retries", false, [](const Json& value) { return check_number(value, 0, limits::kMaxTaskRetries); }},
    FieldRule{"created", true, check_time},
    FieldRule{"deadline", true, check_time},
    FieldRule{"expires", false, check_time},
    FieldRule{"scopes", false, check_scopes},
    FieldRule{"routes", false, [](const Json& value) { return check_set(value, limits::kMaxTaskRoutes, check_route); }},
    FieldRule{"metadata", true, [](const Json& value) { return check_fields(value, kMetadata); }},
    FieldRule{"tags", false,
              [](const Json& value) {
                return check_values(value,
                                    [](const Json& tag) { return check_characters(tag, 0, limits::kMaxTaskTag); });
              }},
    FieldRule{"payload", true, [](const Json& value) { return check_payload(value); }},
    FieldRule{"extra", false, check_any_object}};

UtcTime time_of(const Json& task, const char* key) { return *parse_utc(task[key].get_ref<const std::string&>()); }

Result<void> check_times(const Json& task, UtcTime now) {
  UtcTime created = time_of(task, "created");
  UtcTime deadline = time_of(task, "deadline");
  auto difference = created > now ? created - now : now - created;
  if (difference > limits::kTaskCreationWindow) {
    return broken(fmt::format(".created is {}, and now it is {}; Taskcluster takes a quarter of an hour at most",
                              format_utc(created), format_utc(now)));
  }
  if (deadline <= created || deadline <= now) {
    return broken(fmt::format(".deadline is {}; it must be later than now, {}, and than .created", format_utc(deadline),
                              format_utc(now)));
  }
  if (deadline > now + limits::kMaxTaskLife + limits::kTaskCreationWindow) {
    return broken(
        fmt::format(".deadline is {}; it must be within 5 days from now, {}", format_utc(deadline), format_utc(now)));
  }
  if (task.contains("expires") && time_of(task, "expires") < deadline) {
    return broken(fmt::format(".expires is {}, before .deadline, which is {}", format_utc(time_of(task, "expires")),
                              format_utc(deadline)));
  }
  return {};
}

// A worker loads images of tasks only that its own task depends on.
Result<void> check_image_task(const Json& task) {
  const Json& image = task["payload"]["image"];
  if (!image.is_object() || !image.contains("taskId")) return {};
  const Json dependencies = task.value("dependencies", Json::array());
  if (std::find(dependencies.begin(), dependencies.end(), image["taskId"]) != dependencies.end()) return {};
  return broken(fmt::format(".payload.image.taskId is {}, which is not among .dependencies", shown(image["taskId"])));
}

Result<void> check_size(std::size_t bytes) {
  if (bytes < limits::kMaxTaskclusterBodyBytes) return {};
  return broken(fmt::format(": its definition has {} bytes; Taskcluster takes less than {}", bytes,
                            limits::kMaxTaskclusterBodyBytes));
}

// No JSON text of it is longer: a byte of a text has six letters at most, and what stands around a value has fewer than
// thirty.
std::size_t most_text_bytes(const Json& value) {
  constexpr std::size_t kLettersOfAByte = 6;
  constexpr std::size_t kAround = 30;
  if (value.is_string()) return kAround + kLettersOfAByte * value.get_ref<const std::string&>().size();
  std::size_t bytes = kAround;
  if (!value.is_structured()) return bytes;
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    if (value.is_object()) bytes += kAround + kLettersOfAByte * entry.key().size();
    bytes += most_text_bytes(*entry);
  }
  return bytes;
}

Result<void> check_size_of(const Json& definition) {
  if (most_text_bytes(definition) < limits::kMaxTaskclusterBodyBytes) return {};
  return check_size(compact(definition).size());
}

Result<void> check_task(const Json& task, UtcTime now) {
  if (task.is_discarded()) return broken(": its definition is no JSON");
  TRY(check_fields(task, kTask));
  TRY(check_times(task, now));
  return check_image_task(task);
}

Result<void> of_task(const std::string& label, Result<void> checked) {
  if (checked.ok()) return {};
  // "map 3/4: scopes[1] is ...", "map 3/4: its definition has ...".
  std::string_view what = checked.error().message;
  bool is_field = what.substr(0, 1) == ".";
  return broken(fmt::format("the task {}{}{}", label, is_field ? ": " : "", what.substr(is_field ? 1 : 0)));
}

// Each once, on several threads: it is most of the work of a plan.
class GraphCheck {
 public:
  GraphCheck(const TaskGraph& graph, UtcTime now)
      : graph_(graph), now_(now), dates_(planned_dates(graph.parts().request)) {}

  Result<void> run() {
    const std::size_t pieces = graph_.tasks().size() / kPiece + 1;
    const auto threads = std::max(1U, std::thread::hardware_concurrency());
    TaskGroup group{std::stop_token()};
    for (std::size_t i = 1; i <= std::min<std::size_t>(pieces, threads); ++i) {
      group.spawn(fmt::format("check {}", i), [this](const std::stop_token& /*stop*/) { return check_pieces(); });
    }
    TRY(group.wait());
    auto broken = first_broken_.lock();
    return broken->has_value() ? Result<void>(std::move(**broken).second) : Result<void>();
  }

 private:
  static constexpr std::size_t kPiece = 100;  // tasks that a thread takes at once
  using Broken = std::pair<std::size_t, Error>;

  // Pieces are taken in order, so that whoever meets the first broken task has taken all that come before or another
  // thread has.
  Result<void> check_pieces() {
    const auto& tasks = graph_.tasks();
    for (std::size_t begin = next_.fetch_add(kPiece); begin < tasks.size(); begin = next_.fetch_add(kPiece)) {
      for (std::size_t i = begin; i < std::min(begin + kPiece, tasks.size()); ++i) {
        auto checked = check(tasks[i]);
        if (checked.ok()) continue;
        auto broken = first_broken_.lock();
        if (!broken->has_value() || i < (*broken)->first) *broken = Broken(i, std::move(checked).error());
        return {};
      }
    }
    return {};
  }

  // Its JSON as it is made: to read all of its text again would take as long as to make it.
  Result<void> check(const PlannedTask& task) const {
    const Json definition = definition_json(graph_.parts(), task, now_, dates_);
    TRY(of_task(task.label, check_size_of(definition)));
    return of_task(task.label, check_task(definition, now_));
  }

  const TaskGraph& graph_;
  const UtcTime now_;
  const taskcluster::TaskDates dates_;
  std::atomic<std::size_t> next_ = 0;
  Guarded<std::optional<Broken>> first_broken_;
};

}  // namespace

Result<void> check_definition(const std::string& label, const std::string& definition, UtcTime now) {
  TRY(of_task(label, check_size(definition.size())));
  return of_task(label, check_task(Json::parse(definition, nullptr, false), now));
}

Result<void> check_graph(const TaskGraph& graph, UtcTime now) { return GraphCheck(graph, now).run(); }

}  // namespace quern::plan
