#include "stages/mapper/function_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "model/limits.h"
#include "services/process/cause.h"
#include "services/process/guard.h"
#include "services/process/interpreter.h"
#include "services/process/module_loader.h"
#include "services/process/module_messages.h"
#include "stages/mapper/working_folder.h"

// Sends blocks to a child and commits each block once the child reports it as done. Blocks that a dead child has not
// answered are sent again with the flag `careful`, so that the child reports each record before it starts it. The
// record on which children have died `attempts` times is given up, and the rest of its block is sent again.
// docs/decisions/0003 has the reasons, docs/formats/child-protocol.md the frames.

namespace quern::mapper {
namespace {

// The most output of one block. More is refused with a clear error instead of filling the memory.
constexpr std::size_t kMaxBlockOutputBytes = 1 * limits::kGiB;

Error broken(std::string message) { return Error{.kind = ErrorKind::kChildFailed, .message = std::move(message)}; }

// Returns the input names of a block's segments, as the mapper receives them.
std::vector<std::string_view> file_names(const Block& block, const std::vector<Input>& inputs) {
  std::vector<std::string_view> names;
  names.reserve(block.segments.size());
  for (const Segment& segment : block.segments) names.push_back(inputs[segment.input].given_name());
  return names;
}

event::RecordBad bad_record(const Block& block, LinePlace place, std::string reason, std::string details) {
  return {.input = block.segments[place.segment].input,
          .line = line_number(block, place),
          .record = std::string(line_at(block, place)),
          .reason = std::move(reason),
          .details = std::move(details)};
}

}  // namespace

void BlockInFlight::start_record(LinePlace place) {
  starting = place;
  before_starting = {.lines = lines.size(),
                     .last_bytes = lines.empty() ? 0 : lines.back().size(),
                     .lines_bytes = lines_bytes,
                     .bad = bad.size(),
                     .counted = counted.size()};
}

void BlockInFlight::keep_finished(bool is_text) {
  std::uint64_t lines_before = count_lines_before(block, *starting);
  std::uint64_t blank = is_text ? 0 : count_blank_before(block, *starting);
  finished += lines_before - blank - (before_starting.bad - finished_bad);
  finished_bad = before_starting.bad;
  refused = 0;
  remove_lines_before(block, *starting);
  starting = LinePlace{};
}

void BlockInFlight::drop_lines() {
  lines.resize(before_starting.lines);
  if (!lines.empty()) lines.back().resize(before_starting.last_bytes);
  lines_bytes = before_starting.lines_bytes;
}

std::string BlockInFlight::last_problem(const ValueRule& rule) const {
  std::string problem;
  for (std::size_t i = std::max<std::size_t>(before_starting.lines, 1) - 1; i < lines.size() && problem.empty(); ++i) {
    std::size_t before = i + 1 == before_starting.lines ? before_starting.last_bytes : 0;
    problem = rule.first_problem(lines[i].view().substr(before));
  }
  return problem;
}

void BlockInFlight::forget_unfinished() {
  const Finished& kept = before_starting;
  drop_lines();
  bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(kept.bad), bad.end());
  counted.erase(counted.begin() + static_cast<std::ptrdiff_t>(kept.counted), counted.end());
  starting.reset();
}

FunctionWorker::FunctionWorker(std::size_t number, const MapperOptions& options, const MapperPeers& peers,
                               std::string interpreter, std::string harness, std::string setup_json,
                               std::promise<void> begun)
    : number_(number),
      options_(options),
      peers_(peers),
      interpreter_(std::move(interpreter)),
      harness_(std::move(harness)),
      setup_json_(std::move(setup_json)),
      begun_(std::move(begun)),
      working_folder_(fmt::format("{}/mapper-{}", options.scratch_folder, number)),
      last_progress_(Clock::now()) {}

