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

// Rounded to microseconds, so that the text stays short.
double seconds_of(std::chrono::nanoseconds duration);

// Writes objects as lines of JSON, each with the time and how long after the first moment it is. One thread at a time.
class LineWriter {
 public:
  using WallClock = std::function<std::chrono::system_clock::time_point()>;
  // `fd` is borrowed, and outlives this.
  LineWriter(int fd, Clock clock, WallClock wall_clock)
      : fd_(fd), clock_(std::move(clock)), wall_clock_(std::move(wall_clock)), started_(clock_()) {}
  ~LineWriter() { fd_.release(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `object` has an "event". Nothing is written after a failure.
  void write(const Json& object);
  // The event of the end. `text` is the content of result.json.
  void write_accounting(std::string_view text);
  // The first failure.
  Result<void> outcome() const;

 private:
  Fd fd_;
  const Clock clock_;
  const WallClock wall_clock_;
  const ClockTime started_;
  std::optional<Error> failure_;
};

}  // namespace quern::view
