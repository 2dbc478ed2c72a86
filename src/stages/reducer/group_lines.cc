#include "stages/reducer/group_lines.h"

#include <cstring>
#include <utility>

namespace quern::reducer {

Result<void> GroupLines::fill(Buffer& lines, std::size_t size_bytes) {
  lines.clear();
  while (lines.size() < size_bytes) {
    if (!in_group_) {
      TRY_ASSIGN(in_group_, groups_.next_group());
      if (!in_group_) return {};
      start_.assign(groups_.key()).append(separator_);
      ++counts_.groups;
    }
    TRY_ASSIGN(in_group_, groups_.next_value());
    if (!in_group_) continue;
    std::string_view value = groups_.value();
    std::size_t used = lines.size();
    lines.resize(used + start_.size() + value.size() + 1);
    char* target = lines.data() + used;
    std::memcpy(target, start_.data(), start_.size());
    if (!value.empty()) std::memcpy(target + start_.size(), value.data(), value.size());
    target[start_.size() + value.size()] = '\n';
    ++counts_.values;
  }
  return {};
}

GroupLines::Counts GroupLines::take_counts() { return std::exchange(counts_, {}); }

}  // namespace quern::reducer
