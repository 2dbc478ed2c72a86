#include "stages/reducer/reducers.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <utility>

#include "model/limits.h"
#include "services/disk/files.h"
#include "stages/reducer/group_frames.h"
#include "stages/reducer/program.h"

namespace quern::reducer {
namespace {

// Length and hash of the output from its start: enough to tell whether another child writes the same.
class Written {
 public:
  Written() { clear(); }
  void clear() {
    bytes_ = 0;
    XXH3_64bits_reset(&state_);
  }
  void add(std::string_view more) {
    bytes_ += more.size();
    XXH3_64bits_update(&state_, more.data(), more.size());
  }
  std::uint64_t bytes() const { return bytes_; }
  bool operator==(const Written& other) const {
    return bytes_ == other.bytes_ && XXH3_64bits_digest(&state_) == XXH3_64bits_digest(&other.state_);
  }

 private:
  std::uint64_t bytes_ = 0;
  XXH3_state_t state_;
};

// A child that dies is replaced by one that gets all input again. Output that the sink has received from the earlier
// child is not taken back, so the new one must begin with the same lines.
class LinesReducer final : public Reducer {
 public:
  // `take_back` discards what the sink received from a failed child; returns false if that is not possible.
  LinesReducer(
      ReducerOptions options, process::Guard& guard, EventSink& events,
      std::function<bool()> take_back = [] { return false; })
      : options_(std::move(options)), take_back_(std::move(take_back)), program_(options_, guard, events) {}

  Result<void> start() override { return program_.start(); }
  Result<void> run(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) override {
    auto reduce_all = [&]() -> Result<void> {
      TRY_ASSIGN(auto groups, open());
      return reduce(*groups, sink, stop);
    };
    return program_.run(reduce_all);
  }

 private:
  Result<void> reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop);
  void begin_anew();
  Result<void> send(GroupLines& lines);
  Result<void> compare();
  Result<std::uint64_t> hand_over(ReducedSink& sink, bool at_end);
  void tell(GroupLines& lines, std::uint64_t output_bytes);
  Result<void> step(ReducedSink& sink, GroupLines& lines, const std::stop_token& stop);

  const ReducerOptions options_;
  const std::function<bool()> take_back_;
  // Declared before the program, whose child borrows them.
  std::array<Buffer, 2> buffers_;
  Program program_;
  std::size_t next_buffer_ = 0;
  bool has_more_ = true;
  Written written_;   // output of this child
  Written expected_;  // output of earlier children that the sink has received
  // What this child was fed, and the most that was reported for any child.
  GroupLines::Counts fed_;
  GroupLines::Counts told_;
};

Error other_lines() {
  return {.kind = ErrorKind::kChildFailed,
          .message = "it was given everything again and did not write the same lines as the one before"};
}

Result<void> LinesReducer::reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) {
  GroupLines lines(groups, options_.separator);
  begin_anew();
  while (has_more_ && !program_.child().refuses_input() && !program_.has_exited()) {
    // A buffer is free again once no more bytes are unsent than the other buffer holds.
    if (program_.child().unsent_bytes() <= buffers_[1 - next_buffer_].size()) {
      TRY(send(lines));
    } else {
      TRY(step(sink, lines, stop));
    }
  }
  program_.child().enter(process::Session::State::kLeaving);
  program_.child().end_input();
  while (!program_.has_exited()) TRY(step(sink, lines, stop));
  TRY(program_.judge());
  // The child exited before it had repeated all of the earlier output.
  if (written_.bytes() < expected_.bytes()) return other_lines();
  // The last line may lack its line end. It counts only now: from a child that died, it might be incomplete.
  TRY_ASSIGN(std::uint64_t last_bytes, hand_over(sink, true));
  tell(lines, last_bytes);
  if (has_more_ || program_.child().refuses_input()) {
    program_.child().warn(fmt::format("{} left before it had read all of its input; what it wrote is the result",
                                      program_.child().name()));
  }
  return {};
}

