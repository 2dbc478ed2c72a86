#include "model/accounting_json.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/shown_url.h"
#include "model/accounting.h"

namespace quern {
namespace {

constexpr int kFormatVersion = 1;
constexpr std::uint64_t kMostExitStatus = 255;

constexpr std::array<std::pair<Outcome, std::string_view>, 4> kStatuses = {
    {{Outcome::kDone, "done"},
     {Outcome::kDoneWithLosses, "done with losses"},
     {Outcome::kFailed, "failed"},
     {Outcome::kStopped, "stopped"}}};
constexpr std::array kErrorKinds = {ErrorKind::kRetry,    ErrorKind::kNotFound,  ErrorKind::kDenied,
                                    ErrorKind::kBadInput, ErrorKind::kBadConfig, ErrorKind::kChildFailed,
                                    ErrorKind::kNoSpace,  ErrorKind::kStopped,   ErrorKind::kInternal};

std::string_view status_of(Outcome outcome) {
  for (const auto& [one, name] : kStatuses) {
    if (one == outcome) return name;
  }
  return "failed";
}

// Microseconds are precise enough, and avoid 0.10000000000000001 for 0.1.
double seconds_of(std::chrono::nanoseconds time) {
  return std::round(std::chrono::duration<double, std::micro>(time).count()) / 1e6;
}

Json seconds_json(const Accounting& accounting) {
  Json phases = Json::object();
  for (const auto& [name, time] : accounting.phases) phases[name] = seconds_of(time);
  return {{"total", seconds_of(accounting.elapsed)}, {"phases", std::move(phases)}};
}

Json usage_json(const Accounting& accounting) {
  Json all = Json::object();
  for (const auto& [who, usage] : accounting.usage) {
    all[who] = {{"processes", usage.processes},
                {"cpu_seconds", seconds_of(usage.cpu)},
                {"peak_memory_bytes", usage.peak_memory_bytes}};
  }
  return all;
}

Json units_json(const Accounting& accounting) {
  Json children = Json::array();
  for (const ChildUnits& child : accounting.units) {
    children.push_back({{"child", child.child},
                        {"count", child.units.count},
                        {"seconds", seconds_of(child.units.total)},
                        {"longest", seconds_of(child.units.longest)}});
  }
  return children;
}

Json time_json(const std::optional<UtcTime>& time) { return time.has_value() ? Json(format_utc(*time)) : Json(); }

Json counters_json(const Accounting& accounting) {
  Json groups = Json::object();
  for (const auto& [group_and_name, amount] : accounting.counters) {
    groups[group_and_name.first][group_and_name.second] = amount;
  }
  return groups;
}

Json failed_inputs_json(const Accounting& accounting) {
  Json inputs = Json::array();
  for (const FailedInput& input : accounting.failed_inputs) {
    inputs.push_back({{"name", input.name}, {"kind", name_of(input.error.kind)}, {"reason", input.error.message}});
  }
  return inputs;
}

// Reads the objects and keeps the first error that is found in any of them.
class AccountingReader {
 public:
  void read(const Json& json, Accounting& to) {
    JsonFields fields(json);
    if (fields.number("version") != kFormatVersion) fields.fail("version", "is one that this quern does not know");
    read_status(fields, to);
    to.failure = fields.text("failure");
    to.job = fields.text("job");
    to.result = fields.text("result");
    if (to.outcome == Outcome::kFailed || to.outcome == Outcome::kStopped) {
      to.ended_with = static_cast<int>(fields.number("exit_status") & kMostExitStatus);
    }
    to.files = fields.texts_or_none("files");
    if (auto previous = json.find("previous_result"); previous != json.end() && previous->is_object()) {
      JsonFields own(*previous, "previous_result.");
      to.previous_result = own.text("path");
      to.previous_time = own.time("time");
      take_failure(own);
    }
    read_numbers(fields, "inputs",
                 {{"found", &to.inputs_found},
                  {"mapped", &to.inputs_mapped},
                  {"failed", &to.inputs_failed},
                  {"skipped", &to.inputs_skipped}},
                 {{"unverified", &to.inputs_unverified}});
    read_numbers(fields, "records",
                 {{"read", &to.records_read},
                  {"mapped", &to.records_mapped},
                  {"bad", &to.records_bad},
                  {"dropped", &to.records_dropped}},
                 {{"without_key", &to.records_without_key}, {"without_value", &to.records_without_value}});
    read_numbers(fields, "groups", {{"reduced", &to.groups_reduced}, {"bad", &to.groups_bad}},
                 {{"as_text", &to.groups_as_text}});
    to.first_as_text = fields.text_or_none("first_as_text");
    read_numbers(fields, "bytes",
                 {{"fetched", &to.fetched_bytes},
                  {"stored", &to.stored_bytes},
                  {"decoded", &to.decoded_bytes},
                  {"mapped_output", &to.mapped_output_bytes},
                  {"result", &to.result_bytes}},
                 {{"found", &to.found_bytes}});
    read_numbers(fields, "children", {{"replaced", &to.children_replaced}});
    read_circumstances(json, fields, to);
    const Json& seconds = fields.object("seconds");
    const Json& counters = fields.object("counters");
    const Json& failed_inputs = fields.array("failed_inputs");
    take_failure(fields);
    read_seconds(seconds, to);
    read_counters(counters, to);
    if (json.contains("paths")) read_paths(fields.array("paths"), to);
    for (const Json& input : failed_inputs) read_failed_input(input, to);
  }
  const std::string& failure() const { return failure_; }

