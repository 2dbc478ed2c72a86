#include "services/process/module_messages.h"

#include <nlohmann/json.hpp>

namespace quern::process {

using nlohmann::json;

std::string setup_json(const ModuleSetup& setup, std::string_view script, const std::vector<std::string>& arguments) {
  json message = {{"role", setup.role},
                  {"script", script},
                  {"arguments", arguments},
                  {"record", name_of(setup.record)},
                  {"separator", setup.separator},
                  {"output", setup.output.is_text ? "text" : "pairs"},
                  {"plain", setup.output.only_plain},
                  {"values", setup.values == ValuesKind::kIterator ? "iterator" : "list"},
                  {"timeout", std::chrono::duration<double>(setup.timeout).count()}};
  if (setup.concurrency > 1) message["concurrency"] = setup.concurrency;
  if (setup.loads_only) message["loads_only"] = true;
  return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool parse_has_teardown(std::string_view payload) {
  json message = json::parse(payload, nullptr, false);
  if (!message.is_object() || !message.contains("teardown") || !message["teardown"].is_boolean()) return true;
  return message["teardown"].get<bool>();
}

ModuleFailure parse_failure(std::string_view payload) {
  json message = json::parse(payload, nullptr, false);
  if (!message.is_object() || !message.contains("reason") || !message["reason"].is_string()) {
    return {.reason = std::string(payload.substr(0, payload.find('\n'))), .details = ""};
  }
  bool has_details = message.contains("details") && message["details"].is_string();
  return {.reason = message["reason"].get<std::string>(),
          .details = has_details ? message["details"].get<std::string>() : ""};
}

Result<std::vector<event::Counted>> parse_counters(std::string_view payload) {
  auto broken = [] {
    return Error{.kind = ErrorKind::kChildFailed, .message = "it wrote a COUNTERS frame that cannot be read"};
  };
  json message = json::parse(payload, nullptr, false);
  if (!message.is_array()) return broken();
  std::vector<event::Counted> counted;
  for (const json& entry : message) {
    if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string() || !entry[1].is_string() ||
        !entry[2].is_number_integer()) {
      return broken();
    }
    counted.push_back({.group = entry[0].get<std::string>(),
                       .name = entry[1].get<std::string>(),
                       .amount = entry[2].get<std::int64_t>()});
  }
  return counted;
}

}  // namespace quern::process
