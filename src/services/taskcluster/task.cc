#include "services/taskcluster/task.h"

#include <nlohmann/json.hpp>

#include <set>

#include "model/json_fields.h"

namespace quern::taskcluster {

// The queue adds the run of a retry together with the end of the previous run, so the last state is the final one.
bool TaskStatus::is_resolved() const { return quern::is_resolved(state); }

namespace {

const Json& member(const Json& object, std::string_view name) {
  static const Json kNothing;
  auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? kNothing : *found;
}

// The order of members does not matter.
std::string difference(const Json& one, const Json& other, const std::string& path) {
  if (path == "payload.env.CREDENTIALS") return "";
  if (!one.is_object() || !other.is_object()) {
    return nlohmann::json(one) == nlohmann::json(other) ? "" : path;
  }
  std::set<std::string> names;
  for (const Json* object : {&one, &other}) {
    for (const auto& item : object->items()) names.insert(item.key());
  }
  for (const std::string& name : names) {
    std::string found = difference(member(one, name), member(other, name), path + "." + name);
    if (!found.empty()) return found;
  }
  return "";
}

}  // namespace

std::string environment_of(std::string_view definition, const std::string& name) {
  auto json = parse_json(definition);
  if (!json.has_value()) return "";
  const Json& value = member(member(member(*json, "payload"), "env"), name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string difference_in_work(std::string_view one, std::string_view other) {
  auto first = parse_json(one);
  auto second = parse_json(other);
  if (!first.has_value() || !second.has_value()) return "payload";
  for (const char* name : {"taskQueueId", "schedulerId", "taskGroupId", "dependencies", "payload"}) {
    std::string found = difference(member(*first, name), member(*second, name), name);
    if (!found.empty()) return found;
  }
  return "";
}

}  // namespace quern::taskcluster
