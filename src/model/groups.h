#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "base/merge.h"
#include "base/result.h"

namespace quern {

// Pairs grouped by key: keys in byte order, values in input order. Not thread-safe; may block on disk.
//  while (TRY(groups.next_group())) { use(groups.key()); while (TRY(groups.next_value())) use(groups.value()); }
class GroupSource {
 public:
  virtual ~GroupSource() = default;
  // Moves to the next key, skipping any remaining values of the current one. Returns false at the end.
  virtual Result<bool> next_group() = 0;
  // Moves to the next value of this key. Returns false after the last one.
  virtual Result<bool> next_value() = 0;
  // Valid until the next call of next_group() or next_value().
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

// Receives a reducer's output for each key, in key order. Not thread-safe.
class ReducedSink {
 public:
  virtual ~ReducedSink() = default;
  // `lines` is "" or complete lines, each with its '\n'. For output that cannot be attributed to a key of quern's (from
  // a `lines` or `files` reducer), `key` is the key at the start of the line itself.
  virtual Result<void> add(std::string_view key, std::string_view lines) = 0;
  // Call it after the last add().
  virtual Result<void> finish() { return {}; }
};

// Merges several cursors; groups with the same key become one, with the values of one cursor after another. The cursors
// are those of a Merge, with two more functions:
//   Result<bool> next_value();       moves to the next value of the group; false after the last one
//   std::string_view value() const;  valid until one of the cursor's other functions is called
template <typename Cursor>
class MergedGroups final : public GroupSource {
 public:
  explicit MergedGroups(std::deque<Cursor> cursors) : merge_(std::move(cursors)) {}

  // Moves each cursor to its first group. Optional: the first call of next_group() does it otherwise.
  Result<void> begin() {
    TRY_ASSIGN(cursor_, merge_.next());
    return {};
  }
  Result<bool> next_group() override {
    if (!merge_.has_begun()) TRY(begin());
    while (in_group_) TRY(next_cursor());
    if (cursor_ == nullptr) return false;
    key_.assign(cursor_->key());
    in_group_ = true;
    return true;
  }
  Result<bool> next_value() override {
    while (in_group_) {
      TRY_ASSIGN(bool has_value, cursor_->next_value());
      if (has_value) return true;
      TRY(next_cursor());
    }
    return false;
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return cursor_->value(); }

 private:
  Result<void> next_cursor() {
    TRY_ASSIGN(cursor_, merge_.next());
    in_group_ = cursor_ != nullptr && cursor_->key() == key_;
    return {};
  }

  Merge<Cursor> merge_;
  Cursor* cursor_ = nullptr;  // at what is read next, in this group or the next one
  std::string key_;
  bool in_group_ = false;
};

}  // namespace quern
