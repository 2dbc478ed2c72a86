#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "model/groups.h"

namespace quern::reducer {

// Writes groups as sorted lines "key<separator>value\n", as `lines` and `files` reducers read them.
class GroupLines {
 public:
  GroupLines(GroupSource& groups, std::string_view separator) : groups_(groups), separator_(separator) {}
  // Fills the emptied buffer with about `size_bytes` of lines, never a part of one. It stays empty at the end.
  Result<void> fill(Buffer& lines, std::size_t size_bytes);

  // Since the last call.
  struct Counts {
    std::uint64_t groups = 0;
    std::uint64_t values = 0;
  };
  Counts take_counts();

 private:
  GroupSource& groups_;
  std::string_view separator_;
  bool in_group_ = false;
  std::string start_;  // of each line of this group
  Counts counts_;
};

}  // namespace quern::reducer
