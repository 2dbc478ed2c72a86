#include "stages/shuffle/group_states.h"

#include <bit>

namespace quern::shuffle {
namespace {

// A longer state gives its memory back: there may be thousands of groups, in each thread.
constexpr std::size_t kKeptStateBytes = 64;

void forget_state(std::string& state) {
  if (state.capacity() > kKeptStateBytes) {
    std::string().swap(state);
  } else {
    state.clear();
  }
}

}  // namespace

void GroupStates::begin(std::size_t most, std::size_t columns) {
  for (Group& group : std::span(groups_).first(used_)) {
    for (std::string& state : group.of_columns) forget_state(state);
  }
  places_.assign(std::bit_ceil(2 * most + 1), 0);
  used_ = 0;
  columns_ = columns;
}

GroupStates::Group& GroupStates::of(std::string_view key, std::uint32_t hash) {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash & mask;
  for (; places_[at] != 0; at = (at + 1) & mask) {
    Group& group = groups_[places_[at] - 1];
    if (group.hash == hash && group.key == key) return group;
  }
  if (used_ == groups_.size()) groups_.emplace_back();
  Group& group = groups_[used_++];
  places_[at] = static_cast<std::uint32_t>(used_);
  group.key = key;
  group.hash = hash;
  group.has_parts = false;
  group.of_columns.resize(columns_);
  return group;
}

}  // namespace quern::shuffle
