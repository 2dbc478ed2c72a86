#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "model/input.h"
#include "model/wanted_path.h"
#include "services/json/json_reader.h"

namespace quern::json {

// Finds out which of the paths that a job names some record has. Any thread; nothing locks once all are found.
class PathWatch {
 public:
  explicit PathWatch(std::vector<WantedPath> paths);

  // Every path was found: there is nothing left to look for.
  bool is_over() const { return missing_.load(std::memory_order_relaxed) == 0; }
  // `line` is a record whose captures are those of the paths, by their numbers here.
  void look(const std::vector<Capture>& captures, InputOrdinal input, std::string_view line);
  // What was found, and for each other path what the first of the records has instead. Nothing if there was no record.
  // After the last look().
  std::vector<WantedPath> outcome();

 private:
  std::vector<WantedPath> paths_;
  std::vector<std::atomic<bool>> found_;
  std::atomic<std::size_t> missing_;
  std::atomic<std::uint64_t> first_input_ = UINT64_MAX;  // of first_, if there is one; to look at without a lock
  Guarded<std::string> first_;                           // the first record of the first input that has one
};

}  // namespace quern::json
