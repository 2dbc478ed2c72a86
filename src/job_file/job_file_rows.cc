#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/shown_url.h"
#include "base/text.h"
#include "job_file/job_file_aggregate.h"
#include "job_file/job_file_record.h"
#include "job_file/job_file_schema.h"
#include "job_file/job_file_values.h"
#include "model/limits.h"
#include "model/result_shape.h"

// One row for each setting outside of mapper, combiner, reducer and steps: how it is read and how it is shown.

namespace quern::job_file {
namespace {

// For limits.attempts and downloads.attempts.
constexpr std::size_t kMaxAttempts = 1000;

// The words of an enum whose values count from 0, in order.
template <typename Enum>
std::vector<std::string> names_up_to(Enum last) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) names.emplace_back(name_of(static_cast<Enum>(i)));
  return names;
}

Result<void> read_optional_text(const YamlNode& node, std::optional<std::string>& target) {
  TRY_ASSIGN(target, text_of(node));
  return {};
}

// `none` removes the filter: a caller that has already chosen the inputs, as for a task, runs the job without it.
Result<void> read_filter(const YamlNode& node, Job& job) {
  job.filter.reset();
  if (node.kind == YamlNode::Kind::kText && !node.quoted && node.text == "none") return {};
  return read_optional_text(node, job.filter);
}

Result<void> read_index(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::string url, text_of(node));
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return wrong_value("is '" + url + "'; it must be a URL that begins with https:// or http://");
  }
  job.index = url;
  return {};
}

std::vector<std::string> decompress_words() {
  std::vector<std::string> words = names_up_to(static_cast<Compression>(kCompressions - 1));
  words.insert(words.begin(), "auto");
  return words;
}

Result<void> read_decompress(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::size_t choice, choice_of(node, decompress_words()));
  job.decompress.reset();
  if (choice > 0) job.decompress = static_cast<Compression>(choice - 1);
  return {};
}

Result<void> read_fields(const YamlNode& node, Job& job) {
  TRY_ASSIGN(job.fields, texts_of(node));
  bool is_one = node.kind == YamlNode::Kind::kText && !node.quoted;
  if (is_one && node.text.find(',') != std::string::npos) {
    return wrong_value("is one path with a comma in it; several paths go in brackets, as in [info.OS, info.version]");
  }
  return {};
}

Result<void> read_separator(const YamlNode& node, Job& job) {
  auto text = any_text_of(node);
  if (!text.ok() || text.value().empty()) {
    return wrong_value(text.ok() || node.kind == YamlNode::Kind::kNothing
                           ? "is empty; write it in quotes, as in \" \", \"\\t\" or \"#\""
                           : text.error().message);
  }
  std::string separator = unescaped_text(text.value());
  if (separator.find('\n') != std::string::npos) return wrong_value("has a line end in it; each pair is one line");
  job.separator = std::move(separator);
  return {};
}

std::string show_separator(const Job& job) {
  std::string escaped;
  for (char letter : job.separator) escaped += letter == '\\' ? "\\\\" : std::string(1, letter);
  return yaml_text(escaped);
}

std::vector<std::string> values_words() { return {"list", "iterator"}; }

Result<void> read_values(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::size_t choice, choice_of(node, values_words()));
  job.values = choice == 0 ? ValuesKind::kList : ValuesKind::kIterator;
  return {};
}

std::vector<std::string> sort_values_words() { return {"no", "text", "numeric"}; }

Result<void> read_sort_values(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::size_t choice, choice_of(node, sort_values_words()));
  job.sort_values = static_cast<SortValues>(choice);
  return {};
}

std::vector<std::string> parts_words() { return {"merge", "keep"}; }

Result<void> read_parts(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::size_t choice, choice_of(node, parts_words()));
  job.keep_parts = choice == 1;
  return {};
}

Result<void> read_processes(const YamlNode& node, Job& job) {
  job.limits.processes.reset();
  if (node.kind == YamlNode::Kind::kText && node.text == "auto") return {};
  auto count = count_of(node, {.least = 1, .most = limits::kMaxProcesses});
  if (!count.ok()) return wrong_value(count.error().message + ", or auto");
  job.limits.processes = count.value();
  return {};
}

