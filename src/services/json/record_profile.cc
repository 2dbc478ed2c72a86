#include "services/json/record_profile.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "arithmetic/number.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "services/json/value_text.h"

namespace quern::json {
namespace {

// Beyond these, new names of one object are taken together, and new paths are not looked at.
constexpr std::size_t kMostMembers = 1000;
constexpr std::size_t kMostNodes = 50'000;

// Names are data if there are at least so many and a name is in at most one of so many objects; or if there are very
// many, and all values are objects.
constexpr std::size_t kFewestNames = 32;
constexpr std::uint64_t kObjectsOfAName = 4;
constexpr std::size_t kVeryManyNames = 100;

// What is kept of a value to be shown.
constexpr std::size_t kKeptBytes = 200;

std::string kept(std::string_view text) { return std::string(utf8::cut(text, kKeptBytes)); }

bool is_less(std::string_view left, std::string_view right, bool is_number) {
  if (!is_number) return left < right;
  return compare({.nearest = parse_number(left).floating, .text = left},
                 {.nearest = parse_number(right).floating, .text = right}) < 0;
}

void keep_range(std::optional<std::string>& least, std::optional<std::string>& most, std::string_view text,
                bool is_number) {
  if (!least.has_value() || is_less(text, *least, is_number)) least = kept(text);
  if (!most.has_value() || is_less(*most, text, is_number)) most = kept(text);
}

ValueType type_of_number(std::string_view text) {
  return text.find_first_of(".eE") == std::string_view::npos ? ValueType::kInteger : ValueType::kNumber;
}

ValueType type_of_scalar(std::string_view raw) {
  if (raw[0] == 'n') return ValueType::kNull;
  return raw[0] == 't' || raw[0] == 'f' ? ValueType::kBoolean : type_of_number(raw);
}

// Words such as nan and inf are not numbers in a table.
ValueType type_of_field(std::string_view text) {
  if (text.empty()) return ValueType::kNull;
  const bool has_digit = std::any_of(text.begin(), text.end(), is_digit);
  if (!has_digit || parse_number(text).kind == Number::Kind::kNone) return ValueType::kString;
  return type_of_number(text);
}

}  // namespace

std::string_view name_of(ValueType type) {
  constexpr std::array<std::string_view, kValueTypes> kNames = {"null",   "boolean", "integer", "number",
                                                                "string", "object",  "array"};
  return kNames[static_cast<std::size_t>(type)];
}

RecordProfile::RecordProfile(bool reads_numbers) : reads_numbers_(reads_numbers), nodes_(1) {}

bool RecordProfile::add(std::string_view record) {
  record_ = record;  // its end is readable
  if (!reader_.read(record_, copy_)) return false;
  ++records_;
  walk(record_);
  return true;
}

// The reader has checked the text, so the tokens are in a right order.
void RecordProfile::walk(std::string_view text) {
  struct Level {
    std::uint32_t node;
    bool is_object;
  };
  structure_.find_tokens(text);
  const std::uint32_t* tokens = structure_.tokens();
  std::vector<Level> open;
  std::uint32_t node = 0;  // of the next value
  bool is_name_next = false;
  for (std::size_t i = 0; i < structure_.count(); ++i) {
    const std::size_t at = tokens[i];
    const char token = text[at];
    const std::string_view raw = text.substr(at, end_before(text.data(), at, tokens[i + 1]) - at);
    if (token == ':') continue;
    if (token == '}' || token == ']') {
      open.pop_back();
    } else if (token == ',') {
      is_name_next = open.back().is_object;
      if (!is_name_next) node = element(open.back().node);
    } else if (is_name_next) {
      text_.clear();
      append_unescaped(raw.substr(1, raw.size() - 2), text_);
      node = member(open.back().node, text_);
      is_name_next = false;
    } else if (token == '{' || token == '[') {
      const bool is_object = token == '{';
      note(node, is_object ? ValueType::kObject : ValueType::kList);
      open.push_back({open.size() < limits::kMaxPathSteps ? node : kNone, is_object});
      const char next = text[tokens[i + 1]];
      is_name_next = is_object && next != '}';
      if (!is_object && next != ']') node = element(open.back().node);
    } else {
      text_.clear();
      append_text(raw, text_);
      ValueType type = token == '"' ? ValueType::kString : type_of_scalar(raw);
      if (type == ValueType::kString && reads_numbers_) type = type_of_field(text_);
      note(node, type);
      if (type != ValueType::kNull) note_scalar(node, type, text_);
    }
  }
}

std::uint32_t RecordProfile::add_node() {
  if (nodes_.size() == kMostNodes) return kNone;
  nodes_.emplace_back();
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t RecordProfile::member(std::uint32_t node, std::string_view name) {
  if (node == kNone) return kNone;
  if (auto found = nodes_[node].members.find(name); found != nodes_[node].members.end()) return found->second;
  if (nodes_[node].members.size() < kMostMembers) {
    const std::uint32_t added = add_node();
    if (added != kNone) nodes_[node].members.emplace(name, added);
    return added;
  }
  if (nodes_[node].any == kNone) {
    const std::uint32_t added = add_node();
    nodes_[node].any = added;
  }
  return nodes_[node].any;
}

std::uint32_t RecordProfile::element(std::uint32_t node) {
  if (node == kNone) return kNone;
  if (nodes_[node].every == kNone) {
    const std::uint32_t added = add_node();
    nodes_[node].every = added;
  }
  return nodes_[node].every;
}

void RecordProfile::note(std::uint32_t node, ValueType type) {
  if (node == kNone) return;
  Node& noted = nodes_[node];
  ++noted.types[static_cast<std::size_t>(type)];
  if (std::exchange(noted.last_record, records_) != records_) ++noted.records;
}

void RecordProfile::note_scalar(std::uint32_t node, ValueType type, std::string_view text) {
  if (node == kNone) return;
  Node& noted = nodes_[node];
  if (noted.distinct.size() <= kMostDistinct && noted.distinct.insert(std::hash<std::string_view>()(text)).second &&
      noted.examples.size() < kMostExamples) {
    noted.examples.push_back(kept(text));
  }
  widen(noted, type, text);
}

void RecordProfile::widen(Node& node, ValueType type, std::string_view text) {
  if (type == ValueType::kInteger || type == ValueType::kNumber) {
    keep_range(node.least_number, node.most_number, text, true);
  } else if (type == ValueType::kString) {
    keep_range(node.least_text, node.most_text, text, false);
  }
}

bool RecordProfile::has_data_as_names(const Node& node) const {
  if (node.any != kNone) return true;
  const std::size_t names = node.members.size();
  if (names < kFewestNames) return false;
  std::uint64_t values = 0;
  bool are_objects = true;
  for (const auto& [name, below] : node.members) {
    values += nodes_[below].records;
    are_objects = are_objects && nodes_[below].count(ValueType::kObject) > 0;
  }
  return values * kObjectsOfAName <= node.count(ValueType::kObject) * names || (are_objects && names >= kVeryManyNames);
}

void RecordProfile::join_members(std::uint32_t node) {
  auto members = std::exchange(nodes_[node].members, {});
  for (const auto& [name, below] : members) {
    if (nodes_[node].any == kNone) {
      nodes_[node].any = below;
    } else {
      merge(nodes_[node].any, below);
    }
  }
}

// No deeper than limits::kMaxPathSteps.
void RecordProfile::merge(std::uint32_t into, std::uint32_t from) {
  Node moved = std::move(nodes_[from]);
  Node& target = nodes_[into];
  target.records += moved.records;
  for (std::size_t i = 0; i < kValueTypes; ++i) target.types[i] += moved.types[i];
  for (std::size_t hash : moved.distinct) {
    if (target.distinct.size() <= kMostDistinct) target.distinct.insert(hash);
  }
  for (std::string& example : moved.examples) {
    const bool is_new = std::find(target.examples.begin(), target.examples.end(), example) == target.examples.end();
    if (is_new && target.examples.size() < kMostExamples) target.examples.push_back(std::move(example));
  }
  for (const auto* text : {&moved.least_number, &moved.most_number}) {
    if (text->has_value()) widen(target, ValueType::kNumber, **text);
  }
  for (const auto* text : {&moved.least_text, &moved.most_text}) {
    if (text->has_value()) widen(target, ValueType::kString, **text);
  }
  auto merge_or_move = [&](std::uint32_t& own, std::uint32_t other) {
    if (own == kNone) {
      own = other;
    } else if (other != kNone) {
      merge(own, other);
    }
  };
  merge_or_move(target.every, moved.every);
  merge_or_move(target.any, moved.any);
  for (const auto& [name, below] : moved.members) {
    merge_or_move(target.members.try_emplace(name, kNone).first->second, below);
  }
}

std::vector<ProfiledPath> RecordProfile::paths() {
  std::vector<ProfiledPath> paths;
  list(0, {.records = records_}, paths);
  return paths;
}

void RecordProfile::list(std::uint32_t node, const ProfiledPath& above, std::vector<ProfiledPath>& paths) {
  if (has_data_as_names(nodes_[node])) join_members(node);
  const Node& listed = nodes_[node];
  std::vector<std::pair<std::uint32_t, PathStep>> below;
  for (const auto& [name, member] : listed.members) below.push_back({member, {.name = name}});
  // The order of their numbers is that in which they were first seen.
  std::sort(below.begin(), below.end(), [](const auto& left, const auto& right) { return left.first < right.first; });
  const bool is_reachable = node == 0 || !above.path.empty();
  auto list_below = [&](std::uint32_t number, const PathStep* step) {
    const Node& child = nodes_[number];
    ProfiledPath described = describe(child, above);
    if (is_reachable && step != nullptr) {
      described.path = above.path;
      described.path.push_back(*step);
      described.text = path_text(described.path);
    } else {
      const std::string name = step == nullptr ? "*" : path_text({*step});
      const bool needs_dot = !above.text.empty() && !name.starts_with('[');
      described.text = above.text + (needs_dot ? "." : "") + name;
    }
    const bool is_map =
        described.count(ValueType::kObject) == described.values && (!child.members.empty() || child.any != kNone);
    if (!is_map) paths.push_back(described);
    list(number, described, paths);
  };
  if (listed.any != kNone) list_below(listed.any, nullptr);
  for (const auto& [number, step] : below) list_below(number, &step);
  const PathStep every{.kind = PathStep::Kind::kEvery};
  if (listed.every != kNone) list_below(listed.every, &every);
}

ProfiledPath RecordProfile::describe(const Node& node, const ProfiledPath& above) const {
  ProfiledPath described{.records = std::min(node.records, above.records), .types = node.types};
  for (std::uint64_t count : node.types) described.values += count;
  described.distinct = std::min(node.distinct.size(), kMostDistinct);
  described.has_more = node.distinct.size() > kMostDistinct;
  described.examples = node.examples;
  const bool are_numbers =
      node.count(ValueType::kString) <= node.count(ValueType::kInteger) + node.count(ValueType::kNumber);
  described.smallest = (are_numbers ? node.least_number : node.least_text).value_or("");
  described.largest = (are_numbers ? node.most_number : node.most_text).value_or("");
  return described;
}

}  // namespace quern::json
