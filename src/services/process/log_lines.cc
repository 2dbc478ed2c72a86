#include "services/process/log_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

}  // namespace quern::process
