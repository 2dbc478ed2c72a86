#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "model/groups.h"
#include "model/pair.h"

namespace quern::reducer {

// The pairs of one block, grouped by key: keys in order of first appearance, values in order. Not thread-safe; reuses
// its memory for the next block.
class BlockGroups {
 public:
  explicit BlockGroups(std::string_view separator) : separator_(separator) {}
  // Replaces the contents by these pairs or, if the separator is one of text, lines. They are borrowed.
  void reset(const std::vector<Buffer>& lines);
  bool empty() const { return groups_.empty(); }
  // Sorts the keys in byte order.
  void sort();
  // Returns a source that starts at the first group; may be called any number of times. The source borrows this object.
  std::unique_ptr<GroupSource> open() const { return std::make_unique<Reader>(*this); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Pair {
    std::string_view value;
    std::uint32_t next = kNone;  // the next pair of the same key
  };
  struct Group {
    std::string_view key;
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  class Reader final : public GroupSource {
   public:
    explicit Reader(const BlockGroups& table) : table_(table) {}
    Result<bool> next_group() override;
    Result<bool> next_value() override;
    std::string_view key() const override { return table_.groups_[next_group_ - 1].key; }
    std::string_view value() const override { return value_; }

   private:
    const BlockGroups& table_;
    std::size_t next_group_ = 0;
    std::uint32_t next_pair_ = kNone;
    std::string_view value_;
  };
  void add(PairView pair);

  const std::string_view separator_;  // borrowed
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<Group> groups_;
  std::vector<Pair> pairs_;
};

}  // namespace quern::reducer
