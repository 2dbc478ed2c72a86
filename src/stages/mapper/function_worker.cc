#include "stages/mapper/function_worker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>

#include "model/limits.h"
#include "services/disk/files.h"
#include "services/process/cause.h"
#include "services/process/module_child.h"
#include "services/process/module_messages.h"

// Sends units to a child; a block is committed once all of its units are done. Units that a dead child has not answered
// are sent again with the flag `careful`, so that the child reports each record before it starts it. The
// record on which children have died `attempts` times is given up, and the rest of its block is sent again.
// docs/decisions/0003 has the reasons, docs/formats/child-protocol.md the frames.

namespace quern::mapper {
namespace {

// The most output of one block. More is refused with a clear error instead of filling the memory.
constexpr std::size_t kMaxBlockOutputBytes = 1 * limits::kGiB;

using State = process::Session::State;

Error broken(std::string message) { return Error{.kind = ErrorKind::kChildFailed, .message = std::move(message)}; }

// A unit with more is sent as lines: packed, it may take more than twice as much memory.
constexpr std::size_t kMostPackedBytes = 16 * limits::kMiB;

event::RecordBad bad_record(const Block& block, LinePlace place, std::string reason, std::string details) {
  return {.input = block.segments[place.segment].input,
          .line = line_number(block, place),
          .record = std::string(line_at(block, place)),
          .reason = std::move(reason),
          .details = std::move(details)};
}

}  // namespace

void UnitInFlight::start_record(LinePlace place) {
  starting = place;
  before_starting = {.lines = mapped.lines.size(),
                     .last_bytes = mapped.lines.empty() ? 0 : mapped.lines.back().size(),
                     .lines_bytes = mapped.lines_bytes,
                     .bad = mapped.bad.size(),
                     .counted = mapped.counted.size()};
}

void UnitInFlight::keep_finished(bool is_text) {
  std::uint64_t lines_before = count_lines_before(block, *starting);
  std::uint64_t blank = is_text ? 0 : count_blank_before(block, *starting);
  finished += lines_before - blank - (before_starting.bad - finished_bad);
  finished_bad = before_starting.bad;
  refused = 0;
  remove_lines_before(block, *starting);
  starting = LinePlace{};
}

void UnitInFlight::drop_lines() {
  mapped.lines.resize(before_starting.lines);
  if (!mapped.lines.empty()) mapped.lines.back().resize(before_starting.last_bytes);
  mapped.lines_bytes = before_starting.lines_bytes;
}

std::string UnitInFlight::last_problem(const ValueRule& rule) const {
  std::string problem;
  for (std::size_t i = std::max<std::size_t>(before_starting.lines, 1) - 1; i < mapped.lines.size() && problem.empty();
       ++i) {
    std::size_t before = i + 1 == before_starting.lines ? before_starting.last_bytes : 0;
    problem = rule.first_problem(mapped.lines[i].view().substr(before));
  }
  return problem;
}

void UnitInFlight::forget_unfinished() {
  const Finished& kept = before_starting;
  drop_lines();
  mapped.bad.erase(mapped.bad.begin() + static_cast<std::ptrdiff_t>(kept.bad), mapped.bad.end());
  mapped.counted.erase(mapped.counted.begin() + static_cast<std::ptrdiff_t>(kept.counted), mapped.counted.end());
  starting.reset();
}

FunctionWorker::FunctionWorker(std::size_t number, const MapperOptions& options, const MapperPeers& peers,
                               const process::ModuleChildOptions& module, process::Machine machine, UnitQueue& units,
                               std::promise<void> begun)
    : number_(number),
      options_(options),
      peers_(peers),
      module_(module),
      units_(units),
      begun_(std::move(begun)),
      child_(options.of_child(number), std::move(machine), peers.events),
      packer_(options.record) {}

Result<void> FunctionWorker::run(const std::stop_token& stop) {
  sink_ = peers_.make_sink();
  // The first child starts before there is a block: nearly every job has one, and starting an interpreter takes time.
  if (number_ == 1) TRY(ensure_child());
  TRY(peers_.begin(stop));
  while (true) {
    if (stop.stop_requested()) return stopped();
    take_units(stop);
    if (in_flight_.empty() && units_.is_finished()) break;
    if (in_flight_.empty() && !child_.has_child()) continue;
    TRY(ensure_child());
    TRY(step(wants_unit() && !units_.is_finished() ? units_.readable_fd() : -1, stop));
  }
  TRY(finish(stop));
  sink_.reset();
  return {};
}

// A child that is still loading its module gets only one unit: another child may be ready sooner. So does one that
// works long on a unit, because until then the next one would wait for it.
std::size_t FunctionWorker::most_in_flight() const {
  return child_.is_ready() && units_.has_short_units() ? limits::kFramesInFlight : 1;
}

// A unit is taken once those before it are written: packing it takes as long as the child may wait for the rest of one.
bool FunctionWorker::wants_unit() const {
  const bool is_writing = child_.has_child() && !in_flight_.empty() && child_.unsent_bytes() > 0;
  return !is_writing && in_flight_.size() < most_in_flight();
}

void FunctionWorker::take_units(const std::stop_token& stop) {
  while (wants_unit()) {
    // Without a child there is nothing else to wait for.
    const bool may_block = in_flight_.empty() && !child_.has_child();
    std::optional<Unit> unit = may_block ? units_.take(!has_begun_, stop) : units_.try_take();
    if (!unit.has_value()) return;
    in_flight_.push_back({.id = next_id_++,
                          .block = std::move(unit->block),
                          .origin = std::move(unit->origin),
                          .decoded_bytes = unit->decoded_bytes});
    if (!std::exchange(has_begun_, true)) begun_.set_value();
    if (child_.has_child()) send(in_flight_.back());
  }
}

void FunctionWorker::send(UnitInFlight& work) {
  // The time limit starts when a child receives work.
  if (&work == &in_flight_.front()) child_.grant_time();
  using protocol::BlockForm;
  const bool is_packed =
      child_.reads_packed() && !work.careful && work.block.bytes.size() <= kMostPackedBytes && packer_.pays();
  const BlockForm form = is_packed ? BlockForm::kPacked : work.careful ? BlockForm::kCareful : BlockForm::kLines;
  std::vector<protocol::SegmentHead> segments;
  std::vector<SharedText> names;  // which the segments borrow
  for (const Segment& segment : work.block.segments) {
    inputs_.seek(segment.input);
    names.emplace_back(inputs_.next()->given_name());
    segments.push_back(
        {.first_line = segment.first_line, .size_bytes = segment.size_bytes, .name = names.back().view()});
  }
  if (is_packed) pack(work, segments);
  work.head = protocol::block_head(work.id, form, segments);
  child_.send(work.head.view());
  child_.send(is_packed ? work.packed.view() : work.block.bytes.view());
  if (!child_.is_ready()) return;
  child_.enter(State::kWorking);
  begin_first();
}

// Packs the records of each segment; its size becomes that of its packed records.
void FunctionWorker::pack(UnitInFlight& work, std::vector<protocol::SegmentHead>& segments) {
  if (work.packed.capacity() == 0) work.packed = std::move(spare_);
  work.packed.clear();
  std::string_view lines = work.block.bytes.view();
  for (protocol::SegmentHead& segment : segments) {
    const std::size_t packed_before = work.packed.size();
    packer_.pack(lines.substr(0, segment.size_bytes), work.packed);
    lines.remove_prefix(segment.size_bytes);
    segment.size_bytes = work.packed.size() - packed_before;
  }
}

// The child is ready, and works on the first unit from now on.
void FunctionWorker::begin_first() {
  UnitInFlight& work = in_flight_.front();
  if (work.is_begun) return;
  work.is_begun = true;
  units_.begin();
  if (!work.careful) work.began = std::chrono::steady_clock::now();
}

Result<void> FunctionWorker::ensure_child() {
  if (child_.has_child()) return {};
  if (!has_folder_) {
    TRY(disk::make_empty_folder(child_.working_folder()));
    TRY(child_.link_job_folder());
    has_folder_ = true;
  }
  TRY(child_.start_module(module_));
  for (UnitInFlight& work : in_flight_) send(work);
  return {};
}

// Waits for one thing to happen and handles it.
Result<void> FunctionWorker::step(int wake_fd, const std::stop_token& stop) {
  TRY_ASSIGN(auto seen, child_.step(wake_fd, stop));
  if (auto handled = handle_frames(); !handled.ok()) {
    if (handled.error().kind != ErrorKind::kChildFailed || !handled.error().details.empty()) return handled;
    return recover("broke the protocol: " + handled.error().message);
  }
  if (seen == process::Session::Seen::kExited) return recover("");
  if (seen == process::Session::Seen::kTimedOut) {
    return recover(fmt::format("made no progress for {:g} s ({})", child_.allowed_seconds(),
                               child_.is_ready() ? "limits.timeout" : "while it loaded its module"));
  }
  return {};
}

Result<void> FunctionWorker::handle_frames() {
  while (true) {
    TRY_ASSIGN(auto frame, child_.next_frame());
    if (!frame.has_value()) return {};
    TRY(handle(*frame));
  }
}

Result<void> FunctionWorker::handle(const process::Frame& frame) {
  using protocol::FrameType;
  switch (frame.header.type) {
    case FrameType::kReady:
      TRY(child_.take_ready(frame.payload, !in_flight_.empty()));
      if (!in_flight_.empty()) begin_first();
      return {};
    case FrameType::kFailed:
      return setup_failed(frame.payload);
    case FrameType::kFinished:
      return child_.take_finished();
    case FrameType::kProgress: {
      // May arrive late, because other threads of the module write it, too.
      TRY_ASSIGN(std::uint64_t records, protocol::parse_progress(frame.payload));
      if (in_flight_.empty() || in_flight_.front().id != frame.header.id) return {};
      const UnitInFlight& work = in_flight_.front();
      const std::uint64_t lines = std::max<std::uint64_t>(1, count_lines(work.block));
      peers_.events.emit(event::BlockProgress{.child = number_,
                                              .records = records,
                                              .decoded_bytes = work.decoded_bytes * std::min(records, lines) / lines});
      return {};
    }
    case FrameType::kCounters:
      if (frame.header.id == 0) return take_counters(nullptr, frame.payload);
      return handle_answer(frame);
    case FrameType::kFields: {
      // What a child has read it would read again, so this counts even if the unit will not.
      TRY_ASSIGN(const process::FieldsRead fields, process::parse_fields(frame.payload));
      if (peers_.take_fields != nullptr) peers_.take_fields(fields);
      return {};
    }
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
  UnitInFlight& work = in_flight_.front();
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

Result<void> FunctionWorker::take_output(UnitInFlight& work, std::string_view payload) {
  if (payload.empty()) return {};
  if (payload.back() != '\n') return broken("its output does not end at the end of a line");
  work.mapped.lines_bytes += payload.size();
  if (work.mapped.lines_bytes > kMaxBlockOutputBytes) {
    return too_much_output(work);
  }
  // A careful child writes a frame for each record.
  bool has_room = !work.mapped.lines.empty() &&
                  work.mapped.lines.back().capacity() - work.mapped.lines.back().size() >= payload.size();
  if (!has_room)
    work.mapped.lines.emplace_back(work.careful ? std::max(payload.size(), limits::kReadBytes) : payload.size());
  work.mapped.lines.back().append(payload);
  return {};
}

Error FunctionWorker::too_much_output(const UnitInFlight& work) const {
  return {.kind = ErrorKind::kNoSpace,
          .message = fmt::format("{} wrote more than {} for one block ({})", child_.name(),
                                 format_bytes(kMaxBlockOutputBytes), place_in_words(work))};
}

Result<void> FunctionWorker::take_bad(UnitInFlight& work, std::string_view payload) {
  TRY_ASSIGN(auto bad, protocol::parse_bad(payload));
  LinePlace place{.segment = bad.segment, .line = bad.line};
  if (!has_line(work.block, place)) return broken("it reported a bad record that the block does not have");
  work.mapped.bad.push_back(bad_record(work.block, place, std::move(bad.reason), std::move(bad.details)));
  if (!peers_.would_end(work.mapped.bad.size())) return {};
  for (event::RecordBad& one : work.mapped.bad) peers_.events.emit(std::move(one));
  work.mapped.bad.clear();
  return stopped();
}

Result<void> FunctionWorker::take_counters(UnitInFlight* work, std::string_view payload) {
  TRY_ASSIGN(auto counted, process::parse_counters(payload));
  if (work != nullptr) {
    work->mapped.counted.insert(work->mapped.counted.end(), counted.begin(), counted.end());
    return {};
  }
  for (event::Counted& count : counted) peers_.events.emit(std::move(count));
  return {};
}

Result<void> FunctionWorker::commit(std::string_view payload) {
  TRY_ASSIGN(auto done, protocol::parse_done(payload));
  refuse_last(in_flight_.front());
  UnitInFlight work = std::move(in_flight_.front());
  if (done.records + done.bad + done.blank != count_lines(work.block) ||
      done.bad + work.refused + work.finished_bad != work.mapped.bad.size()) {
    in_flight_.front() = std::move(work);
    return broken("it counted another number of records than it was sent");
  }
  in_flight_.pop_front();
  deaths_without_progress_ = 0;
  std::optional<std::chrono::nanoseconds> time;
  if (work.began.has_value()) time = std::chrono::steady_clock::now() - *work.began;
  units_.end(work.block.bytes.size(), time);
  if (!in_flight_.empty()) begin_first();
  if (has_refused(work)) return send_carefully(std::move(work)), Result<void>();
  return report_done(std::move(work), done.records, time);
}

// That this many records are mapped counts immediately; the block's output once all of its units are done.
Result<void> FunctionWorker::report_done(UnitInFlight work, std::uint64_t records,
                                         std::optional<std::chrono::nanoseconds> time) {
  event::BlockMapped mapped{.child = number_,
                            .first_input = work.block.address.input,
                            .records = records - work.refused + work.finished + work.block.dropped,
                            .bad = work.mapped.bad.size() + work.given_up,
                            .dropped = work.block.dropped,
                            .decoded_bytes = work.decoded_bytes,
                            .output_bytes = work.mapped.lines_bytes,
                            .time = time};
  UnitQueue::Joined joined = units_.join(work.origin, work.block, std::move(work.mapped));
  if (joined.mapped.lines_bytes > kMaxBlockOutputBytes) return too_much_output(work);
  mapped.last_input = joined.last_input;
  mapped.completes_block = joined.is_complete;
  if (joined.is_complete) {
    TRY(sink_->commit(
        {.address = work.block.address, .last_input = joined.last_input, .lines = std::move(joined.mapped.lines)}));
  }
  for (event::RecordBad& bad : joined.mapped.bad) peers_.events.emit(std::move(bad));
  for (event::Counted& count : joined.mapped.counted) peers_.events.emit(std::move(count));
  peers_.events.emit(mapped);
  if (work.packed.capacity() > 0) spare_ = std::move(work.packed);
  if (work.origin.block == nullptr) {
    peers_.pool.give(std::move(work.block.bytes));
    peers_.pool.give(std::move(work.block.original));
  }
  if (in_flight_.empty()) child_.enter(State::kWaiting);
  return {};
}

// Called when a careful child has finished a record, so that all of its lines are known. If the rule refuses one of
// them, the record becomes bad.
void FunctionWorker::refuse_last(UnitInFlight& work) {
  if (!work.careful || !work.starting.has_value()) return;
  std::string problem = work.last_problem(options_.rule);
  if (problem.empty()) return;
  work.drop_lines();
  work.mapped.bad.push_back(bad_record(work.block, *work.starting, std::move(problem), ""));
  ++work.refused;
}

bool FunctionWorker::has_refused(const UnitInFlight& work) const {
  auto is_refused = [this](const Buffer& lines) { return !options_.rule.first_problem(lines.view()).empty(); };
  return !work.careful && std::any_of(work.mapped.lines.begin(), work.mapped.lines.end(), is_refused);
}

// A line of the block has a value that the rule refuses. A careful child shows which record it comes from
// (docs/decisions/0003).
void FunctionWorker::send_carefully(UnitInFlight work) {
  work.forget_unfinished();
  work.careful = true;
  work.is_begun = false;
  work.began.reset();
  work.id = next_id_++;
  in_flight_.push_back(std::move(work));
  send(in_flight_.back());
}

Error FunctionWorker::setup_failed(std::string_view payload) {
  auto failure = process::parse_failure(payload);
  // Reads the rest of the log.
  if (auto ended = child_.end(); !ended.ok()) return std::move(ended).error();
  if (!child_.is_ready()) {
    return process::load_error({.what = child_.name(),
                                .how = failure.reason,
                                .details = failure.details,
                                .log_lines = child_.last_log_lines(),
                                .interpreter = module_.interpreter},
                               *options_.module, options_.job_folder);
  }
  const bool is_leaving = child_.state() == State::kLeaving;
  std::string when = in_flight_.empty() ? "between two units" : "at " + place_in_words(in_flight_.front());
  process::Cause cause{.where_label = "when",
                       .where = is_leaving ? "in teardown(), after its last record" : std::move(when),
                       .how = failure.reason,
                       .log_lines = child_.last_log_lines(),
                       .action = "gave up: another child would fail in the same way"};
  if (!failure.details.empty()) cause.how += "\n" + failure.details;
  return child_.failure(": " + failure.reason, cause);
}

// A child that exits by itself has a reason, such as an uncaught exception in code that nobody waited for.
std::string FunctionWorker::how() const {
  const bool has_left = !child_.was_ended() && child_.exit()->signal == 0;
  return has_left ? "left with " + child_.how() : child_.how();
}

Result<void> FunctionWorker::recover(const std::string& cause) {
  TRY(child_.end(cause));
  const bool was_ready = child_.is_ready();
  const std::string ended = how();
  const std::vector<std::string> last_words = child_.last_log_lines();
  child_.bury();
  if (in_flight_.empty() || !was_ready) {
    if (++deaths_without_progress_ < options_.attempts) {
      child_.report_death(ended, "started another");
      return {};
    }
    return child_.failure(" " + ended, {.where_label = "when",
                                        .where = was_ready ? "between two units" : "before it was ready",
                                        .how = ended,
                                        .log_lines = last_words,
                                        .action = fmt::format("started it {} times", deaths_without_progress_)});
  }
  for (std::size_t i = 1; i < in_flight_.size(); ++i) in_flight_[i].forget_unfinished();
  in_flight_.front().began.reset();
  return recover_block(in_flight_.front(), ended, fmt::format("{}", fmt::join(last_words, "\n")));
}

// Called if a careful child had reported the record that it was working on. The output of the records before it counts,
// and the record becomes the first one of the rest.
void FunctionWorker::find_suspect(UnitInFlight& work) {
  bool is_first = count_lines_before(work.block, *work.starting) == 0;
  // If other children died on an earlier record, that does not count against this one.
  if (!is_first && work.first_is_suspect) work.deaths = 0;
  work.keep_finished(options_.record == RecordKind::kText || options_.record == RecordKind::kPairs);
  work.first_is_suspect = true;
}

// Sends the block on which the child died again, carefully; after the last attempt, gives up the record.
Result<void> FunctionWorker::recover_block(UnitInFlight& work, const std::string& how, std::string_view last_words) {
  if (work.starting.has_value()) find_suspect(work);
  ++work.deaths;
  bool last = work.deaths >= options_.attempts && work.careful;
  if (!last) {
    child_.report_death(how, fmt::format("started another and sent {} again (attempt {} of {})", place_in_words(work),
                                         work.deaths + 1, std::max(options_.attempts, work.deaths + 1)));
    work.forget_unfinished();
    work.careful = true;
    return {};
  }
  if (work.starting.has_value()) {
    give_up_record(work, how, last_words);
    return {};
  }
  return child_.failure(
      " " + how, {.where = place_in_words(work),
                  .how = last_words.empty() ? how : fmt::format("{}\n{}", how, last_words),
                  .action = fmt::format("started another child and sent the records again, {} times", work.deaths - 1),
                  .advice = "the child dies before it starts any of these records: look at setup() and imports"});
}

void FunctionWorker::give_up_record(UnitInFlight& work, const std::string& how, std::string_view last_words) {
  LinePlace place = *work.starting;
  event::RecordBad bad = bad_record(
      work.block, place, fmt::format("the mapper died on it {} times: {}", work.deaths, how), std::string(last_words));
  child_.report_death(how, fmt::format("set {} {} of {} aside and started another", options_.counted, bad.line,
                                       peers_.inputs[bad.input].name));
  peers_.events.emit(std::move(bad));
  ++work.given_up;
  remove_line(work.block, place);
  work.forget_unfinished();
  work.careful = false;
  work.first_is_suspect = false;
  work.deaths = 0;
}

// Everything is committed: the child may run its teardown and exit.
Result<void> FunctionWorker::finish(const std::stop_token& stop) {
  using Left = process::Session::Left;
  if (!child_.has_child()) return {};
  auto left = child_.leave([this] { return handle_frames(); }, stop);
  if (!left.ok()) {
    // If teardown raised, the error already names the child.
    const bool is_named = left.error().kind != ErrorKind::kChildFailed || !left.error().details.empty();
    return is_named ? std::move(left).error() : std::move(left).error().with_context(child_.name());
  }
  TRY(child_.end(left.value() == Left::kHung ? "did not leave after the end of its input (limits.timeout)" : ""));
  // A child that is not ready has received nothing, so its teardown has nothing to complete.
  const bool loses_nothing =
      left.value() == Left::kDied && child_.exit()->signal != 0 && !(child_.is_ready() && child_.has_teardown());
  const std::string ended = how();
  const std::vector<std::string> last_words = child_.last_log_lines();
  child_.bury();
  if (left.value() == Left::kFinished) return {};
  if (loses_nothing) {
    child_.warn(fmt::format("{} {} after its last record; nothing is lost by that", child_.name(), ended));
    return {};
  }
  return child_.failure(fmt::format(" {} in its teardown", ended),
                        {.where_label = "when",
                         .where = "in teardown(), after its last record",
                         .how = ended,
                         .log_lines = last_words,
                         .action = "gave up: what teardown() was to do may be missing"});
}

std::string FunctionWorker::place_in_words(const UnitInFlight& work) const {
  const Segment& first = work.block.segments.front();
  const Segment& last = work.block.segments.back();
  if (work.starting.has_value()) {
    const Segment& segment = work.block.segments[work.starting->segment];
    return fmt::format("{}, {} {}", peers_.inputs[segment.input].name, options_.counted,
                       line_number(work.block, *work.starting));
  }
  if (first.input == last.input) {
    const auto from = first_line_number(work.block);
    const auto to = last_line_number(work.block);
    return fmt::format("{}, {}{}", peers_.inputs[first.input].name, options_.counted,
                       from == to ? fmt::format(" {}", from) : fmt::format("s {} to {}", from, to));
  }
  return fmt::format("{} to {}", peers_.inputs[first.input].name, peers_.inputs[last.input].name);
}

}  // namespace quern::mapper
