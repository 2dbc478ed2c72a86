#include "services/process/cause.h"

#include <fmt/format.h>

#include <string_view>

namespace quern::process {
namespace {

// Further lines of a part are aligned with its first one.
void append_part(std::string& block, std::string_view label, std::string_view text) {
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    block += fmt::format("\n  {:<8} {}", label, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    label = "";
  }
}

}  // namespace

std::string cause_block(const Cause& cause) {
  std::string block = fmt::format("{} failed", cause.what);
  append_part(block, cause.where_label, cause.where);
  append_part(block, "how", cause.how);
  if (!cause.log_lines.empty()) block += "\n  its last words";
  for (const std::string& line : cause.log_lines) block += fmt::format("\n    {}", line);
  append_part(block, "quern", cause.action);
  append_part(block, "try", cause.advice);
  return block;
}

}  // namespace quern::process
