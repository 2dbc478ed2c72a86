#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/protocol.h"
#include "services/process/session.h"

namespace quern::process {

// What a fake child does in one wait().
struct FakeMoment {
  std::chrono::milliseconds after{};  // passes before it happens
  std::string output = {};
  std::vector<std::string> log = {};
  std::optional<Exit> exit = {};
  bool closes_input = false;
  bool reads_input = true;
};

// A child that follows a script: one moment for each wait(). When the script is over, time passes until the deadline.
// A killed child exits in the next wait(). Not thread-safe.
class FakeChild final : public Child {
 public:
  struct Record {
    std::vector<ChildOptions> started;
    std::string sent;
    std::size_t ended_inputs = 0;
    std::size_t kills = 0;
    std::size_t destroyed = 0;
    std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
    std::optional<std::chrono::steady_clock::time_point> deadline;  // of the last wait()
    std::deque<std::vector<FakeMoment>> scripts;                    // of the children to come
  };

  FakeChild(Record& record, std::vector<FakeMoment> script) : record_(record), script_(script.begin(), script.end()) {}
  FakeChild(const FakeChild&) = delete;
  FakeChild& operator=(const FakeChild&) = delete;
  ~FakeChild() override { ++record_.destroyed; }

  int pid() const override { return 1000 + static_cast<int>(record_.started.size()); }
  void send(std::string_view bytes) override {
    record_.sent += bytes;
    unsent_bytes_ += bytes.size();
  }
  std::size_t unsent_bytes() const override { return unsent_bytes_; }
  void end_input() override { ++record_.ended_inputs; }
  Result<Activity> wait(Buffer& output, std::size_t /*most_output_bytes*/, int /*wake_fd*/,
                        std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) override {
    record_.deadline = deadline;
    Activity seen{.stopped = stop.stop_requested()};
    FakeMoment moment = next_moment(deadline);
    seen.timed_out = record_.now + moment.after >= deadline;
    record_.now = std::min(record_.now + moment.after, deadline);
    if (seen.timed_out) return seen;
    if (moment.reads_input) seen.written_bytes = std::exchange(unsent_bytes_, 0);
    output.append(moment.output);
    log_.insert(log_.end(), moment.log.begin(), moment.log.end());
    seen.output_bytes = moment.output.size();
    seen.input_closed = moment.closes_input || (moment.exit.has_value() && unsent_bytes_ > 0);
    if (seen.input_closed) unsent_bytes_ = 0;
    exit_ = moment.exit;
    seen.exited = exit_.has_value();
    return seen;
  }
  std::optional<Exit> exit() const override { return exit_; }
  void kill() override {
    ++record_.kills;
    script_ = {{.exit = Exit{.signal = 9, .killed_by_us = true}}};
  }
  std::vector<std::string> take_log_lines() override {
    last_log_.insert(last_log_.end(), log_.begin(), log_.end());
    return std::exchange(log_, {});
  }
  std::vector<std::string> last_log_lines() const override { return last_log_; }

 private:
  FakeMoment next_moment(std::chrono::steady_clock::time_point deadline) {
    if (script_.empty()) {
      // A child for which nobody set a limit would be waited for without end.
      CHECK(deadline != std::chrono::steady_clock::time_point::max());
      return {.after = std::chrono::ceil<std::chrono::milliseconds>(deadline - record_.now)};
    }
    FakeMoment moment = std::move(script_.front());
    script_.pop_front();
    return moment;
  }

  Record& record_;
  std::deque<FakeMoment> script_;
  std::size_t unsent_bytes_ = 0;
  std::vector<std::string> log_;
  std::vector<std::string> last_log_;
  std::optional<Exit> exit_;
};

// A machine whose children follow the scripts of the record, one after another.
inline Machine fake_machine(FakeChild::Record& record) {
  Machine machine;
  machine.now = [&record] { return record.now; };
  machine.start = [&record](const ChildOptions& options) -> Result<std::unique_ptr<Child>> {
    record.started.push_back(options);
    CHECK(!record.scripts.empty());
    auto child = std::make_unique<FakeChild>(record, std::move(record.scripts.front()));
    record.scripts.pop_front();
    return std::unique_ptr<Child>(std::move(child));
  };
  return machine;
}

// The bytes of a frame.
inline std::string fake_frame(protocol::FrameType type, std::string_view payload = "", std::uint64_t id = 0) {
  Buffer bytes;
  protocol::append_header(bytes, {.type = type, .id = id, .payload_bytes = payload.size()});
  bytes.append(payload);
  return std::string(bytes.view());
}

}  // namespace quern::process
