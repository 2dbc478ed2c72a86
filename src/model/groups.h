#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace quern {

// Pairs grouped by key, keys in byte order, values in input order. Owned by one thread; may block on disk.
//   while (TRY(groups.next_group())) { use(groups.key()); while (TRY(groups.next_value())) use(groups.value()); }
class GroupSource {
 public:
  virtual ~GroupSource() = default;
  // Goes to the next key, past what is left of the values of the last one. False at the end.
  virtual Result<bool> next_group() = 0;
  // Goes to the next value of this key. False after its last one.
  virtual Result<bool> next_value() = 0;
  // Valid until the next call of next_group() or next_value(), whichever comes first.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

// Takes what a reducer gave for each key, in key order. Owned by one thread.
class ReducedSink {
 public:
  virtual ~ReducedSink() = default;
  // `lines` is "" or whole lines, each with its '\n'. Output that belongs to no key of ours (a `lines` or `files`
  // reducer's) comes with the key that the line itself starts with.
  virtual Result<void> add(std::string_view key, std::string_view lines) = 0;
  // Nothing more comes.
  virtual Result<void> finish() { return {}; }
};

}  // namespace quern
