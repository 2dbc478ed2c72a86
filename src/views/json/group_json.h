#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/taskcluster/watched_group.h"
#include "views/json/json_view.h"

namespace quern::view {

// Writes how a group is created, and the states of its tasks, as lines of JSON (docs/formats/events.md).
class GroupJson final : public GroupSink {
 public:
  explicit GroupJson(JsonOptions options)
      : options_(std::move(options)), writer_(options_.fd, options_.clock, options_.wall_clock) {}
  void creating(std::size_t created, std::size_t total) override;
  void note(event::Level level, const std::string& text) override;
  void found(const WatchedGroup& group) override;
  void looked(const WatchedGroup& group, const std::vector<std::size_t>& changed) override;
  void tick(const WatchedGroup& /*group*/) override {}
  void finish() override {}
  // Writes the last line. `accounting_json` is the content of result.json.
  void accounting(std::string_view accounting_json) { writer_.write_accounting(accounting_json); }
  // The first write error; nothing is written after it.
  Result<void> outcome() const { return writer_.outcome(); }

 private:
  const JsonOptions options_;
  LineWriter writer_;
  std::optional<ClockTime> last_progress_;
};

}  // namespace quern::view
