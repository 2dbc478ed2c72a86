#include "app/pair_lines.h"

#include "base/bytes.h"
#include "model/limits.h"

namespace quern::app {

Result<void> write_pairs(GroupSource& groups, const std::string& separator, output::ResultTarget& target,
                         const std::stop_token& stop) {
  Buffer lines(limits::kBlockBytes);
  while (true) {
    TRY_ASSIGN(bool has_group, groups.next_group());
    if (!has_group) break;
    while (true) {
      TRY_ASSIGN(bool has_value, groups.next_value());
      if (!has_value) break;
      lines.append(groups.key());
      lines.append(separator);
      lines.append(groups.value());
      lines.push_back('\n');
      if (lines.size() < limits::kBlockBytes) continue;
      if (stop.stop_requested()) return stopped();
      TRY(target.write(lines.view()));
      lines.clear();
    }
  }
  return target.write(lines.view());
}

}  // namespace quern::app