Result<void> FunctionWorker::run(Channel<Block>& blocks, const std::stop_token& stop) {
  sink_ = peers_.make_sink();
  // The first child starts before there is a block: nearly every job has one, and starting an interpreter takes time.
  if (number_ == 1) TRY(ensure_child());
  TRY(peers_.begin(stop));
  while (true) {
    if (stop.stop_requested()) return stopped();
    take_blocks(blocks, stop);
    if (in_flight_.empty() && blocks.is_finished()) break;
    if (in_flight_.empty() && !child_.has_value()) continue;
    TRY(ensure_child());
    bool wants_more = in_flight_.size() < (ready_ ? limits::kBlocksInFlight : 1) && !blocks.is_finished();
    TRY(step(wants_more ? blocks.readable_fd() : -1, stop));
  }
  TRY(finish(stop));
  sink_.reset();
  return {};
}

void FunctionWorker::take_blocks(Channel<Block>& blocks, const std::stop_token& stop) {
  // A child that is still loading its module gets only one block: another child may be ready sooner.
  std::size_t most = ready_ ? limits::kBlocksInFlight : 1;
  while (in_flight_.size() < most) {
    // Without a child there is nothing else to wait for.
    bool may_block = in_flight_.empty() && !child_.has_value();
    std::optional<Block> block = may_block ? blocks.pop(stop) : blocks.try_pop();
    if (!block.has_value()) return;
    in_flight_.push_back({.id = next_id_++, .block = std::move(*block)});
    in_flight_.back().decoded_bytes =
        std::max(in_flight_.back().block.bytes.size(), in_flight_.back().block.original.size());
    if (!std::exchange(has_begun_, true)) begun_.set_value();
    if (child_.has_value()) send(in_flight_.back());
  }
}

void FunctionWorker::send(BlockInFlight& work) {
  // The time limit starts when a child receives work.
  if (&work == &in_flight_.front()) last_progress_ = Clock::now();
  work.head = protocol::block_head(work.id, work.block, file_names(work.block, peers_.inputs), work.careful);
  child_->child().send(work.head.view());
  child_->child().send(work.block.bytes.view());
  if (ready_) change_state(event::ChildState::kWorking);
}

Result<void> FunctionWorker::ensure_child() {
  if (child_.has_value()) return {};
  if (!has_folder_) TRY(prepare_working_folder(working_folder_, options_, peers_.events));
  has_folder_ = true;
  process::ModuleChildOptions child{.language = options_.module->language,
                                    .interpreter = interpreter_,
                                    .harness = harness_,
                                    .setup_json = setup_json_,
                                    .environment = process::child_environment(
                                        options_.module->environment, {peers_.guard.marker(), "QUERN_ROLE=mapper",
                                                                       "QUERN_JOB_FOLDER=" + options_.job_folder}),
                                    .working_folder = working_folder_};
  TRY_ASSIGN(auto started, process::ModuleChild::start(std::move(child), peers_.guard));
  child_.emplace(std::move(started));
  ready_ = false;
  finished_frame_ = false;
  exited_ = false;
  last_progress_ = Clock::now();
  change_state(event::ChildState::kStarting);
  for (BlockInFlight& work : in_flight_) send(work);
  return {};
}

// Waits for one thing to happen and handles it.
Result<void> FunctionWorker::step(int wake_fd, const std::stop_token& stop) {
  auto allowed =
      ready_ ? options_.timeout : std::min<std::chrono::milliseconds>(options_.timeout, limits::kSetupTimeout);
  // A child without work may take as long as it wants.
  bool idle = ready_ && in_flight_.empty();
  auto deadline = idle ? Clock::time_point::max() : last_progress_ + allowed;
  TRY_ASSIGN(process::Activity seen, child_->wait(wake_fd, deadline, stop));
  report_log();
  if (seen.stopped) return stopped();
  if (seen.written_bytes > 0 || seen.output_bytes > 0) last_progress_ = Clock::now();
  exited_ = seen.exited;
  if (auto handled = handle_frames(); !handled.ok()) {
    if (handled.error().kind != ErrorKind::kChildFailed || !handled.error().details.empty()) return handled;
    return recover("broke the protocol: " + handled.error().message);
  }
  if (seen.exited) return recover("");
  if (seen.timed_out && Clock::now() >= last_progress_ + allowed) {
    auto seconds = std::chrono::duration<double>(allowed).count();
    return recover(fmt::format("made no progress for {:g} s ({})", seconds,
                               ready_ ? "limits.timeout" : "while it loaded its module"));
  }
  return {};
}

