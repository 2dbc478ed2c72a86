#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "model/groups.h"

namespace quern::reducer {

// Writes groups as sorted lines "key<separator>value\n", which `lines` and `files` reducers read.
class GroupLines {
 public:
  GroupLines(GroupSource& groups, std::string_view separator) : groups_(groups), separator_(separator) {}
  // Clears the buffer and fills it with about `size_bytes` of whole lines. It is empty at the end.
  Result<void> fill(Buffer& lines, std::size_t size_bytes);

  // What was written since the last call.
  struct Counts {
    std::uint64_t groups = 0;
    std::uint64_t values = 0;
  };
  Counts take_counts();

 private:
  GroupSource& groups_;
  std::string_view separator_;
  bool in_group_ = false;
  std::string start_;  // the beginning of each line of this group
  Counts counts_;
};

}  // namespace quern::reducer
