#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "services/process/process_limits.h"

namespace quern::process {

// Cuts a child's log into lines and keeps a bounded part of it. Owned by one thread.
class LogLines {
 public:
  // A longer line comes in pieces.
  static constexpr std::size_t kLongestLineBytes = std::size_t{8} << 10;

  void add(std::string_view bytes);
  // The log has ended: what has no '\n' yet is a line too.
  void finish();

  // Complete lines since the last call, in order, without '\n'. Past limits::kKeptLogBytes between two calls the rest
  // is dropped, and the last line says how many that were.
  std::vector<std::string> take();
  // At most limits::kShownLogLines and limits::kKeptLogBytes; a line that is not complete yet counts.
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

}  // namespace quern::process
