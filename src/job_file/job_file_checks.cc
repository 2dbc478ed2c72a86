#include "job_file/job_file_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

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

bool is_interface(const Worker& worker, Interface interface) {
  return worker.module.has_value() && worker.module->interface == interface;
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
  const Finding findings[] = {
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
