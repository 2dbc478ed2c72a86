#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <string_view>

#include "app/cli/console.h"
#include "app/commands.h"
#include "app/group/job_plan.h"
#include "base/bytes.h"
#include "base/text.h"
#include "model/limits.h"

namespace quern::app {
namespace {

// How many bytes of a plan's tasks are written at once.
constexpr std::size_t kPrintedAtOnceBytes = 256 * limits::kKiB;

std::string summary(const JobPlan& planned) {
  std::array<std::size_t, 4> totals{};
  for (const plan::PlannedTask& task : planned.graph.tasks()) ++totals[static_cast<std::size_t>(task.kind)];
  std::uint64_t bytes = 0;
  for (const plan::Load& load : planned.graph.loads()) bytes += load.bytes;
  const PackedInputs& inputs = planned.parts->inputs.inputs;
  std::string text;
  for (const std::string& note : planned.parts->inputs.notes) text += fmt::format("quern: {}\n", note);
  text += fmt::format("quern: {}, {}", counted(inputs.size(), "input"), format_bytes(bytes));
  if (inputs.of_unknown_size() > 0) text += fmt::format(" and {} of unknown size", inputs.of_unknown_size());
  text += fmt::format(", in {}\n", counted(planned.graph.loads().size(), "load"));
  text += fmt::format("quern: {}:", counted(planned.graph.tasks().size(), "task"));
  std::string_view separator = " ";
  for (TaskKind kind : {TaskKind::kMap, TaskKind::kMerge, TaskKind::kReduce, TaskKind::kCollect}) {
    if (totals[static_cast<std::size_t>(kind)] == 0) continue;
    text += fmt::format("{}{} {}", separator, totals[static_cast<std::size_t>(kind)], name_of(kind));
    separator = ", ";
  }
  text += fmt::format("\nquern: group {} at {}\nquern: scopes needed to create these tasks:\n",
                      planned.graph.group_id(), planned.parts->root_url);
  for (const std::string& scope : plan::needed_scopes(planned.graph)) text += fmt::format("  {}\n", scope);
  return text;
}

// Writes one task per line, in pieces, as all of them together may be large.
Result<void> print_tasks(const plan::TaskGraph& graph, UtcTime now) {
  std::string text = fmt::format("{{\"taskGroupId\":\"{}\",\"tasks\":[\n", graph.group_id());
  PackedInputs::Reader inputs(graph.inputs());
  for (std::size_t i = 0; i < graph.tasks().size(); ++i) {
    if (i > 0) text += ",\n";
    text += fmt::format("{{\"taskId\":\"{}\",\"task\":", graph.tasks()[i].task_id);
    text += graph.definition(i, now, inputs);
    text += '}';
    if (text.size() < kPrintedAtOnceBytes) continue;
    TRY(print(text));
    text.clear();
  }
  text += "\n]}\n";
  return print(text);
}

Result<void> plan_and_print(const CommandLine& line) {
  TRY_ASSIGN(JobPlanOptions options, job_plan_options(line));
  TRY_ASSIGN(JobPlan planned, plan_job(line, options, std::stop_token()));
  TRY(plan::check_graph(planned.graph));
  TRY(print_tasks(planned.graph, options.now));
  print_to_stderr(summary(planned));
  return {};
}

}  // namespace

int plan_command(const CommandLine& line) {
  auto done = plan_and_print(line);
  return done.ok() ? 0 : print_error(done.error());
}

}  // namespace quern::app
