#include "app/run/pair_lines.h"

#include "base/bytes.h"
#include "model/limits.h"
#include "model/pair.h"

namespace quern::app {

Result<void> write_pairs(GroupSource& groups, std::string_view between, output::ResultTarget& target,
                         const std::stop_token& stop) {
  Buffer lines(limits::kBlockBytes);
  while (true) {
    TRY_ASSIGN(bool has_group, groups.next_group());
    if (!has_group) break;
    while (true) {
      TRY_ASSIGN(bool has_value, groups.next_value());
      if (!has_value) break;
      append_pair(groups.key(), between, groups.value(), lines);
      if (lines.size() < limits::kBlockBytes) continue;
      if (stop.stop_requested()) return stopped();
      TRY(target.write(lines.view()));
      lines.clear();
    }
  }
  return target.write(lines.view());
}

}  // namespace quern::app
