#include "job_file/job_file_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/nearest.h"
#include "model/result_shape.h"

namespace quern::job_file {
namespace {

struct Finding {
  bool is_wrong = false;
  std::string_view path;  // the setting to report
  std::string_view why;
};

Error at(const Finding& finding, const Settings& settings, const std::string& file_name) {
  auto found = settings.find(std::string(finding.path));
  std::string origin = found == settings.end() ? file_name : found->second.origin;
  std::string label = found == settings.end() ? std::string(finding.path) : found->second.label;
  return bad_config(fmt::format("{}: {} {}", origin, label, finding.why));
}

// What is wrong with `order`, or "".
std::string problem_of_order(const Job& job) {
  if (!job.order.has_value()) return "";
  const bool is_in_group = std::find(job.group.begin(), job.group.end(), job.order->by) != job.group.end();
  const bool is_of_aggregate = std::any_of(job.aggregate.begin(), job.aggregate.end(),
                                           [&](const Column& column) { return column.name == job.order->by; });
  if (is_in_group && is_of_aggregate) {
    return fmt::format("is by '{}', which is both in group and a name in aggregate; choose another name there",
                       job.order->by);
  }
  if (ordered_column(job).has_value()) return "";
  std::vector<std::string> names;
  for (const ResultColumn& column : result_columns(job)) names.push_back(column.name);
  const auto meant = nearest(job.order->by, names);
  const std::string hint =
      meant.has_value() ? fmt::format("did you mean {}?", *meant) : fmt::format("it has {}", fmt::join(names, ", "));
  return fmt::format("is by '{}', which is not a column of the result; {}", job.order->by, hint);
}

// What is wrong with the names of the columns, or "".
std::string problem_of_names(const Job& job) {
  if (job.result_format == ResultFormat::kText) return "";
  std::set<std::string> names;
  for (const ResultColumn& column : result_columns(job)) {
    if (names.insert(column.name).second) continue;
    return fmt::format("has {}, which is in group, too; with 'format: {}' each column needs a name of its own",
                       column.name, name_of(job.result_format));
  }
  return "";
}

bool is_interface(const Worker& worker, Interface interface) {
  return worker.module.has_value() && worker.module->interface == interface;
}

bool has_script_reducer(const Job& job) {
  return std::any_of(job.steps.begin(), job.steps.end(),
                     [](const Step& step) { return step.reducer.has_value() && step.reducer->module.has_value(); });
}

bool has_function_reducer(const Job& job) {
  return std::any_of(job.steps.begin(), job.steps.end(), [](const Step& step) {
    return (step.reducer.has_value() && is_interface(*step.reducer, Interface::kFunction)) ||
           (step.combiner.has_value() && is_interface(*step.combiner, Interface::kFunction));
  });
}

}  // namespace

Result<void> check_together(const Job& job, const Settings& settings, const std::string& file_name) {
  const Worker& mapper = job.steps[0].mapper;
  const bool gets_files = is_interface(mapper, Interface::kFiles);
  const bool gets_text = job.record == RecordKind::kText;
  const bool gets_long_text = job.format.has_value() && !has_parts(*job.format);
  const bool has_where = job.where_json != "{}";
  const bool has_reducer = job.steps.back().reducer.has_value();
  const bool is_binary = gets_files && mapper.module->language == Language::kBinary;
  const std::string_view needs_records =
      is_binary ? "is not possible for a mapper with the interface files, the default of a binary, which gets names of "
                  "files and no records; say interface: lines"
                : "is not possible for a mapper with the interface files, which gets names of files and no records; "
                  "say interface: function or lines";
  const std::string wrong_order = problem_of_order(job);
  const std::string wrong_names = problem_of_names(job);
  const Finding findings[] = {
      {!wrong_order.empty(), "order", wrong_order},
      {!wrong_names.empty(), "aggregate", wrong_names},
      {job.keep_parts && has_reducer && job.reducers > 1 && job.order.has_value(), "order",
       "is that of one result; with 'result.parts: keep' each reducer writes one of its own"},
      {job.keep_parts && has_reducer && job.reducers > 1 && job.first.has_value(), "first",
       "is about one result; with 'result.parts: keep' each reducer writes one of its own"},
      {job.reducers > 1 && !job.aggregate.empty() && job.group.empty(), "reducers",
       "needs a group: without one, the result is one line"},
      {job.reducers > 1 && !has_reducer, "reducers",
       "needs a reducer; a job without one gives its result in input order, in one piece"},
      {!job.fields.empty() && gets_files, "fields", needs_records},
      {has_where && gets_files, "where", needs_records},
      {settings.contains("record") && gets_files, "record", needs_records},
      {!job.fields.empty() && gets_text, "fields", "needs JSON; with 'record: text' a record is a line without parts"},
      {has_where && gets_text, "where", "needs JSON; with 'record: text' a record is a line without parts"},
      {mapper.builtin.has_value() && gets_text, job.aggregate.empty() ? "mapper.builtin" : "aggregate",
       "looks into JSON; with 'record: text' a record is a line without parts"},
      {(!job.fields.empty() || has_where) && gets_long_text, job.fields.empty() ? "where" : "fields",
       "needs records with parts; with 'start' a record is a text"},
      {mapper.builtin.has_value() && gets_long_text, "mapper.builtin",
       "looks into records with parts; with 'start' a record is a text"},
      {gets_long_text && is_interface(mapper, Interface::kLines), "record",
       "is of several lines with 'start', so it needs the interface function; a program reads each record as one line"},
      {job.sort_values != SortValues::kNone && !has_script_reducer(job), "sort_values",
       "needs a reducer that is a script; list keeps the order of the inputs, and the results of other built-in "
       "reducers "
       "do not depend on an order"},
      {job.typed && !has_function_reducer(job), "typed",
       "needs a reducer in Python or JavaScript with the interface function; others read values as text"},
      {job.index.has_value() && !job.filter.has_value(), "index",
       "needs a filter: it is the server that is asked with the filter which files there are"},
      {job.index.has_value() && job.manifest.has_value(), "index",
       "and manifest both list the inputs of the job; keep one of them"},
      {job.notify.via != NotifyVia::kNone && job.owner.empty(), "notify.via", "needs an owner to write to"},
  };
  for (const Finding& finding : findings) {
    if (finding.is_wrong) return at(finding, settings, file_name);
  }
  return {};
}

}  // namespace quern::job_file
