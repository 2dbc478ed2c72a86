#include "model/taskcluster/task_report.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "model/accounting_json.h"
#include "model/json_fields.h"

namespace quern {
namespace {

constexpr std::uint64_t kReportVersion = 1;
constexpr std::size_t kSha256Digits = 64;

constexpr std::array<std::pair<TaskKind, std::string_view>, 4> kKinds = {{{TaskKind::kMap, "map"},
                                                                          {TaskKind::kMerge, "merge"},
                                                                          {TaskKind::kReduce, "reduce"},
                                                                          {TaskKind::kCollect, "collect"}}};

// Whether the name is safe for a file below one of quern's folders: parts become files of this name.
bool is_file_name(std::string_view name) {
  return !name.empty() && !name.starts_with('.') && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

// Names of part forms. kText has no name, and reports from before versions were introduced have none of these.
struct NamedForm {
  PartForm form;
  std::string_view name;
  std::string_view words;
};
constexpr std::array<NamedForm, 3> kForms = {{{PartForm::kText, "", "lines of text"},
                                              {PartForm::kPairs, "pairs", "pairs"},
                                              {PartForm::kStates, "states", "states of a reducer"}}};
constexpr std::uint64_t kFirstPartVersion = 1;

const NamedForm& named(PartForm form) {
  return *std::find_if(kForms.begin(), kForms.end(), [&](const NamedForm& one) { return one.form == form; });
}

std::optional<PartForm> form_of(std::string_view name) {
  for (const NamedForm& one : kForms) {
    if (one.name == name) return one.form;
  }
  return std::nullopt;
}

Json parts_value(const std::vector<TaskPart>& parts) {
  Json list = Json::array();
  for (const TaskPart& part : parts) {
    list.push_back(
        {{"name", part.name}, {"bytes", part.bytes}, {"sha256", part.sha256}, {"decoded_bytes", part.decoded_bytes}});
    if (part.form != PartForm::kText) list.back()["form"] = named(part.form).name;
    list.back()["version"] = part.version;
  }
  return list;
}

Result<TaskPart> read_part(const Json& json) {
  JsonFields fields(json, "parts.");
  TaskPart part{.name = fields.text("name"),
                .bytes = fields.number("bytes"),
                .sha256 = fields.text("sha256"),
                .decoded_bytes = fields.number("decoded_bytes"),
                .version = json.contains("version") ? fields.number("version") : kFirstPartVersion};
  auto form = form_of(fields.text_or_none("form"));
  if (!form.has_value()) fields.fail("form", "is one that this quern does not know");
  part.form = form.value_or(PartForm::kText);
  if (!is_file_name(part.name)) fields.fail("name", "is not a file name");
  if (!is_lower_hex(part.sha256, kSha256Digits)) fields.fail("sha256", "is not a SHA-256 in hexadecimal digits");
  if (!fields.failure().empty()) return bad_input(fields.failure());
  return part;
}

Result<TaskReport> read_report(const Json& json) {
  JsonFields fields(json);
  TaskReport report;
  if (fields.number("version") != kReportVersion) fields.fail("version", "is one that this quern does not know");
  auto kind = task_kind_of(fields.text("kind"));
  if (!kind.has_value()) fields.fail("kind", "is one that this quern does not know");
  report.kind = kind.value_or(TaskKind::kMap);
  report.quern_version = fields.text("quern");
  const Json& parts = fields.array("parts");
  const Json& accounting = fields.object("accounting");
  if (!fields.failure().empty()) return bad_input(fields.failure());
  for (const Json& item : parts) {
    TRY_ASSIGN(TaskPart part, read_part(item));
    report.parts.push_back(std::move(part));
  }
  TRY_ASSIGN(report.accounting, read_accounting(accounting).context("accounting"));
  return report;
}

void add_phases(const Accounting& added, Accounting& sum) {
  for (const auto& [name, time] : added.phases) {
    auto known = std::find_if(sum.phases.begin(), sum.phases.end(),
                              [name = std::string_view(name)](const auto& phase) { return phase.first == name; });
    if (known == sum.phases.end()) {
      sum.phases.emplace_back(name, time);
    } else {
      known->second += time;
    }
  }
}

// All tasks of a job look for the same paths.
void add_paths(const Accounting& added, Accounting& sum) {
  for (const WantedPath& path : added.paths) {
    auto known = std::find_if(sum.paths.begin(), sum.paths.end(), [&](const WantedPath& one) {
      return one.setting == path.setting && one.path == path.path;
    });
    if (known == sum.paths.end()) {
      sum.paths.push_back(path);
    } else if (path.is_found) {
      *known = path;
    } else if (!known->is_found && known->nearest.empty() && known->first_record.empty()) {
      *known = path;
    }
  }
}

}  // namespace

std::string_view in_words(PartForm form) { return named(form).words; }

std::string_view name_of(TaskKind kind) {
  for (const auto& [one, name] : kKinds) {
    if (one == kind) return name;
  }
  return "";
}

std::optional<TaskKind> task_kind_of(std::string_view name) {
  for (const auto& [kind, one] : kKinds) {
    if (one == name) return kind;
  }
  return std::nullopt;
}

std::string task_report_json(const TaskReport& report) {
  Json json = {{"version", kReportVersion},
               {"kind", name_of(report.kind)},
               {"quern", report.quern_version},
               {"parts", parts_value(report.parts)},
               {"accounting", accounting_value(report.accounting)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<TaskReport> parse_task_report(std::string_view text) {
  auto json = parse_json(text);
  if (!json.has_value()) return bad_input("it is not a task report: it is not JSON");
  return read_report(*json).context("it is not a task report");
}

void add_accounting(const Accounting& added, Accounting& sum) {
  sum.inputs_found += added.inputs_found;
  sum.inputs_mapped += added.inputs_mapped;
  sum.inputs_failed += added.inputs_failed;
  sum.inputs_skipped += added.inputs_skipped;
  sum.inputs_unverified += added.inputs_unverified;
  sum.failed_inputs.insert(sum.failed_inputs.end(), added.failed_inputs.begin(), added.failed_inputs.end());
  sum.records_read += added.records_read;
  sum.records_mapped += added.records_mapped;
  sum.records_bad += added.records_bad;
  sum.records_dropped += added.records_dropped;
  sum.records_without_key += added.records_without_key;
  sum.records_without_value += added.records_without_value;
  sum.groups_reduced += added.groups_reduced;
  sum.groups_bad += added.groups_bad;
  bool is_first = sum.groups_as_text == 0 || (added.groups_as_text > 0 && added.first_as_text < sum.first_as_text);
  if (is_first) sum.first_as_text = added.first_as_text;
  sum.groups_as_text += added.groups_as_text;
  sum.fetched_bytes += added.fetched_bytes;
  sum.stored_bytes += added.stored_bytes;
  sum.decoded_bytes += added.decoded_bytes;
  sum.mapped_output_bytes += added.mapped_output_bytes;
  sum.children_replaced += added.children_replaced;
  sum.found_bytes += added.found_bytes;
  for (const auto& [who, usage] : added.usage) sum.usage[who].add(usage);
  if (added.started.has_value()) sum.started = std::min(sum.started.value_or(*added.started), *added.started);
  if (added.ended.has_value()) sum.ended = std::max(sum.ended.value_or(*added.ended), *added.ended);
  for (const auto& [name, amount] : added.counters) sum.counters[name] += amount;
  add_phases(added, sum);
  add_paths(added, sum);
}

}  // namespace quern
