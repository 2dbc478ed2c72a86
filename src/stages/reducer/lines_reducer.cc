#include "stages/reducer/lines_reducer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
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
  // `take_back` forgets what the sink was given of a child that failed; false if that cannot be done.
  LinesReducer(
      ReducerOptions options, process::Guard& guard, EventSink& events,
      std::function<bool()> take_back = [] { return false; })
      : options_(std::move(options)),
        take_back_(std::move(take_back)),
        report_(options_, events),
        program_(options_, guard, report_) {}

  Result<void> start() override { return program_.start(); }
  Result<void> run(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) override {
    auto reduce_all = [&]() -> Result<void> {
      TRY_ASSIGN(auto groups, open());
      return reduce(*groups, sink, stop);
    };
    return program_.run(reduce_all, [this] { return !has_given_ || take_back_(); });
  }

 private:
  Result<void> reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop);
  Result<void> send(GroupLines& lines);
  Result<void> step(ReducedSink& sink, GroupLines& lines, const std::stop_token& stop);

  const ReducerOptions options_;
  const std::function<bool()> take_back_;
  // Borrowed by the program's child, so they stand before it and outlive it.
  std::array<Buffer, 2> buffers_;
  ChildReport report_;
  Program program_;
  std::size_t next_buffer_ = 0;
  bool has_more_ = true;
  bool has_given_ = false;
  Buffer output_;
  // What was fed to this child, and the most that was told of any.
  GroupLines::Counts fed_;
  GroupLines::Counts told_;
};

Result<void> LinesReducer::reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) {
  GroupLines lines(groups, options_.separator);
  next_buffer_ = 0;
  has_more_ = true;
  has_given_ = false;
  output_.clear();
  fed_ = {};
  for (Buffer& buffer : buffers_) buffer.clear();
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
  TRY_ASSIGN(std::uint64_t output_bytes, hand_over_lines(output_, program_.has_exited(), options_, sink));
  has_given_ |= output_bytes > 0;
  GroupLines::Counts counts = lines.take_counts();
  fed_.groups += counts.groups;
  fed_.values += counts.values;
  // What is combined is reduced later, and counts then.
  if (options_.role == event::Role::kReducer && (fed_.values > told_.values || output_bytes > 0)) {
    GroupLines::Counts most = {.groups = std::max(fed_.groups, told_.groups),
                               .values = std::max(fed_.values, told_.values)};
    report_.emit(event::GroupsReduced{.child = options_.child,
                                      .groups = most.groups - told_.groups,
                                      .values = most.values - told_.values,
                                      .output_bytes = output_bytes});
    told_ = most;
  }
  return {};
}

// What a block is combined to, until its child has ended well.
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
    disk::remove_folder(options_.working_folder);
    TRY(disk::make_folders(options_.working_folder));
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
