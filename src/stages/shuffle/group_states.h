#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::shuffle {

// The states of the columns of some groups, until they are merged into the tables. A group with many pairs changes its
// table only once this way. Borrows the keys. Not thread-safe.
class GroupStates {
 public:
  struct Group {
    std::string_view key;
    std::uint32_t hash = 0;
    bool has_parts = false;               // whether Columns has seen that the key has as many parts as it must
    std::vector<std::string> of_columns;  // "" for a column without a state
  };

  // Forgets all groups, and makes room for `most` new ones.
  void begin(std::size_t most, std::size_t columns);
  // Returns the group with this key, and adds it if it is new. `hash` is that of the key's Entry.
  Group& of(std::string_view key, std::uint32_t hash);
  std::span<const Group> groups() const { return {groups_.data(), used_}; }

 private:
  // A hash table with linear probing, at most half of it in use: 1 plus a position in groups_, or 0.
  std::vector<std::uint32_t> places_;
  std::vector<Group> groups_;  // those from used_ on are kept for their memory
  std::size_t used_ = 0;
  std::size_t columns_ = 0;
};

}  // namespace quern::shuffle
