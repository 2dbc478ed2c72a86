#include "services/process/log_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace quern::process {

void LogLines::add(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t room = kLongestLineBytes - partial_.size();
    std::size_t end = bytes.substr(0, room).find('\n');
    if (end == std::string_view::npos && bytes.size() < room) {
      partial_ += bytes;
      return;
    }
    bool is_whole = end != std::string_view::npos;
    std::size_t length = is_whole ? end : room;
    partial_ += bytes.substr(0, length);
    bytes.remove_prefix(length + (is_whole ? 1 : 0));
    add_line(std::exchange(partial_, {}));
  }
}

void LogLines::finish() {
  if (!partial_.empty()) add_line(std::exchange(partial_, {}));
}

void LogLines::add_line(std::string line) {
  last_bytes_ += line.size();
  last_.push_back(line);
  while (last_.size() > limits::kShownLogLines || last_bytes_ > limits::kKeptLogBytes) {
    last_bytes_ -= last_.front().size();
    last_.pop_front();
  }
  // The '\n' counts too, so that a flood of empty lines is limited as well.
  std::size_t size_bytes = line.size() + 1;
  if (dropped_lines_ > 0 || pending_bytes_ + size_bytes > kMostPendingBytes) {
    ++dropped_lines_;
    return;
  }
  pending_bytes_ += size_bytes;
  pending_.push_back(std::move(line));
}

std::vector<std::string> LogLines::take() {
  if (dropped_lines_ > 0) pending_.push_back(fmt::format("... {} lines left out", dropped_lines_));
  dropped_lines_ = 0;
  pending_bytes_ = 0;
  return std::exchange(pending_, {});
}

std::vector<std::string> LogLines::last() const {
  std::vector<std::string> lines(last_.begin(), last_.end());
  if (!partial_.empty()) lines.push_back(partial_);
  if (lines.size() > limits::kShownLogLines) lines.erase(lines.begin());
  return lines;
}

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
