#pragma once

#include <cstdint>
#include <string_view>

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

}  // namespace quern