Result<void> read_attempts(const YamlNode& node, std::size_t& attempts) {
  TRY_ASSIGN(attempts, count_of(node, {.least = 1, .most = kMaxAttempts}));
  return {};
}

std::vector<std::string> notify_ways() { return {"none", "taskcluster", "smtp", "sendmail"}; }
std::vector<std::string> notify_ends() { return {"completed", "failed"}; }
std::vector<std::string> flag_words() { return {"yes", "no"}; }

Result<void> read_notify_via(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::size_t choice, choice_of(node, notify_ways()));
  job.notify.via = static_cast<NotifyVia>(choice);
  return {};
}

Result<void> read_notify_on(const YamlNode& node, Job& job) {
  std::vector<YamlNode> items = node.items;
  if (node.kind != YamlNode::Kind::kList) items = {node};
  job.notify.on_completed = false;
  job.notify.on_failed = false;
  for (const YamlNode& item : items) {
    TRY_ASSIGN(std::size_t choice, choice_of(item, notify_ends()));
    (choice == 0 ? job.notify.on_completed : job.notify.on_failed) = true;
  }
  return {};
}

std::string show_notify_on(const Job& job) {
  std::vector<std::string> words;
  if (job.notify.on_completed) words.emplace_back("completed");
  if (job.notify.on_failed) words.emplace_back("failed");
  return yaml_list(words);
}

Result<void> read_taskcluster(const YamlNode& node, Job& job) {
  bool is_empty = node.kind == YamlNode::Kind::kNothing && node.text.empty();
  if (node.kind != YamlNode::Kind::kMap && !is_empty) {
    return wrong_value("is " + std::string(kind_name(node)) + "; it must be a map of settings");
  }
  if (is_empty) return {};
  TRY_ASSIGN(job.taskcluster_json, json_of(node));
  return {};
}

std::vector<std::string> address_words() { return {"auto", "path", "host"}; }

Result<void> read_address(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::size_t choice, choice_of(node, address_words()));
  job.downloads.address = static_cast<AddressStyle>(choice);
  return {};
}

std::string show_optional(const std::optional<std::string>& text) { return text.has_value() ? yaml_text(*text) : ""; }
std::string show_filter(const Job& job) { return job.filter == "none" ? "\"none\"" : show_optional(job.filter); }
// Without its query a URL no longer means the same, but output is often kept in a log, and the query may be secret.
std::string show_source(const Job& job, const std::string& text) {
  return job.downloads.show_query ? without_passwords(text) : shown_url(text);
}
std::string show_inputs(const Job& job) {
  std::vector<std::string> texts;
  for (const std::string& input : job.inputs) texts.push_back(show_source(job, input));
  return yaml_list(texts);
}
std::string show_index(const Job& job) { return job.index.has_value() ? yaml_text(show_source(job, *job.index)) : ""; }
std::string show_flag(bool flag) { return flag ? "yes" : "no"; }

Result<void> read_group(const YamlNode& node, Job& job) {
  TRY_ASSIGN(job.group, texts_of(node));
  // They are the names of columns, too.
  for (std::string& path : job.group) path = std::string(trimmed(path, " "));
  return {};
}

Result<void> read_aggregate_row(const YamlNode& node, Job& job) {
  TRY_ASSIGN(job.aggregate, read_columns(node));
  return {};
}

// The name of a column may have spaces and may end in any word.
Result<void> read_order(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::string text, text_of(node));
  job.order.reset();
  if (text == "none") return {};
  ResultOrder order;
  const std::size_t blank = text.rfind(' ');
  const std::string word = blank == std::string::npos ? "" : text.substr(blank + 1);
  order.is_descending = word == "desc";
  if (word == "asc" || word == "desc") text.resize(blank);
  order.by = std::string(trimmed(text, " "));
  if (order.by.empty()) return wrong_value("names no column, as in 'revenue desc'");
  job.order = std::move(order);
  return {};
}