Result<void> FunctionWorker::handle_frames() {
  while (true) {
    TRY_ASSIGN(auto frame, child_->next_frame());
    if (!frame.has_value()) return {};
    TRY(handle(*frame));
  }
}

Result<void> FunctionWorker::handle(const process::Frame& frame) {
  using protocol::FrameType;
  switch (frame.header.type) {
    case FrameType::kLoaded:
      return {};
    case FrameType::kReady:
      ready_ = true;
      has_teardown_ = process::parse_has_teardown(frame.payload);
      last_progress_ = Clock::now();
      change_state(in_flight_.empty() ? event::ChildState::kWaiting : event::ChildState::kWorking);
      return {};
    case FrameType::kFailed:
      return setup_failed(frame.payload);
    case FrameType::kFinished:
      finished_frame_ = true;
      return {};
    case FrameType::kProgress: {
      // May arrive late, because other threads of the module write it, too.
      TRY_ASSIGN(std::uint64_t records, protocol::parse_progress(frame.payload));
      if (in_flight_.empty() || in_flight_.front().id != frame.header.id) return {};
      peers_.events.emit(event::BlockProgress{.child = number_, .records = records});
      return {};
    }
    case FrameType::kCounters:
      if (frame.header.id == 0) return take_counters(nullptr, frame.payload);
      return handle_answer(frame);
    default:
      return handle_answer(frame);
  }
}

// Handles a frame about a block: it must be the block that the child works on.
Result<void> FunctionWorker::handle_answer(const process::Frame& frame) {
  using protocol::FrameType;
  if (in_flight_.empty() || in_flight_.front().id != frame.header.id) {
    return broken(fmt::format("it answered block {}, which is not the one that it was to work on", frame.header.id));
  }
  BlockInFlight& work = in_flight_.front();
  switch (frame.header.type) {
    case FrameType::kOutput:
      return take_output(work, frame.payload);
    case FrameType::kText: {
      Buffer lines;
      lines.append(frame.payload);
      cut_into_pairs(lines, options_.separator);
      return take_output(work, lines.view());
    }
    case FrameType::kBad:
      return take_bad(work, frame.payload);
    case FrameType::kCounters:
      return take_counters(&work, frame.payload);
    case FrameType::kStarting: {
      TRY_ASSIGN(auto starting, protocol::parse_starting(frame.payload));
      LinePlace place{.segment = starting.segment, .line = starting.line};
      if (!has_line(work.block, place)) return broken("it started a record that the block does not have");
      refuse_last(work);
      work.start_record(place);
      return {};
    }
    case FrameType::kDone:
      return commit(frame.payload);
    default:
      return broken(fmt::format("it wrote a frame of type {} out of turn", static_cast<int>(frame.header.type)));
  }
}

Result<void> FunctionWorker::take_output(BlockInFlight& work, std::string_view payload) {
  if (payload.empty()) return {};
  if (payload.back() != '\n') return broken("its output does not end at the end of a line");
  work.lines_bytes += payload.size();
  if (work.lines_bytes > kMaxBlockOutputBytes) {
    return Error{.kind = ErrorKind::kNoSpace,
                 .message = fmt::format("{} gave more than {} for one block ({})", name(),
                                        format_bytes(kMaxBlockOutputBytes), place_in_words(work))};
  }
  // A careful child writes a frame for each record.
  bool has_room = !work.lines.empty() && work.lines.back().capacity() - work.lines.back().size() >= payload.size();
  if (!has_room) work.lines.emplace_back(work.careful ? std::max(payload.size(), limits::kReadBytes) : payload.size());
  work.lines.back().append(payload);
  return {};
}

Result<void> FunctionWorker::take_bad(BlockInFlight& work, std::string_view payload) {
  TRY_ASSIGN(auto bad, protocol::parse_bad(payload));
  LinePlace place{.segment = bad.segment, .line = bad.line};
  if (!has_line(work.block, place)) return broken("it reported a bad record that the block does not have");
  work.bad.push_back(bad_record(work.block, place, std::move(bad.reason), std::move(bad.details)));
  if (!peers_.would_end(work.bad.size())) return {};
  for (event::RecordBad& one : work.bad) peers_.events.emit(std::move(one));
  work.bad.clear();
  return stopped();
}

