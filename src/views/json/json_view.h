#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "model/event.h"
#include "model/limits.h"
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

struct JsonOptions {
  int fd = 2;  // borrowed; must outlive the view
  // Returns the name of an input; called only after events about that input. If empty, only its number is written.
  std::function<std::string(InputOrdinal)> input_name = {};
  Clock clock = std::chrono::steady_clock::now;
  std::function<std::chrono::system_clock::time_point()> wall_clock = std::chrono::system_clock::now;
  std::chrono::milliseconds progress_interval = limits::kProgressEventInterval;
};

// Writes each event as one line of JSON (docs/formats/events.md), for --json and --log. Events that occur for every
// block are summed up in a "progress" event a few times a second. Thread-safe; each call blocks until its line is
// written, so that a slow reader loses nothing.
class JsonView final : public EventSink {
 public:
  explicit JsonView(JsonOptions options)
      : options_(std::move(options)), writer_(options_.fd, options_.clock, options_.wall_clock) {}
  ~JsonView() override;
  void emit(const event::Event& event) override;
  // Writes the last line. `accounting_json` is the content of result.json.
  void finish(std::string_view accounting_json);
  // The first write error; nothing is written after it.
  Result<void> outcome();

 private:
  // When an input was first read, when it was on local disk, and when its end was read and verified.
  struct InputTimes {
    std::optional<ClockTime> began;
    std::optional<ClockTime> fetched;
    std::optional<ClockTime> decoded;
  };

  void write_progress_if_any();
  void note_times(const event::Event& event, ClockTime now);
  void write_mapped_inputs();

  const JsonOptions options_;
  std::mutex mutex_;
  LineWriter writer_;
  ProgressTally tally_{true};
  std::unordered_map<InputOrdinal, InputTimes> times_;  // of inputs that are not mapped yet
  bool has_news_ = false;
  std::optional<ClockTime> last_progress_;
};

}  // namespace quern::view