std::string show_order(const Job& job) {
  if (!job.order.has_value()) return "";
  return yaml_text(job.order->by + (job.order->is_descending ? " desc" : " asc"));
}

std::vector<std::string> format_words() { return names_up_to(ResultFormat::kJsonl); }

Result<void> read_format(const YamlNode& node, Job& job) {
  TRY_ASSIGN(std::size_t choice, choice_of(node, format_words()));
  job.result_format = static_cast<ResultFormat>(choice);
  return {};
}

constexpr std::array kRows = {
    SettingRow{"group", Shape::kList, read_group,
               [](const Job& job) { return job.group.empty() ? std::string() : yaml_list(job.group); }},
    SettingRow{"aggregate", Shape::kYaml, read_aggregate_row,
               [](const Job& job) { return show_columns(job.aggregate); }},
    SettingRow{"inputs", Shape::kList,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.inputs, texts_of(node));
                 return {};
               },
               show_inputs},
    SettingRow{"manifest", Shape::kText,
               [](const YamlNode& node, Job& job) { return read_optional_text(node, job.manifest); },
               [](const Job& job) { return show_optional(job.manifest); }},
    SettingRow{"index", Shape::kText, read_index, show_index},
    SettingRow{"filter", Shape::kText, read_filter, show_filter},
    SettingRow{"decompress", Shape::kText, read_decompress,
               [](const Job& job) {
                 return job.decompress.has_value() ? std::string(name_of(*job.decompress)) : std::string("auto");
               },
               decompress_words},
    SettingRow{"record", Shape::kYaml, read_record, show_record, record_words},
    SettingRow{"fields", Shape::kList, read_fields, [](const Job& job) { return yaml_list(job.fields); }},
    SettingRow{"where", Shape::kYaml,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.where_json, where_json_of(node));
                 return {};
               },
               [](const Job& job) { return job.where_json; }},
    SettingRow{"separator", Shape::kText, read_separator, show_separator},
    SettingRow{"values", Shape::kText, read_values,
               [](const Job& job) { return std::string(job.values == ValuesKind::kList ? "list" : "iterator"); },
               values_words},
    SettingRow{"sort_values", Shape::kText, read_sort_values,
               [](const Job& job) { return sort_values_words()[static_cast<std::size_t>(job.sort_values)]; },
               sort_values_words},
    SettingRow{"typed", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.typed, flag_of(node));
                 return {};
               },
               [](const Job& job) { return show_flag(job.typed); }, flag_words},
    SettingRow{"reducers", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.reducers, count_of(node, {.least = 1, .most = limits::kMaxReducers}));
                 return {};
               },
               [](const Job& job) { return std::to_string(job.reducers); }},
    SettingRow{"output", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.output, text_of(node));
                 return {};
               },
               [](const Job& job) { return yaml_text(job.output); }},
    SettingRow{"order", Shape::kText, read_order, show_order},
    SettingRow{"first", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 job.first.reset();
                 if (node.kind == YamlNode::Kind::kText && node.text == "none") return {};
                 auto count = count_of(node, {.least = 1});
                 if (!count.ok()) return wrong_value(count.error().message + ", or none");
                 job.first = count.value();
                 return {};
               },
               [](const Job& job) { return job.first.has_value() ? std::to_string(*job.first) : std::string(); }},
    SettingRow{"format", Shape::kText, read_format,
               [](const Job& job) { return std::string(name_of(job.result_format)); }, format_words},
    SettingRow{"result.parts", Shape::kText, read_parts,
               [](const Job& job) { return std::string(job.keep_parts ? "keep" : "merge"); }, parts_words},
    SettingRow{"downloads.parallel", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.downloads.parallel,
                            count_of(node, {.least = 1, .most = limits::kMaxParallelDownloads}));
                 return {};
               },
               [](const Job& job) { return std::to_string(job.downloads.parallel); }},
    SettingRow{"downloads.attempts", Shape::kText,
               [](const YamlNode& node, Job& job) { return read_attempts(node, job.downloads.attempts); },
               [](const Job& job) { return std::to_string(job.downloads.attempts); }},
    SettingRow{"downloads.patience", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.downloads.patience, duration_of(node));
                 return {};
               },
               [](const Job& job) { return format_duration(job.downloads.patience); }},
    SettingRow{"downloads.directory", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.downloads.directory, text_of(node));
                 return {};
               },
               [](const Job& job) { return yaml_text(job.downloads.directory); }},
    SettingRow{"downloads.keep", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.downloads.keep, flag_of(node));
                 return {};
               },
               [](const Job& job) { return show_flag(job.downloads.keep); }, flag_words},
    SettingRow{"downloads.address", Shape::kText, read_address,
               [](const Job& job) { return address_words()[static_cast<std::size_t>(job.downloads.address)]; },
               address_words},
    SettingRow{"downloads.requester_pays", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.downloads.requester_pays, flag_of(node));
                 return {};
               },
               [](const Job& job) { return show_flag(job.downloads.requester_pays); }, flag_words},
    SettingRow{"downloads.show_query", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.downloads.show_query, flag_of(node));
                 return {};
               },
               [](const Job& job) { return show_flag(job.downloads.show_query); }, flag_words},
    SettingRow{"downloads.private_redirects", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.downloads.private_redirects, flag_of(node));
                 return {};
               },
               [](const Job& job) { return show_flag(job.downloads.private_redirects); }, flag_words},
    SettingRow{"limits.processes", Shape::kText, read_processes,
               [](const Job& job) {
                 return job.limits.processes.has_value() ? std::to_string(*job.limits.processes) : std::string("auto");
               }},
    SettingRow{"limits.memory", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.limits.memory_bytes, bytes_of(node, limits::kMinMemoryBytes));
                 return {};
               },
               [](const Job& job) { return yaml_bytes(job.limits.memory_bytes); }},
    SettingRow{"limits.attempts", Shape::kText,
               [](const YamlNode& node, Job& job) { return read_attempts(node, job.limits.attempts); },
               [](const Job& job) { return std::to_string(job.limits.attempts); }},
    SettingRow{"limits.bad_records", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.limits.bad_records, count_of(node, {}));
                 return {};
               },
               [](const Job& job) { return std::to_string(job.limits.bad_records); }},
    SettingRow{"limits.failed_inputs", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.limits.failed_inputs, count_of(node, {}));
                 return {};
               },
               [](const Job& job) { return std::to_string(job.limits.failed_inputs); }},
    SettingRow{"limits.records", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 job.limits.records.reset();
                 if (node.kind == YamlNode::Kind::kText && node.text == "none") return {};
                 auto count = count_of(node, {.least = 1});
                 if (!count.ok()) return wrong_value(count.error().message + ", or none");
                 job.limits.records = count.value();
                 return {};
               },
               [](const Job& job) {
                 return job.limits.records.has_value() ? std::to_string(*job.limits.records) : std::string("none");
               }},
    SettingRow{"limits.timeout", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.limits.timeout, duration_of(node));
                 return {};
               },
               [](const Job& job) { return format_duration(job.limits.timeout); }},
    SettingRow{"owner", Shape::kText,
               [](const YamlNode& node, Job& job) -> Result<void> {
                 TRY_ASSIGN(job.owner, text_of(node));
                 return {};
               },
               [](const Job& job) { return job.owner.empty() ? std::string() : yaml_text(job.owner); }},
    SettingRow{"notify.via", Shape::kText, read_notify_via,
               [](const Job& job) { return notify_ways()[static_cast<std::size_t>(job.notify.via)]; }, notify_ways},
    SettingRow{"notify.on", Shape::kList, read_notify_on, show_notify_on, notify_ends},
    SettingRow{"taskcluster", Shape::kYaml, read_taskcluster, [](const Job& job) { return json_without_values_of("env", job.taskcluster_json); }},
};

}  // namespace

std::span<const SettingRow> setting_rows() { return kRows; }

}  // namespace quern::job_file