 private:
  void read_status(JsonFields& fields, Accounting& to) {
    const std::string status = fields.text("status");
    for (const auto& [outcome, name] : kStatuses) {
      if (name != status) continue;
      to.outcome = outcome;
      return;
    }
    fields.fail("status", "is one that this quern does not know");
  }

  // `later` are numbers that older accountings lack.
  using Numbers = std::initializer_list<std::pair<const char*, std::uint64_t*>>;
  void read_numbers(JsonFields& fields, const char* section, Numbers numbers, Numbers later = {}) {
    const Json& object = fields.object(section);
    take_failure(fields);
    JsonFields own(object, std::string(section) + ".");
    for (const auto& [name, target] : numbers) *target = own.number(name);
    for (const auto& [name, target] : later) *target = own.number_or_none(name).value_or(0);
    take_failure(own);
  }

  void read_seconds(const Json& json, Accounting& to) {
    JsonFields fields(json, "seconds.");
    to.elapsed = time_of(fields, "total");
    const Json& phases = fields.object("phases");
    take_failure(fields);
    JsonFields own(phases, "seconds.phases.");
    for (const auto& [name, value] : phases.items()) to.phases.emplace_back(name, time_of(own, name.c_str()));
    take_failure(own);
  }

  // What older accountings lack.
  void read_circumstances(const Json& json, JsonFields& fields, Accounting& to) {
    to.quern_version = fields.text_or_none("quern");
    to.host = fields.text_or_none("host");
    to.command = fields.texts_or_none("command");
    to.started = fields.time_or_none("started");
    to.ended = fields.time_or_none("ended");
    if (json.contains("sample") && json["sample"].is_object()) {
      JsonFields sample(json["sample"], "sample.");
      to.sample_records = sample.number("records");
      to.is_sample_full = json["sample"].contains("full") && json["sample"]["full"] == true;
      take_failure(sample);
    }
    if (json.contains("usage")) read_usage(fields.object("usage"), to);
    if (json.contains("units")) read_units(fields.array("units"), to);
    take_failure(fields);
  }

  void read_usage(const Json& json, Accounting& to) {
    for (const auto& [who, used] : json.items()) {
      JsonFields own(used, "usage." + who + ".");
      to.usage[who] = {.processes = own.number("processes"),
                       .cpu = time_of(own, "cpu_seconds", kMostCpuSeconds),
                       .peak_memory_bytes = own.number("peak_memory_bytes")};
      take_failure(own);
    }
  }

  void read_units(const Json& json, Accounting& to) {
    for (const Json& child : json) {
      JsonFields own(child, "units.");
      to.units.push_back(
          {.child = own.number("child"),
           .units = {
               .count = own.number("count"), .total = time_of(own, "seconds"), .longest = time_of(own, "longest")}});
      take_failure(own);
    }
  }

  // Refuses more than a year, which is longer than any run and fits into nanoseconds.
  static constexpr double kMostSeconds = 366.0 * 24 * 3600;
  // Of all children and tasks together; in nanoseconds, it must be a 64-bit number.
  static constexpr double kMostCpuSeconds = 250 * kMostSeconds;

  static std::chrono::nanoseconds time_of(JsonFields& fields, const char* name, double most = kMostSeconds) {
    double seconds = fields.real_number(name);
    if (seconds >= 0 && seconds <= most) {
      return std::chrono::nanoseconds(std::llround(seconds * 1e6) * 1000);
    }
    fields.fail(name, "is not a valid duration of a run");
    return {};
  }

  void read_counters(const Json& json, Accounting& to) {
    for (const auto& [group, names] : json.items()) {
      JsonFields fields(names, "counters." + group + ".");
      if (!names.is_object()) return take_failure(fields);
      for (const auto& [name, amount] : names.items()) {
        to.counters[{group, name}] = fields.signed_number(name.c_str());
      }
      take_failure(fields);
    }
  }

