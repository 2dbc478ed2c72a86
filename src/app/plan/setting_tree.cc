#include "app/plan/setting_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace quern::plan {

using Json = nlohmann::ordered_json;

namespace {

using job_file::YamlNode;
using Kind = YamlNode::Kind;

struct Section {
  std::string_view key;
  bool may_be_text;
  std::string_view example;
};
constexpr std::array kSections = {Section{"load", false, "{bytes: 1GiB, files: 50}"},
                                  Section{"env", false, "{TZ: UTC}"},
                                  Section{"image", true, "{task: ID, path: public/image.tar.zst}"}};

std::string text_of(const Json& json) {
  return json.is_string() ? json.get_ref<const std::string&>()
                          : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Turns numbers and literals back into the text of the job file; only strings count as quoted.
YamlNode node_of(const Json& json) {
  YamlNode node;
  if (json.is_array()) {
    node.kind = Kind::kList;
    for (const Json& item : json) node.items.push_back(node_of(item));
  } else if (json.is_object()) {
    node.kind = Kind::kMap;
    for (const auto& [key, value] : json.items()) node.entries.push_back({key, 0, node_of(value)});
  } else {
    node.kind = json.is_null() ? Kind::kNothing : Kind::kText;
    node.quoted = json.is_string();
    node.text = text_of(json);
  }
  return node;
}

}  // namespace

Result<SettingTree> setting_tree(std::string_view json_text) {
  Json json = Json::parse(json_text, nullptr, false);
  CHECK(json.is_object());
  SettingTree tree;
  for (const auto& [key, value] : json.items()) {
    const auto* section =
        std::find_if(kSections.begin(), kSections.end(), [&key = key](const Section& one) { return one.key == key; });
    YamlNode node = node_of(value);
    if (section == kSections.end() || (section->may_be_text && node.kind == Kind::kText)) {
      tree.emplace_back(key, std::move(node));
      continue;
    }
    if (node.kind != Kind::kMap) {
      return bad_config(
          fmt::format("{} is {}; it must be a map such as {}", key, job_file::kind_name(node), section->example));
    }
    for (job_file::YamlEntry& entry : node.entries) tree.emplace_back(key + "." + entry.key, std::move(entry.value));
  }
  return tree;
}

}  // namespace quern::plan
