#include "stages/reducer/lines_reducer.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "model/limits.h"
#include "services/disk/files.h"
#include "stages/reducer/child_report.h"
#include "stages/reducer/group_lines.h"
#include "stages/reducer/program.h"

namespace quern::reducer {
namespace {

class LinesReducer final : public Reducer {
 public:
  LinesReducer(ReducerOptions options, process::Guard& guard, EventSink& events)
      : options_(std::move(options)), report_(options_, events), program_(options_, guard, report_) {}

  Result<void> start() override { return program_.start(); }
  Result<void> run(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) override {
    program_.begin();
    return program_.conclude(reduce(groups, sink, stop));
  }

 private:
  Result<void> reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop);
  Result<void> send(GroupLines& lines);
  Result<void> step(ReducedSink& sink, GroupLines& lines, const std::stop_token& stop);

  const ReducerOptions options_;
  // Borrowed by the program's child, so they stand before it and outlive it.
  std::array<Buffer, 2> buffers_;
  ChildReport report_;
  Program program_;
  std::size_t next_buffer_ = 0;
  bool has_more_ = true;
  Buffer output_;
};

Result<void> LinesReducer::reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) {
  GroupLines lines(groups, options_.separator);
  while (has_more_ && !program_.refuses_input() && !program_.has_exited()) {
    // A buffer is free again when no more is unsent than the other one holds.
    if (program_.child().unsent_bytes() <= buffers_[1 - next_buffer_].size()) {
      TRY(send(lines));
    } else {
      TRY(step(sink, lines, stop));
    }
  }
  report_.change_state(event::ChildState::kLeaving, program_.child().pid());
  program_.child().end_input();
  while (!program_.has_exited()) TRY(step(sink, lines, stop));
  TRY(program_.judge());
  if (has_more_ || program_.refuses_input()) {
    report_.warn(
        fmt::format("{} left before it had read all of its input; what it wrote is the result", report_.name()));
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

Result<void> LinesReducer::step(ReducedSink& sink, GroupLines& lines, const std::stop_token& stop) {
  TRY(program_.step(output_, stop));
  TRY_ASSIGN(std::uint64_t output_bytes, hand_over_lines(output_, program_.has_exited(), options_.separator, sink));
  GroupLines::Counts counts = lines.take_counts();
  // What is combined is reduced later, and counts then.
  if (options_.role == event::Role::kReducer && (counts.values > 0 || output_bytes > 0)) {
    report_.emit(event::GroupsReduced{
        .child = options_.child, .groups = counts.groups, .values = counts.values, .output_bytes = output_bytes});
  }
  return {};
}

class LinesCombiner final : public Combiner {
 public:
  LinesCombiner(ReducerOptions options, process::Guard& guard, EventSink& events)
      : options_(std::move(options)), guard_(guard), events_(events) {}

  Result<void> start() override { return {}; }
  bool wants_sorted_keys() const override { return true; }
  Result<void> combine(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) override {
    disk::remove_folder(options_.working_folder);
    TRY(disk::make_folders(options_.working_folder));
    LinesReducer child(options_, guard_, events_);
    TRY(child.start());
    return child.run(groups, sink, stop);
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
