#include "services/process/module_messages.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace quern::process {

using nlohmann::json;

std::string setup_json(const ModuleSetup& setup, std::string_view script, const Module& module) {
  json message = {{"role", setup.role},
                  {"script", script},
                  {"arguments", module.arguments},
                  {"record", name_of(setup.record)},
                  {"separator", setup.separator},
                  {"output", setup.output.is_text ? "text" : "pairs"},
                  {"plain", setup.output.only_plain},
                  {"values", setup.values == ValuesKind::kIterator ? "iterator" : "list"},
                  {"timeout", std::chrono::duration<double>(setup.timeout).count()}};
  if (!module.expression.empty()) message["expression"] = module.expression;
  if (setup.watches_fields) message["watch_fields"] = true;
  if (setup.typed) message["typed"] = true;
  if (setup.concurrency > 1) message["concurrency"] = setup.concurrency;
  if (setup.loads_only) {
    message["loads_only"] = true;
  } else if (module.attended != Attended::kAlone) {
    message[module.attended == Attended::kDebugged ? "debug" : "profile"] = true;
  }
  if (!setup.sample_packed.empty()) message["sample"] = {setup.sample_lines, hex_encode(setup.sample_packed)};
  return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

ModuleReady parse_ready(std::string_view payload) {
  const json message = json::parse(payload, nullptr, false);
  auto says = [&](const char* name, bool otherwise) {
    const bool is_said = message.is_object() && message.contains(name) && message[name].is_boolean();
    return is_said ? message[name].get<bool>() : otherwise;
  };
  return {.has_teardown = says("teardown", true), .reads_packed = says("packed", false)};
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

Result<FieldsRead> parse_fields(std::string_view payload) {
  const json message = json::parse(payload, nullptr, false);
  FieldsRead fields;
  for (auto [name, paths] : {std::pair{"read", &fields.read}, {"reached", &fields.reached}}) {
    const auto found = message.is_object() ? message.find(name) : message.end();
    const bool are_texts = found != message.end() && found->is_array() &&
                           std::all_of(found->begin(), found->end(), [](const json& one) { return one.is_string(); });
    if (!are_texts) {
      return Error{.kind = ErrorKind::kChildFailed, .message = "it wrote a FIELDS frame that cannot be read"};
    }
    *paths = found->get<std::vector<std::string>>();
  }
  return fields;
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
