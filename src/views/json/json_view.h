#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/event.h"
#include "model/limits.h"
#include "model/progress.h"

namespace quern::view {

struct JsonOptions {
  int fd = 2;  // borrowed, and outlives the view
  // The name of an input; called only after events about that input. None: only its number is written.
  std::function<std::string(InputOrdinal)> input_name = {};
  Clock clock = std::chrono::steady_clock::now;
  std::function<std::chrono::system_clock::time_point()> wall_clock = std::chrono::system_clock::now;
  std::chrono::milliseconds progress_interval = limits::kProgressEventInterval;
};

// Writes each event as one line of JSON (docs/formats/events.md), for --json and --log. What happens for every block is
// summed up in a "progress" event a few times a second. Events may come from any thread; each waits until its line is
// written, so that a slow reader loses nothing.
class JsonView : public EventSink {
 public:
  // The last line. `accounting_json` is the content of result.json.
  virtual void finish(std::string_view accounting_json) = 0;
  // The first failure of a write, after which nothing more was written.
  virtual Result<void> outcome() = 0;
};

std::unique_ptr<JsonView> make_json_view(JsonOptions options);

}  // namespace quern::view
