#include "stages/shuffle/merged_tables.h"

#include <deque>
#include <optional>
#include <string>

#include "base/loser_tree.h"
#include "stages/shuffle/key_sort.h"
#include "stages/shuffle/memory_groups.h"

namespace quern::shuffle {
namespace {

// One table, at one of its keys.
struct Cursor {
  MemoryGroups groups;
  KeyNumber beginning = 0;  // of the key, so that most comparisons look at nothing else
  bool is_at_end = false;

  void advance() {
    is_at_end = !groups.next_group().value();
    if (!is_at_end) beginning = key_number(groups.key(), 0);
  }
};

class MergedTables final : public GroupSource {
 public:
  MergedTables(const std::vector<const Grouped*>& tables, std::string_view separator, std::size_t partition) {
    for (const Grouped* table : tables) cursors_.push_back({.groups = MemoryGroups(*table, separator, partition)});
  }

  Result<bool> next_group() override {
    if (!tree_.has_value()) {
      for (Cursor& cursor : cursors_) cursor.advance();
      tree_.emplace(cursors_.size(), IsBefore{&cursors_});
    } else {
      while (in_group_) next_table();
    }
    if (first().is_at_end) return false;
    key_ = first().groups.key();  // It lies in the table, which stays.
    in_group_ = true;
    return true;
  }
  Result<bool> next_value() override {
    while (in_group_) {
      TRY_ASSIGN(bool has_value, first().groups.next_value());
      if (has_value) {
        value_ = first().groups.value();
        return true;
      }
      next_table();
    }
    return false;
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return value_; }

 private:
  struct IsBefore {
    const std::deque<Cursor>* cursors;
    bool operator()(std::size_t left, std::size_t right) const {
      const Cursor& one = (*cursors)[left];
      const Cursor& other = (*cursors)[right];
      if (one.is_at_end || other.is_at_end) return other.is_at_end && (!one.is_at_end || left < right);
      if (one.beginning != other.beginning) return one.beginning < other.beginning;
      int order = one.groups.key().compare(other.groups.key());
      return order != 0 ? order < 0 : left < right;
    }
  };
  Cursor& first() { return cursors_[tree_->winner()]; }
  void next_table() {
    first().advance();
    tree_->replay();
    in_group_ = !first().is_at_end && first().groups.key() == key_;
  }

  std::deque<Cursor> cursors_;
  std::optional<LoserTree<IsBefore>> tree_;
  std::string_view key_;
  std::string_view value_;
  bool in_group_ = false;
};

}  // namespace

std::unique_ptr<GroupSource> make_merged_tables(const std::vector<const Grouped*>& tables, std::string_view separator,
                                                std::size_t partition) {
  return std::make_unique<MergedTables>(tables, separator, partition);
}

}  // namespace quern::shuffle
