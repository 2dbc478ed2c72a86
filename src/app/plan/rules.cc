#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "app/plan/parts.h"
#include "app/plan/patterns.h"
#include "app/plan/plan.h"
#include "app/plan/plan_limits.h"
#include "base/utf8.h"
#include "model/limits.h"

// Checks the limits that a large job may exceed, task by task: those of createTask, of a task's certificate and of the
// kernel. The settings were checked when they were read. No JSON is made here: for a plan of millions of inputs that
// would take as long as writing it.

namespace quern::plan {
namespace {

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
  if (total <= limits::kMaxTaskScopes) return {};
  return broken(
      task,
      fmt::format(": scopes have {} characters together, with quotes around each and a comma behind it, and requests "
                  "of a task can carry {} at most. A role (assume:...) or a scope that ends in * covers many; "
                  "inputs of one folder need fewer than those of several",
                  total, limits::kMaxTaskScopes));
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

}  // namespace quern::plan