Result<void> LinesReducer::send(GroupLines& lines) {
  Buffer& buffer = buffers_[next_buffer_];
  TRY(lines.fill(buffer, limits::kBlockBytes));
  next_buffer_ = 1 - next_buffer_;
  has_more_ = !buffer.empty();
  program_.child().send(buffer.view());
  return {};
}

void LinesReducer::begin_anew() {
  if (take_back_()) written_.clear();
  // If a child died before it had repeated the expected output, the expectation stays the same.
  if (written_.bytes() > expected_.bytes()) expected_ = written_;
  written_.clear();
  next_buffer_ = 0;
  has_more_ = true;
  fed_ = {};
  for (Buffer& buffer : buffers_) buffer.clear();
}

// Removes from the output what the sink already has.
Result<void> LinesReducer::compare() {
  Buffer& output = program_.child().output();
  if (output.empty() || written_.bytes() >= expected_.bytes()) return {};
  const std::size_t known = std::min<std::uint64_t>(expected_.bytes() - written_.bytes(), output.size());
  written_.add(output.view().substr(0, known));
  if (written_.bytes() == expected_.bytes() && !(written_ == expected_)) return other_lines();
  std::memmove(output.data(), output.data() + known, output.size() - known);
  output.resize(output.size() - known);
  return {};
}

Result<std::uint64_t> LinesReducer::hand_over(ReducedSink& sink, bool at_end) {
  Buffer& output = program_.child().output();
  written_.add(output.view().substr(0, output.view().rfind('\n') + 1));
  return hand_over_lines(output, at_end, options_, sink);
}

Result<void> LinesReducer::step(ReducedSink& sink, GroupLines& lines, const std::stop_token& stop) {
  TRY(program_.step(stop));
  TRY(compare());
  TRY_ASSIGN(std::uint64_t output_bytes, hand_over(sink, false));
  tell(lines, output_bytes);
  return {};
}

void LinesReducer::tell(GroupLines& lines, std::uint64_t output_bytes) {
  GroupLines::Counts counts = lines.take_counts();
  fed_.groups += counts.groups;
  fed_.values += counts.values;
  // Combined values are reduced, and counted, later.
  if (options_.role != event::Role::kReducer || (fed_.values <= told_.values && output_bytes == 0)) return;
  GroupLines::Counts most = {.groups = std::max(fed_.groups, told_.groups),
                             .values = std::max(fed_.values, told_.values)};
  program_.child().emit(event::GroupsReduced{.child = options_.child,
                                             .groups = most.groups - told_.groups,
                                             .values = most.values - told_.values,
                                             .output_bytes = output_bytes});
  told_ = most;
}

// Holds the combined output of a block until its child has ended successfully.
class Combined final : public ReducedSink {
 public:
  Result<void> add(std::string_view /*key*/, std::string_view added) override {
    lines.append(added);
    return {};
  }
  Buffer lines;
};

class LinesCombiner final : public Combiner {
 public:
  LinesCombiner(ReducerOptions options, process::Guard& guard, EventSink& events)
      : options_(std::move(options)), guard_(guard), events_(events) {}

  Result<void> start() override { return {}; }
  bool wants_sorted_keys() const override { return true; }
  Result<void> combine(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) override {
    TRY(disk::make_empty_folder(options_.working_folder));
    Combined combined;
    LinesReducer child(options_, guard_, events_, [&] {
      combined.lines.clear();
      return true;
    });
    TRY(child.start());
    TRY(child.run(open, combined, stop));
    return sink.add("", combined.lines.view());
  }
  Result<void> finish() override { return {}; }

 private:
  const ReducerOptions options_;
  process::Guard& guard_;
  EventSink& events_;
};

}  // namespace

std::unique_ptr<Combiner> make_lines_combiner(ReducerOptions options, process::Guard& guard, EventSink& events) {
  return std::make_unique<LinesCombiner>(std::move(options), guard, events);
}

std::unique_ptr<Reducer> make_lines_reducer(ReducerOptions options, process::Guard& guard, EventSink& events) {
  return std::make_unique<LinesReducer>(std::move(options), guard, events);
}

}  // namespace quern::reducer
