#include "services/process/reporter.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace quern::process {
namespace {

constexpr std::string_view kBlanks = " \t\r";

// Parses "GROUP,NAME,AMOUNT". As in Hadoop, neither name contains a comma.
std::optional<event::Counted> counted(std::string_view text) {
  std::size_t first = text.find(',');
  if (first == std::string_view::npos) return std::nullopt;
  std::size_t second = text.find(',', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  std::string_view digits = trimmed(text.substr(second + 1), kBlanks);
  std::int64_t amount = 0;
  auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), amount);
  if (status != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return event::Counted{.group = std::string(trimmed(text.substr(0, first), kBlanks)),
                        .name = std::string(trimmed(text.substr(first + 1, second - first - 1), kBlanks)),
                        .amount = amount};
}

}  // namespace

event::Event event_of_log_line(event::Role role, std::size_t child, std::string line) {
  constexpr std::string_view kCounter = "reporter:counter:";
  constexpr std::string_view kStatus = "reporter:status:";
  std::string_view text = line;
  if (text.starts_with(kCounter)) {
    std::optional<event::Counted> count = counted(text.substr(kCounter.size()));
    if (count.has_value()) return *std::move(count);
  }
  if (text.starts_with(kStatus)) {
    return event::Status{.child = child, .text = std::string(trimmed(text.substr(kStatus.size()), kBlanks))};
  }
  return event::ModuleLine{.role = role, .child = child, .line = std::move(line)};
}

bool is_progress(const event::Event& event) {
  return std::holds_alternative<event::Counted>(event) || std::holds_alternative<event::Status>(event);
}

}  // namespace quern::process
