#include "stages/mapper/batch_worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/fd.h"
#include "base/text.h"
#include "model/compression.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/process/module_command.h"

namespace quern::mapper {
namespace {

// The size of the pieces in which output is committed, so that the shuffle can spill between two of them.
constexpr std::size_t kPieceBytes = limits::kBlockBytes;
// How often a child's progress is reported.
constexpr std::chrono::seconds kReportInterval{1};

// Turns "data/b.json.gz" into "b.json", without characters that would break a list of names or a shell's `read`:
// control characters, and a space at the end.
std::string handed_name(const std::string& path, bool is_decoded) {
  std::string name = std::filesystem::path(path).filename();
  if (is_decoded) name = decoded_name(name);
  std::replace_if(name.begin(), name.end(), is_control, '_');
  if (name.ends_with(' ')) name.back() = '_';
  return name;
}

// "\r\n" counts as one line end, as it does for functions and for Hadoop Streaming.
void remove_carriage_returns(Buffer& lines) {
  constexpr std::string_view kEnd = "\r\n";
  const std::string_view all = lines.view();
  std::size_t found = all.find(kEnd);
  if (found == std::string_view::npos) return;
  char* target = lines.data() + found;
  while (found != std::string_view::npos) {
    const std::size_t next = all.find(kEnd, found + kEnd.size());
    const std::string_view part = all.substr(found + 1, next - found - 1);
    std::memmove(target, part.data(), part.size());
    target += part.size();
    found = next;
  }
  lines.resize(static_cast<std::size_t>(target - lines.data()));
}

Result<void> copy_to_file(ByteSource& source, const std::string& path) {
  TRY_ASSIGN(Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  Buffer bytes(limits::kReadBytes);
  bytes.resize(limits::kReadBytes);
  while (true) {
    TRY_ASSIGN(std::size_t count, source.read({bytes.data(), bytes.size()}));
    if (count == 0) return file.close().context(path);
    TRY(disk::write_temporary(file, bytes.view().substr(0, count), path));
  }
}

// Turns pairs into lines, which is what a program reads.
void make_text(Buffer& pairs, std::string_view separator) {
  Buffer text(pairs.size());
  PairText(separator).append(pairs.view(), text);
  pairs = std::move(text);
}

}  // namespace

BatchWorker::BatchWorker(std::size_t number, const MapperOptions& options, const MapperPeers& peers,
                         InputOpener& opener, std::vector<std::string> command, process::Machine machine)
    : number_(number),
      options_(options),
      peers_(peers),
      opener_(opener),
      command_(std::move(command)),
      machine_(std::move(machine)),
      child_options_(options.of_child(number)),
      sink_(peers.make_sink()),
      lines_(options.scratch_folder, options.held_bytes) {}

Result<void> BatchWorker::run(const Batch& batch, const std::stop_token& stop) {
  Batch rest = batch;
  std::size_t deaths = 0;
  bool is_first = true;
  while (!rest.inputs.empty()) {
    TRY_ASSIGN(Attempt outcome, attempt(rest, is_first, stop));
    is_first = false;
    if (outcome.failed_input.has_value()) {
      peers_.events.emit(*outcome.failed_input);
      std::erase(rest.inputs, outcome.failed_input->input);
      continue;
    }
    if (!outcome.failure.has_value()) return {};
    if (++deaths < options_.attempts) {
      peers_.events.emit(
          event::ChildDied{event::Role::kMapper, number_, outcome.failure->message,
                           fmt::format("started it again (attempt {} of {})", deaths + 1, options_.attempts)});
      continue;
    }
    if (rest.inputs.size() == 1) {
      peers_.events.emit(event::InputFailed{rest.inputs.front(), std::move(*outcome.failure)});
      return {};
    }
    for (const Batch& half : halves(rest)) TRY(run(half, stop));
    return {};
  }
  return {};
}

Result<BatchWorker::Attempt> BatchWorker::attempt(const Batch& batch, bool is_first, const std::stop_token& stop) {
  if (stop.stop_requested()) return stopped();
  events_.emplace(peers_, is_first);
  TRY(start_child(batch));
  bool is_lines = options_.module->interface == Interface::kLines;
  auto fed = is_lines ? feed_lines(batch, stop) : feed_files(batch, stop);
  if (!fed.ok() || !fed.value()) {
    end_child();
    if (!fed.ok()) return std::move(fed).error();
    CHECK(events_->failed_input().has_value());
    return Attempt{.failed_input = events_->failed_input()};
  }
  child_->end_input();
  child_->enter(process::Session::State::kLeaving);
  TRY(drain_to_exit(stop));
  if (auto failure = judge(batch); failure.has_value()) {
    end_child();
    return Attempt{.failure = std::move(failure)};
  }
  if (auto shrunk = shrunk_input(batch); shrunk.has_value()) {
    end_child();
    return Attempt{.failed_input = std::move(shrunk)};
  }
  TRY(take_result_file());
  end_child();
  TRY(commit(batch));
  return Attempt{};
}

Result<void> BatchWorker::start_child(const Batch& batch) {
  child_.emplace(child_options_, machine_, *events_);
  TRY(disk::make_empty_folder(child_options_.working_folder));
  TRY(child_->link_job_folder());
  // With several inputs no single name would be right.
  const bool has_name = batch.inputs.size() == 1;
  TRY(child_->start_program(
      command_, has_name ? process::input_variables(std::string(peers_.inputs[batch.inputs.front()].given_name()))
                         : std::vector<std::string>()));
  lines_.clear();
  handed_names_.clear();
  output_bytes_ = 0;
  records_ = 0;
  dropped_ = 0;
  decoded_bytes_ = 0;
  fed_records_ = 0;
  fed_bytes_ = 0;
  began_ = machine_.now();
  child_->enter(process::Session::State::kWorking);
  return {};
}

Result<bool> BatchWorker::feed_lines(const Batch& batch, const std::stop_token& stop) {
  for (InputOrdinal input : batch.inputs) {
    std::unique_ptr<BlockSource> source = opener_.open_blocks(input, *events_);
    Block block;
    while (true) {
      auto more = source->next(block);
      if (!more.ok() && more.error().kind == ErrorKind::kStopped) return std::move(more).error();
      if (!more.ok()) return false;
      if (!more.value()) break;
      fed_records_ = records_;
      fed_bytes_ = decoded_bytes_;
      for (const Segment& segment : block.segments) records_ += segment.lines;
      records_ += block.dropped;
      dropped_ += block.dropped;
      decoded_bytes_ += block.decoded_bytes();
      // In a pair from an earlier step, a carriage return is part of the value.
      if (options_.record == RecordKind::kPairs) {
        make_text(block.bytes, options_.separator);
      } else {
        remove_carriage_returns(block.bytes);
      }
      // A child that has stopped reading gets no more input, but its inputs are read to their ends, as they must be
      // verified and counted.
      if (takes_input() && !block.bytes.empty()) {
        child_->send(block.bytes.view());
        TRY(drain_input(stop));
      }
      if (stop.stop_requested()) return stopped();
      peers_.pool.give(std::move(block.bytes));
    }
  }
  return true;
}

Result<bool> BatchWorker::feed_files(const Batch& batch, const std::stop_token& stop) {
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
    if (stop.stop_requested()) return stopped();
    TRY_ASSIGN(std::optional<std::string> file, file_of(batch.inputs[i], i));
    if (!file.has_value()) return false;
    std::string line = *file + "\n";
    if (!takes_input()) continue;
    child_->send(line);
    TRY(drain_input(stop));
  }
  return true;
}

// Returns the name of the input's decompressed file in the child's folder, which the child may remove: a link if the
// input is not compressed. Nothing if the input failed.
Result<std::optional<std::string>> BatchWorker::file_of(InputOrdinal input, std::size_t index) {
  auto bytes = opener_.open_bytes(input);
  const Input named = peers_.inputs[input];
  if (!bytes.ok()) {
    events_->emit(event::InputFailed{.input = input, .error = std::move(bytes).error()});
    return std::optional<std::string>();
  }
  const bool is_decoded = bytes.value() != nullptr;
  const std::string name = handed_name(named.path.str(), is_decoded);
  // Uses a folder of its own only if the name is already taken: each folder costs as much as the link.
  const bool is_first_of_name = handed_names_.insert(name).second;
  const std::string folder =
      fmt::format("{}/.quern-inputs/{}", child_options_.working_folder, is_first_of_name ? 1 : index + 1);
  const std::string path = folder + "/" + name;
  TRY(disk::make_folders(folder));
  std::uint64_t size = named.stored_bytes;
  if (!is_decoded) {
    if (::symlink(named.path.str().c_str(), path.c_str()) != 0) return os_error("linking " + path, errno);
  } else if (auto copied = copy_to_file(*bytes.value(), path); !copied.ok()) {
    // A full disk is not a failure of the input.
    if (copied.error().kind == ErrorKind::kNoSpace) return std::move(copied).error();
    events_->emit(event::InputFailed{.input = input, .error = std::move(copied).error()});
    return std::optional<std::string>();
  } else {
    std::error_code ignored;
    size = std::filesystem::file_size(path, ignored);
  }
  events_->emit(event::InputProgress{.input = input, .stored_bytes = named.stored_bytes, .decoded_bytes = size});
  decoded_bytes_ += size;
  return std::optional(path);
}

Result<void> BatchWorker::drain_input(const std::stop_token& stop) {
  const std::size_t all = child_->unsent_bytes();
  while (child_->unsent_bytes() > 0 && takes_input()) {
    TRY(step(stop));
    report_progress(all - std::min(all, child_->unsent_bytes()), all);
  }
  return {};
}

// Reports what a `lines` child has read: everything before the last block, and `sent` of that block's `all` bytes. A
// `files` child reads by itself.
void BatchWorker::report_progress(std::size_t sent, std::size_t all) {
  const auto now = machine_.now();
  if (options_.module->interface != Interface::kLines || now - last_report_ < kReportInterval) return;
  last_report_ = now;
  auto without_unsent = [&](std::uint64_t before, std::uint64_t after) {
    return before + (after - before) * sent / std::max<std::size_t>(1, all);
  };
  peers_.events.emit(event::BlockProgress{.child = number_,
                                          .records = without_unsent(fed_records_, records_),
                                          .decoded_bytes = without_unsent(fed_bytes_, decoded_bytes_)});
}

Result<void> BatchWorker::drain_to_exit(const std::stop_token& stop) {
  while (!child_->exit().has_value()) TRY(step(stop));
  return cut_output(true);
}

Result<void> BatchWorker::step(const std::stop_token& stop) {
  const std::size_t room = room_for_output();
  const std::size_t used = child_->output().size();
  TRY_ASSIGN(auto seen, child_->step(-1, stop, room));
  output_bytes_ += child_->output().size() - used;
  TRY(cut_output(false));
  if (seen != process::Session::Seen::kTimedOut) return {};
  return child_->end(fmt::format("made no progress for {:g} s (limits.timeout)", child_->allowed_seconds()));
}

// What is missing to complete a piece, or a little for the end of its last line.
std::size_t BatchWorker::room_for_output() {
  Buffer& output = child_->output();
  output.reserve(kPieceBytes + limits::kReadBytes);
  return std::max(kPieceBytes - std::min(output.size(), kPieceBytes), limits::kReadBytes);
}

// Cuts the child's output into pieces of whole lines; at the end, adds a missing '\n' to the last line. Where pieces
// end depends only on the lines, not on when they arrived, because a combiner sees the pieces.
Result<void> BatchWorker::cut_output(bool at_end) {
  Buffer& output = child_->output();
  if (at_end && !output.empty() && output.view().back() != '\n') output.push_back('\n');
  while (at_end ? !output.empty() : output.size() >= kPieceBytes) {
    std::size_t end = output.view().find('\n', std::min(kPieceBytes, output.size()) - 1);
    if (end == std::string_view::npos) return {};
    Buffer rest = lines_.take_spare();
    rest.append(output.view().substr(end + 1));
    output.resize(end + 1);
    TRY(lines_.add(std::exchange(output, std::move(rest))));
  }
  return {};
}

// If a `files` child has written result.txt in its working folder, that file is its output instead of standard output.
Result<void> BatchWorker::take_result_file() {
  std::string path = child_options_.working_folder + "/result.txt";
  if (options_.module->interface != Interface::kFiles || !std::filesystem::exists(path)) return {};
  lines_.clear();
  output_bytes_ = 0;
  Buffer& output = child_->output();
  TRY_ASSIGN(Fd file, open_file(path, O_RDONLY));
  while (true) {
    std::size_t room = room_for_output();
    std::size_t used = output.size();
    output.resize(used + room);
    auto count = read_some(file, {output.data() + used, room});
    if (!count.ok()) return std::move(count).error().with_context(path);
    output.resize(used + count.value());
    output_bytes_ += count.value();
    if (count.value() == 0) break;
    TRY(cut_output(false));
  }
  return cut_output(true);
}

// Returns why the batch does not count as mapped after the child's end, if so.
std::optional<Error> BatchWorker::judge(const Batch& batch) {
  if (child_->is_success()) {
    if (child_->refuses_input()) {
      child_->warn(
          fmt::format("{} closed its input before it had read all of {}", child_->name(), place_in_words(batch)));
    }
    return std::nullopt;
  }
  const process::Exit exit = *child_->exit();
  const bool has_left = exit.signal == 0 && !child_->was_ended();
  return child_->failure(": " + child_->how(),
                         {.where = place_in_words(batch),
                          .how = child_->how(),
                          .log_lines = child_->last_log_lines(),
                          .action = options_.attempts > 1 ? fmt::format("ran it {} times", options_.attempts) : "",
                          .advice = has_left ? fmt::format("if {} means success for this program, set ok_exit: [0, {}]",
                                                           exit.status, exit.status)
                                             : "run it by hand on this input"});
}

// A child that is given names reads the files itself, so only their sizes can show whether it could read all of them.
std::optional<event::InputFailed> BatchWorker::shrunk_input(const Batch& batch) {
  if (options_.module->interface != Interface::kFiles) return std::nullopt;
  for (InputOrdinal input : batch.inputs) {
    if (auto checked = opener_.check_size(input); !checked.ok()) return event::InputFailed{input, checked.error()};
  }
  return std::nullopt;
}

Result<void> BatchWorker::commit(const Batch& whole) {
  // A sample may end in the middle of a batch; the inputs after it count as not read.
  Batch batch = whole;
  if (options_.module->interface == Interface::kLines) {
    std::erase_if(batch.inputs, [&](InputOrdinal input) { return !events_->has_decoded(input); });
  }
  if (batch.inputs.empty()) return {};
  TRY_ASSIGN(std::uint32_t blocks, lines_.commit(*sink_, batch.inputs.front(), batch.inputs.back()));
  for (InputOrdinal input : batch.inputs) {
    peers_.events.emit(event::InputDecoded{input, input == batch.inputs.front() ? blocks : 0U});
  }
  events_->commit();
  // Figures about the whole batch are reported once, with its last block.
  for (std::uint32_t i = 1; i < blocks; ++i) {
    peers_.events.emit(
        event::BlockMapped{.child = number_, .first_input = batch.inputs.front(), .last_input = batch.inputs.front()});
  }
  peers_.events.emit(event::BlockMapped{.child = number_,
                                        .first_input = batch.inputs.front(),
                                        .last_input = batch.inputs.back(),
                                        .records = records_,
                                        .dropped = dropped_,
                                        .decoded_bytes = decoded_bytes_,
                                        .output_bytes = output_bytes_,
                                        .time = machine_.now() - began_});
  return {};
}

void BatchWorker::end_child() {
  child_->bury();
  disk::remove_folder(child_options_.working_folder);
}

std::string BatchWorker::place_in_words(const Batch& batch) const {
  const std::string first = peers_.inputs[batch.inputs.front()].name.str();
  if (batch.inputs.size() == 1) return first;
  return fmt::format("{} to {} ({} inputs)", first, peers_.inputs[batch.inputs.back()].name, batch.inputs.size());
}

}  // namespace quern::mapper
