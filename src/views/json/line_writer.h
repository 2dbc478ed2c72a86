#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "model/progress.h"

namespace quern::view {

using Json = nlohmann::ordered_json;

// Rounded to microseconds, to keep the text short.
double seconds_of(std::chrono::nanoseconds duration);

// Writes objects as lines of JSON, each with the time and the time elapsed since the writer was made. Not thread-safe.
class LineWriter {
 public:
  using WallClock = std::function<std::chrono::system_clock::time_point()>;
  // `fd` is borrowed and must outlive the writer.
  LineWriter(int fd, Clock clock, WallClock wall_clock)
      : fd_(fd), clock_(std::move(clock)), wall_clock_(std::move(wall_clock)), started_(clock_()) {}
  ~LineWriter() { fd_.release(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `object` must have an "event". Does nothing after a failed write.
  void write(const Json& object);
  // Writes the final event. `text` is the content of result.json.
  void write_accounting(std::string_view text);
  ClockTime started() const { return started_; }
  // The first write error.
  Result<void> outcome() const;

 private:
  Fd fd_;
  const Clock clock_;
  const WallClock wall_clock_;
  const ClockTime started_;
  std::optional<Error> failure_;
};

}  // namespace quern::view
