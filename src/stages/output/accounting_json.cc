#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "services/disk/files.h"
#include "stages/output/output.h"

namespace quern::output {
namespace {

using nlohmann::ordered_json;

constexpr int kFormatVersion = 1;

std::string_view status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return "done";
    case Outcome::kDoneWithLosses:
      return "done with losses";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kStopped:
      return "stopped";
  }
  return "failed";
}

// Microseconds are enough, and keep 0.1 from becoming 0.10000000000000001.
double seconds_of(std::chrono::nanoseconds time) {
  return std::round(std::chrono::duration<double, std::micro>(time).count()) / 1e6;
}

ordered_json seconds_json(const Accounting& accounting) {
  ordered_json phases = ordered_json::object();
  for (const auto& [name, time] : accounting.phases) phases[name] = seconds_of(time);
  return {{"total", seconds_of(accounting.elapsed)}, {"phases", std::move(phases)}};
}

ordered_json counters_json(const Accounting& accounting) {
  ordered_json groups = ordered_json::object();
  for (const auto& [group_and_name, amount] : accounting.counters) {
    groups[group_and_name.first][group_and_name.second] = amount;
  }
  return groups;
}

ordered_json failed_inputs_json(const Accounting& accounting) {
  ordered_json inputs = ordered_json::array();
  for (const FailedInput& input : accounting.failed_inputs) {
    inputs.push_back({{"name", input.name}, {"kind", name_of(input.error.kind)}, {"reason", input.error.message}});
  }
  return inputs;
}

}  // namespace

std::string accounting_json(const Accounting& accounting) {
  ordered_json json = {
      {"version", kFormatVersion},
      {"status", status_of(accounting.outcome)},
      {"exit_status", exit_status(accounting)},
      {"failure", accounting.failure},
      {"job", accounting.job},
      {"result", accounting.result},
      {"inputs",
       {{"found", accounting.inputs_found},
        {"mapped", accounting.inputs_mapped},
        {"failed", accounting.inputs_failed},
        {"skipped", accounting.inputs_skipped}}},
      {"records",
       {{"read", accounting.records_read},
        {"mapped", accounting.records_mapped},
        {"bad", accounting.records_bad},
        {"dropped", accounting.records_dropped}}},
      {"groups", {{"reduced", accounting.groups_reduced}, {"bad", accounting.groups_bad}}},
      {"bytes",
       {{"fetched", accounting.fetched_bytes},
        {"stored", accounting.stored_bytes},
        {"decoded", accounting.decoded_bytes},
        {"mapped_output", accounting.mapped_output_bytes},
        {"result", accounting.result_bytes}}},
      {"children", {{"replaced", accounting.children_replaced}}},
      {"seconds", seconds_json(accounting)},
      {"counters", counters_json(accounting)},
      {"failed_inputs", failed_inputs_json(accounting)},
  };
  // File names are bytes: what is not UTF-8 becomes U+FFFD here, as JSON has no other way, and nothing throws.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<void> write_accounting(const Accounting& accounting, const std::string& path) {
  TRY_ASSIGN(auto file, disk::AtomicFile::create(path));
  TRY(file->write(accounting_json(accounting)));
  return file->commit();
}

}  // namespace quern::output
