#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "services/json/json_reader.h"
#include "services/json/path.h"
#include "services/json/structure.h"
#include "services/json/walk_plan.h"

namespace quern::json {

// kNull: in a table, an empty text.
enum class ValueType { kNull, kBoolean, kInteger, kNumber, kString, kObject, kList };
inline constexpr std::size_t kValueTypes = 7;

// What a profile says about the values at one path.
struct ProfiledPath {
  std::string text;  // as a job file has it; below a map whose names are data, "info.*"
  Path path;         // empty if it is below such a map: then there is no path to it
  std::uint64_t records = 0;
  std::uint64_t values = 0;  // of all types
  std::array<std::uint64_t, kValueTypes> types{};
  // Of what is neither null, an object nor a list.
  std::uint64_t distinct = 0;
  bool has_more = false;              // there are more distinct values, which were not counted
  std::vector<std::string> examples;  // the first distinct values, cut
  // In the order of numbers, or of bytes if there are more strings; "" if there is no such value. Cut.
  std::string smallest;
  std::string largest;

  std::uint64_t count(ValueType type) const { return types[static_cast<std::size_t>(type)]; }
};

// Gathers the paths of a sample of records, and what is found there. Its memory is bounded by that of the sample. Not
// thread-safe.
class RecordProfile {
 public:
  static constexpr std::size_t kMostDistinct = 1000;
  static constexpr std::size_t kMostExamples = 3;

  // With `reads_numbers`, strings that read as numbers count as numbers, and empty ones as null.
  explicit RecordProfile(bool reads_numbers = false);
  // `record` is the JSON of one record. Returns false, and learns nothing, if it is not JSON; flaw() returns the
  // reason.
  bool add(std::string_view record);
  const Flaw& flaw() const { return reader_.flaw(); }
  std::uint64_t records() const { return records_; }
  // Returns the paths in the order in which they first appeared, each followed by those below it. Objects that have
  // members are left out, unless some values at their path are no objects. If the names of an object's members look
  // like data (very many, and each in few of the objects), all members are one path. To be called once, after the last
  // record.
  std::vector<ProfiledPath> paths();

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Node {
    std::map<std::string, std::uint32_t, std::less<>> members;
    std::uint32_t every = kNone;  // the elements
    std::uint32_t any = kNone;    // the members of an object whose names are data
    std::uint64_t last_record = 0;
    std::uint64_t records = 0;
    std::array<std::uint64_t, kValueTypes> types{};
    std::unordered_set<std::size_t> distinct;  // hashes
    std::vector<std::string> examples;
    std::optional<std::string> least_number, most_number, least_text, most_text;

    std::uint64_t count(ValueType type) const { return types[static_cast<std::size_t>(type)]; }
  };

  void walk(std::string_view text);
  std::uint32_t add_node();
  std::uint32_t member(std::uint32_t node, std::string_view name);
  std::uint32_t element(std::uint32_t node);
  void note(std::uint32_t node, ValueType type);
  void note_scalar(std::uint32_t node, ValueType type, std::string_view text);
  static void widen(Node& node, ValueType type, std::string_view text);
  bool has_data_as_names(const Node& node) const;
  void join_members(std::uint32_t node);
  void merge(std::uint32_t into, std::uint32_t from);
  void list(std::uint32_t node, const ProfiledPath& above, std::vector<ProfiledPath>& paths);
  ProfiledPath describe(const Node& node, const ProfiledPath& above) const;

  const bool reads_numbers_;
  const Plan nothing_wanted_{Wanted{}};
  JsonReader reader_{nothing_wanted_};
  Structure structure_;
  Buffer copy_;
  std::string record_;
  std::string text_;
  std::vector<Node> nodes_;  // the first is the record itself
  std::uint64_t records_ = 0;
};

std::string_view name_of(ValueType type);

}  // namespace quern::json
