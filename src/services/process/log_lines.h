#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"
#include "model/limits.h"

namespace quern::limits {

// The last bytes of a child's standard error that are kept for the cause block, and the number of their lines that are
// shown.
inline constexpr std::size_t kKeptLogBytes = 64 * kKiB;
inline constexpr std::size_t kShownLogLines = 20;

}  // namespace quern::limits

namespace quern::process {

// Splits a child's log into lines and keeps a limited part of it. Not thread-safe.
class LogLines {
 public:
  // A longer line is split.
  static constexpr std::size_t kLongestLineBytes = std::size_t{8} << 10;
  // Room for as much as a pipe holds, the rest of a line from before, and the '\n' of each piece of a split line.
  static constexpr std::size_t kMostPendingBytes = limits::kKeptLogBytes + 2 * kLongestLineBytes;

  void add(std::string_view bytes);
  // Call it at the end of the log: a rest without '\n' counts as a line too.
  void finish();

  // Returns the complete lines since the last call, in order, without '\n'. Beyond kMostPendingBytes between two
  // calls, the rest is dropped, and the last line says how many lines that were.
  std::vector<std::string> take();
  // Returns at most limits::kShownLogLines lines and limits::kKeptLogBytes bytes, including an incomplete last line.
  std::vector<std::string> last() const;

 private:
  void add_line(std::string line);

  std::string partial_;
  std::vector<std::string> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t dropped_lines_ = 0;
  std::deque<std::string> last_;
  std::size_t last_bytes_ = 0;
};

// Interprets a line that a `lines` or `files` child wrote to standard error, as Hadoop Streaming does:
// `reporter:counter:GROUP,NAME,AMOUNT` counts, `reporter:status:TEXT` sets the status, and any other line, including an
// incomplete reporter line, is an event::ModuleLine.
event::Event event_of_log_line(event::Role role, std::size_t child, std::string line);

// Whether such a line shows progress: a count or a status, but not just any line.
bool is_progress(const event::Event& event);

}  // namespace quern::process