Result<void> FunctionWorker::take_counters(BlockInFlight* work, std::string_view payload) {
  TRY_ASSIGN(auto counted, process::parse_counters(payload));
  if (work != nullptr) {
    work->counted.insert(work->counted.end(), counted.begin(), counted.end());
    return {};
  }
  for (event::Counted& count : counted) peers_.events.emit(std::move(count));
  return {};
}

Result<void> FunctionWorker::commit(std::string_view payload) {
  TRY_ASSIGN(auto done, protocol::parse_done(payload));
  refuse_last(in_flight_.front());
  BlockInFlight work = std::move(in_flight_.front());
  if (done.records + done.bad + done.blank != count_lines(work.block) ||
      done.bad + work.refused + work.finished_bad != work.bad.size()) {
    in_flight_.front() = std::move(work);
    return broken("it counted another number of records than it was sent");
  }
  in_flight_.pop_front();
  deaths_without_progress_ = 0;
  if (has_refused(work)) return send_carefully(std::move(work)), Result<void>();
  event::BlockMapped mapped{.child = number_,
                            .first_input = work.block.address.input,
                            .last_input = work.block.segments.back().input,
                            .records = done.records - work.refused + work.finished + work.block.dropped,
                            .bad = work.bad.size() + work.given_up,
                            .dropped = work.block.dropped,
                            .decoded_bytes = work.decoded_bytes,
                            .output_bytes = work.lines_bytes};
  TRY(sink_->commit({.address = work.block.address, .last_input = mapped.last_input, .lines = std::move(work.lines)}));
  for (event::RecordBad& bad : work.bad) peers_.events.emit(std::move(bad));
  for (event::Counted& count : work.counted) peers_.events.emit(std::move(count));
  peers_.events.emit(mapped);
  peers_.pool.give(std::move(work.block.bytes));
  peers_.pool.give(std::move(work.block.original));
  if (in_flight_.empty()) change_state(event::ChildState::kWaiting);
  return {};
}

// Called when a careful child has finished a record, so that all of its lines are known. If the rule refuses one of
// them, the record becomes bad.
void FunctionWorker::refuse_last(BlockInFlight& work) {
  if (!work.careful || !work.starting.has_value()) return;
  std::string problem = work.last_problem(options_.rule);
  if (problem.empty()) return;
  work.drop_lines();
  work.bad.push_back(bad_record(work.block, *work.starting, std::move(problem), ""));
  ++work.refused;
}

bool FunctionWorker::has_refused(const BlockInFlight& work) const {
  auto is_refused = [this](const Buffer& lines) { return !options_.rule.first_problem(lines.view()).empty(); };
  return !work.careful && std::any_of(work.lines.begin(), work.lines.end(), is_refused);
}

// A line of the block has a value that the rule refuses. A careful child shows which record it comes from
// (docs/decisions/0003).
void FunctionWorker::send_carefully(BlockInFlight work) {
  work.forget_unfinished();
  work.careful = true;
  work.id = next_id_++;
  in_flight_.push_back(std::move(work));
  send(in_flight_.back());
}

Error FunctionWorker::setup_failed(std::string_view payload) const {
  auto failure = process::parse_failure(payload);
  if (!ready_) {
    return process::load_error(
        {.what = name(), .how = failure.reason, .details = failure.details, .interpreter = interpreter_},
        *options_.module, options_.job_folder);
  }
  process::Cause cause{.what = name(),
                       .where_label = "when",
                       .where = "in teardown()",
                       .how = failure.reason,
                       .action = "gave up: another child would fail in the same way"};
  if (!failure.details.empty()) cause.how += "\n" + failure.details;
  return Error{.kind = ErrorKind::kChildFailed,
               .message = fmt::format("{}: {}", name(), failure.reason),
               .details = process::cause_block(cause)};
}