  void read_paths(const Json& json, Accounting& to) {
    for (const Json& item : json) {
      JsonFields fields(item, "paths.");
      to.paths.push_back({.setting = fields.text("setting"),
                          .path = fields.text("path"),
                          .is_found = item.is_object() && item.contains("found") && item["found"] == true,
                          .nearest = fields.text_or_none("nearest"),
                          .first_record = fields.text_or_none("first_record")});
      take_failure(fields);
    }
  }

  void read_failed_input(const Json& json, Accounting& to) {
    JsonFields fields(json, "failed_inputs.");
    FailedInput input{.name = fields.text("name"), .error = {.message = fields.text("reason")}};
    const std::string kind = fields.text("kind");
    for (ErrorKind one : kErrorKinds) {
      if (name_of(one) == kind) input.error.kind = one;
    }
    if (name_of(input.error.kind) != kind) fields.fail("kind", "is one that this quern does not know");
    take_failure(fields);
    to.failed_inputs.push_back(std::move(input));
  }

  void take_failure(const JsonFields& fields) {
    if (failure_.empty()) failure_ = fields.failure();
  }

  std::string failure_;
};

Json paths_json(const std::vector<WantedPath>& wanted) {
  Json paths = Json::array();
  for (const WantedPath& path : wanted) {
    paths.push_back({{"setting", path.setting}, {"path", path.path}, {"found", path.is_found}});
    if (!path.nearest.empty()) paths.back()["nearest"] = path.nearest;
    if (!path.first_record.empty()) paths.back()["first_record"] = path.first_record;
  }
  return paths;
}

Json sample_json(const Accounting& accounting) {
  if (!accounting.sample_records.has_value()) return nullptr;
  return {{"records", *accounting.sample_records}, {"full", accounting.is_sample_full}};
}

}  // namespace

Json accounting_value(const Accounting& accounting) {
  Json previous;
  if (accounting.previous_time.has_value()) {
    previous = {{"path", accounting.previous_result}, {"time", format_utc(*accounting.previous_time)}};
  }
  return {
      {"version", kFormatVersion},
      {"status", status_of(accounting.outcome)},
      {"exit_status", exit_status(accounting)},
      {"failure", without_passwords(accounting.failure)},
      {"job", accounting.job},
      {"result", accounting.result},
      {"previous_result", std::move(previous)},
      {"quern", accounting.quern_version},
      {"command", accounting.command},
      {"host", accounting.host},
      {"started", time_json(accounting.started)},
      {"ended", time_json(accounting.ended)},
      {"files", accounting.files},
      {"inputs",
       {{"found", accounting.inputs_found},
        {"mapped", accounting.inputs_mapped},
        {"failed", accounting.inputs_failed},
        {"skipped", accounting.inputs_skipped},
        {"unverified", accounting.inputs_unverified}}},
      {"sample", sample_json(accounting)},
      {"records",
       {{"read", accounting.records_read},
        {"mapped", accounting.records_mapped},
        {"bad", accounting.records_bad},
        {"dropped", accounting.records_dropped},
        {"without_key", accounting.records_without_key},
        {"without_value", accounting.records_without_value}}},
      {"groups",
       {{"reduced", accounting.groups_reduced},
        {"bad", accounting.groups_bad},
        {"as_text", accounting.groups_as_text}}},
      {"bytes",
       {{"found", accounting.found_bytes},
        {"fetched", accounting.fetched_bytes},
        {"stored", accounting.stored_bytes},
        {"decoded", accounting.decoded_bytes},
        {"mapped_output", accounting.mapped_output_bytes},
        {"result", accounting.result_bytes}}},
      {"children", {{"replaced", accounting.children_replaced}}},
      {"usage", usage_json(accounting)},
      {"units", units_json(accounting)},
      {"seconds", seconds_json(accounting)},
      {"counters", counters_json(accounting)},
      {"paths", paths_json(accounting.paths)},
      {"first_as_text", accounting.first_as_text},
      {"warnings", warnings_of(accounting)},
      {"failed_inputs", failed_inputs_json(accounting)},
  };
}

std::string accounting_json(const Accounting& accounting) {
  // File names are arbitrary bytes. JSON can hold only UTF-8, so other bytes become U+FFFD, and dump() does not throw.
  return accounting_value(accounting).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Accounting> read_accounting(const Json& json) {
  Accounting accounting;
  AccountingReader reader;
  reader.read(json, accounting);
  if (reader.failure().empty()) return accounting;
  return bad_input(reader.failure());
}

}  // namespace quern