Result<void> FunctionWorker::recover(const std::string& cause) {
  std::string how = cause;
  TRY(end_child(how));
  bool was_ready = ready_;
  std::vector<std::string> last_words = child_->child().last_log_lines();
  report_log();
  child_.reset();
  change_state(event::ChildState::kGone);
  for (const std::string& line : last_words) how += "\n" + line;
  if (in_flight_.empty() || !was_ready) {
    ++deaths_without_progress_;
    if (deaths_without_progress_ < options_.attempts) {
      peers_.events.emit(
          event::ChildDied{event::Role::kMapper, number_, how.substr(0, how.find('\n')), "started another"});
      return {};
    }
    process::Cause block{.what = name(),
                         .where_label = "when",
                         .where = was_ready ? "between two blocks" : "before it was ready",
                         .how = how.substr(0, how.find('\n')),
                         .log_lines = last_words,
                         .action = fmt::format("started it {} times", deaths_without_progress_)};
    return Error{.kind = ErrorKind::kChildFailed,
                 .message = fmt::format("{} {}", name(), block.how),
                 .details = process::cause_block(block)};
  }
  for (std::size_t i = 1; i < in_flight_.size(); ++i) in_flight_[i].forget_unfinished();
  return recover_block(in_flight_.front(), how);
}

// Called if a careful child had reported the record that it was working on. The output of the records before it counts,
// and the record becomes the first one of the rest.
void FunctionWorker::find_suspect(BlockInFlight& work) {
  bool is_first = count_lines_before(work.block, *work.starting) == 0;
  // If other children died on an earlier record, that does not count against this one.
  if (!is_first && work.first_is_suspect) work.deaths = 0;
  work.keep_finished(options_.record == RecordKind::kText || options_.record == RecordKind::kPairs);
  work.first_is_suspect = true;
}

// Sends the block on which the child died again, carefully; after the last attempt, gives up the record.
Result<void> FunctionWorker::recover_block(BlockInFlight& work, const std::string& cause) {
  if (work.starting.has_value()) find_suspect(work);
  ++work.deaths;
  bool last = work.deaths >= options_.attempts && work.careful;
  std::string first_line = cause.substr(0, cause.find('\n'));
  if (!last) {
    peers_.events.emit(
        event::ChildDied{event::Role::kMapper, number_, first_line,
                         fmt::format("started another and sent {} again (attempt {} of {})", place_in_words(work),
                                     work.deaths + 1, std::max(options_.attempts, work.deaths + 1))});
    work.forget_unfinished();
    work.careful = true;
    return {};
  }
  if (work.starting.has_value()) {
    give_up_record(work, cause);
    return {};
  }
  process::Cause block{
      .what = name(),
      .where = place_in_words(work),
      .how = cause,
      .action = fmt::format("started another child and sent the block again, {} times", work.deaths - 1),
      .advice = "the child dies before it starts any of these records: look at setup() and imports"};
  return Error{.kind = ErrorKind::kChildFailed,
               .message = fmt::format("{} {}", name(), first_line),
               .details = process::cause_block(block)};
}

void FunctionWorker::give_up_record(BlockInFlight& work, const std::string& cause) {
  LinePlace place = *work.starting;
  std::size_t end = cause.find('\n');
  event::RecordBad bad = bad_record(
      work.block, place, fmt::format("the mapper died on it {} times: {}", work.deaths, cause.substr(0, end)),
      end == std::string::npos ? "" : cause.substr(end + 1));
  peers_.events.emit(event::ChildDied{
      event::Role::kMapper, number_, cause.substr(0, end),
      fmt::format("set record {} of {} aside and started another", bad.line, peers_.inputs[bad.input].name)});
  peers_.events.emit(std::move(bad));
  ++work.given_up;
  remove_line(work.block, place);
  work.forget_unfinished();
  work.careful = false;
  work.first_is_suspect = false;
  work.deaths = 0;
}

// Makes sure that the child is gone, and sets `how` to the reason unless it is known already.
Result<void> FunctionWorker::end_child(std::string& how) {
  if (!exited_) {
    child_->child().kill();
    while (!exited_) {
      TRY_ASSIGN(process::Activity seen, child_->wait(-1, Clock::time_point::max(), {}));
      exited_ = seen.exited;
    }
  }
  if (!how.empty()) return {};
  how = child_->child().exit()->in_words();
  if (child_->has_half_frame()) how += ", in the middle of a frame";
  if (child_->child().exit()->signal == 0) how = "left with " + how;
  return {};
}

// Everything is committed: the child may run its teardown and exit.
Result<void> FunctionWorker::finish(const std::stop_token& stop) {
  if (!child_.has_value()) return {};
  child_->send_end();
  change_state(event::ChildState::kLeaving);
  last_progress_ = Clock::now();
  while (!exited_) {
    std::chrono::milliseconds allowed = finished_frame_ ? limits::kLeaveTimeout : options_.timeout;
    TRY_ASSIGN(process::Activity seen, child_->wait(-1, last_progress_ + allowed, stop));
    report_log();
    exited_ = seen.exited;
    if (seen.stopped) return stopped();
    if (seen.output_bytes > 0) last_progress_ = Clock::now();
    if (auto handled = handle_frames(); !handled.ok()) {
      // If teardown raised, the error already names the child.
      if (handled.error().details.empty()) return std::move(handled).context(name());
      return handled;
    }
    if (seen.timed_out && Clock::now() >= last_progress_ + allowed) break;
  }
  if (!exited_ && finished_frame_) {
    peers_.events.emit(event::Note{event::Level::kWarning,
                                   fmt::format("{} had done everything and did not leave within {} s; quern ended it",
                                               name(), limits::kLeaveTimeout.count())});
  }
  bool died_by_itself = exited_;
  std::string how;
  if (!exited_) how = "did not leave after the end of its input (limits.timeout)";
  TRY(end_child(how));
  // A child that exits by itself has a reason, such as an uncaught exception in code that nobody waited for.
  bool was_killed = died_by_itself && child_->child().exit()->signal != 0;
  std::vector<std::string> last_words = child_->child().last_log_lines();
  child_.reset();
  change_state(event::ChildState::kGone);
  if (finished_frame_) return {};
  // A child that is not ready has received nothing, so its teardown has nothing to complete.
  if (was_killed && (!ready_ || !has_teardown_)) {
    peers_.events.emit(event::Note{event::Level::kWarning,
                                   fmt::format("{} {} after its last record; nothing is lost by that", name(), how)});
    return {};
  }
  process::Cause block{.what = name(),
                       .where_label = "when",
                       .where = "in teardown(), after its last record",
                       .how = how,
                       .log_lines = last_words,
                       .action = "gave up: what teardown() was to do may be missing"};
  return Error{.kind = ErrorKind::kChildFailed,
               .message = fmt::format("{} {} in its teardown", name(), how),
               .details = process::cause_block(block)};
}

void FunctionWorker::report_log() {
  for (std::string& line : child_->child().take_log_lines()) {
    peers_.events.emit(event::ModuleLine{event::Role::kMapper, number_, std::move(line)});
  }
}

void FunctionWorker::change_state(event::ChildState state) {
  if (state == state_) return;
  state_ = state;
  int pid = child_.has_value() ? child_->child().pid() : 0;
  peers_.events.emit(event::ChildChanged{event::Role::kMapper, number_, state, pid});
}

std::string FunctionWorker::name() const { return fmt::format("mapper {} ({})", number_, options_.module->script); }

std::string FunctionWorker::place_in_words(const BlockInFlight& work) const {
  const Segment& first = work.block.segments.front();
  const Segment& last = work.block.segments.back();
  if (work.starting.has_value()) {
    const Segment& segment = work.block.segments[work.starting->segment];
    return fmt::format("{}, record {}", peers_.inputs[segment.input].name, line_number(work.block, *work.starting));
  }
  if (first.input == last.input) {
    return fmt::format("{}, records {} to {}", peers_.inputs[first.input].name, first_line_number(work.block),
                       last_line_number(work.block));
  }
  return fmt::format("{} to {}", peers_.inputs[first.input].name, peers_.inputs[last.input].name);
}

}  // namespace quern::mapper
