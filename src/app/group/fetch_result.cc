#include "app/group/fetch_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/group/results.h"
#include "app/job/result_folder.h"
#include "app/remote/result_upload.h"
#include "app/remote/task_peer.h"
#include "app/run/run.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/s3/address.h"
#include "stages/decode/decode.h"
#include "stages/output/output.h"

namespace quern::app {
namespace {

// A part that is fetched from a task to a local file.
struct Piece {
  results::Source source;
  TaskPart part;
  std::string stored;  // the local file with the part as it is stored
  std::string target;
};

// Returns the part's number in its name, with its dot: "" for "result.txt.zst", ".3" for "result.txt.3.zst".
std::string number_in(const TaskPart& part) {
  const std::string_view name = part.name;
  const std::string_view start = kResultName;
  const std::string_view end = kStoredEnding;
  if (!name.starts_with(start) || !name.ends_with(end) || name.size() < start.size() + end.size()) return "?";
  return std::string(name.substr(start.size(), name.size() - start.size() - end.size()));
}

bool is_number(const std::string& text) {
  return text.size() > 1 && text[0] == '.' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The pieces of the reduce tasks, each of which keeps its own result.
Result<std::vector<Piece>> pieces_of_reducers(GroupSession& session, const watch::GroupWatch& watch,
                                              const std::string& output) {
  std::vector<Piece> pieces;
  for (const WatchedTask& task : watch.group().tasks) {
    if (task.kind != TaskKind::kReduce || task.is_final) continue;
    const results::Source source = source_of(watch, task);
    TRY_ASSIGN(TaskReport report, results::read_report(session.api(), source, session.stop()));
    for (const TaskPart& part : report.parts) {
      const std::string number = number_in(part);
      if (is_number(number)) pieces.push_back({.source = source, .part = part, .target = output + number});
    }
  }
  return pieces;
}

Result<std::vector<Piece>> pieces_of(GroupSession& session, const watch::GroupWatch& watch, const TaskReport& report,
                                     const std::string& output) {
  auto is_result = [](const TaskPart& part) { return number_in(part).empty(); };
  auto result = std::find_if(report.parts.begin(), report.parts.end(), is_result);
  if (result != report.parts.end()) {
    return std::vector<Piece>{{.source = source_of(watch, watch.final_task()), .part = *result, .target = output}};
  }
  TRY_ASSIGN(std::vector<Piece> pieces, pieces_of_reducers(session, watch, output));
  if (pieces.empty()) {
    return not_found(fmt::format("{} has completed, but neither it nor a reduce task says that it left a result",
                                 watch.final_task().label));
  }
  if (const char* reason = reason_for_one_result(output); reason != nullptr && pieces.size() > 1) {
    return bad_config(fmt::format("the reducers' results were kept apart: {}; name a file with -o", reason));
  }
  return pieces;
}

// Decodes a part to its target, without committing it. A part that ends without an error is complete.
Result<std::unique_ptr<output::ResultTarget>> decode_to_target(const Piece& piece) {
  TRY_ASSIGN(auto stored, decode::open_stored_file(piece.stored, 0));
  TRY_ASSIGN(auto content, decode::make_decoder(Compression::kZstd, std::move(stored)));
  TRY_ASSIGN(auto target, output::ResultTarget::make(piece.target));
  constexpr std::size_t kBufferBytes = 256 * 1024;
  auto buffer = std::make_unique<std::array<char, kBufferBytes>>();
  std::uint64_t bytes = 0;
  while (true) {
    TRY_ASSIGN(std::size_t count, content->read(*buffer));
    if (count == 0) break;
    bytes += count;
    TRY(target->write({buffer->data(), count}));
  }
  if (bytes == piece.part.decoded_bytes) return target;
  return bad_input(fmt::format("{} of task {} has {} bytes, and its task wrote {}", piece.part.name,
                               piece.source.task_id, bytes, piece.part.decoded_bytes));
}

// Without them, the result itself is still complete.
Result<void> fetch_bad_records(GroupSession& session, const watch::GroupWatch& watch, const std::string& path) {
  TRY_ASSIGN(auto file, disk::AtomicFile::create(path));
  auto fetched =
      results::fetch_file(session.api(), source_of(watch, watch.final_task()), kBadRecordsName, *file, session.stop());
  if (fetched.ok()) return file->commit();
  if (fetched.error().kind != ErrorKind::kNotFound) return fetched;
  session.sink().note(event::Level::kWarning, "the tasks left no bad_records.txt: " + fetched.error().message);
  return {};
}

// Passes notes on.
class SessionNotes final : public EventSink {
 public:
  explicit SessionNotes(GroupSession& session) : session_(session) {}
  void emit(const event::Event& event) override {
    if (const auto* note = std::get_if<event::Note>(&event)) session_.sink().note(note->level, note->text);
  }

 private:
  GroupSession& session_;
};

}  // namespace

results::Source source_of(const watch::GroupWatch& watch, const WatchedTask& task) {
  return {.task_id = task.id, .run_id = static_cast<int>(task.runs) - 1, .prefix = watch.artifact_prefix()};
}

Result<void> find_result(GroupSession& session, const watch::GroupWatch& watch, const TaskReport& report) {
  TRY_ASSIGN(std::vector<Piece> pieces, pieces_of(session, watch, report, ""));
  for (const Piece& piece : pieces) TRY(results::find_part(session.api(), piece.source, piece.part, session.stop()));
  return {};
}

Result<void> check_output(const std::string& output, const CommandLine& line, const Job* job) {
  TRY(check_place_of_result(output));
  if (const char* reason = reason_for_one_result(output);
      reason != nullptr && job != nullptr && run_results(*job) > 1) {
    return bad_config(fmt::format("with result.parts: keep {}", reason));
  }
  const std::filesystem::path folder = std::filesystem::path(output).parent_path();
  std::error_code ignored;
  if (output != "-" && !s3::is_s3_url(output) && !folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    return bad_config(fmt::format("there is no folder {} for the result {}", folder.string(), output));
  }
  return job == nullptr ? Result<void>() : ResultFolder(result_paths(output, 1)).check(*job, line);
}

Result<void> fetch_result(GroupSession& session, const watch::GroupWatch& watch, TaskReport& report,
                          const std::string& output) {
  TRY_ASSIGN(std::vector<Piece> pieces, pieces_of(session, watch, report, output));
  TRY_ASSIGN(disk::ScratchFolder scratch, disk::ScratchFolder::make(""));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i].stored = fmt::format("{}/{}{}", scratch.path(), i, kStoredEnding);
    TRY(results::fetch_part(session.api(), pieces[i].source, pieces[i].part, pieces[i].stored, session.stop()));
  }
  const bool is_one = pieces.front().target == output;
  const ResultFolder folder(result_paths(output, is_one ? 1 : std::max<std::size_t>(pieces.size(), 2)));
  SessionNotes notes(session);
  const Downloads downloads;
  std::unique_ptr<ResultUpload> upload;
  if (s3::is_s3_url(output)) {
    TRY_ASSIGN(upload,
               ResultUpload::open({.line = session.line(), .downloads = downloads, .url = output, .events = notes},
                                  session.stop()));
    pieces.front().target = upload->path();
  }
  Targets targets;
  for (const Piece& piece : pieces) {
    TRY_ASSIGN(auto target, decode_to_target(piece));
    targets.push_back(std::move(target));
  }
  Accounting& accounting = report.accounting;
  if (accounting.records_bad + accounting.groups_bad > 0) {
    TRY(fetch_bad_records(session, watch, folder.paths().bad_records).context("fetching bad_records.txt"));
  } else {
    folder.remove_bad_records();
  }
  TRY(commit(targets, &folder));
  if (upload != nullptr) TRY(upload->send(session.stop()));
  accounting.result = output;
  accounting.result_bytes = size_bytes(targets);
  folder.describe(accounting);
  return {};
}

namespace {

class LeftParts {
 public:
  LeftParts(const taskcluster::Access& access, const watch::GroupWatch& watch, const std::vector<std::size_t>& tasks)
      : access_(access), watch_(watch), tasks_(tasks), left_(tasks.size()), errors_(tasks.size()) {}

  Result<void> run(const std::stop_token& stop) {
    auto work = [this](TaskPeer& peer, std::size_t i, const std::stop_token& stop_one) -> Result<void> {
      auto looked = look(peer.api(), i, stop_one);
      if (looked.ok()) return looked;
      const ErrorKind kind = looked.error().kind;
      left_[i].is_whole = kind == ErrorKind::kDenied;
      errors_[i] = looked.error();
      const bool is_told = kind == ErrorKind::kDenied || kind == ErrorKind::kNotFound || kind == ErrorKind::kBadInput;
      return is_told ? Result<void>() : looked;
    };
    return for_each_task(access_, tasks_.size(), work, stop);
  }

  const std::vector<watch::Left>& left() const { return left_; }
  // Why a task's output is incomplete, or is not known to be complete.
  const std::optional<Error>& error(std::size_t index) const { return errors_[index]; }

 private:
  Result<void> look(taskcluster::Api& api, std::size_t index, const std::stop_token& stop) {
    const results::Source source = source_of(watch_, watch_.group().tasks[tasks_[index]]);
    TRY_ASSIGN(TaskReport report, results::read_report(api, source, stop));
    left_[index].has_parts = !report.parts.empty();
    for (const TaskPart& part : report.parts) TRY(results::find_part(api, source, part, stop));
    return {};
  }

  const taskcluster::Access& access_;
  const watch::GroupWatch& watch_;
  const std::vector<std::size_t>& tasks_;
  std::vector<watch::Left> left_;  // each is written by one thread, as are the errors
  std::vector<std::optional<Error>> errors_;
};

}  // namespace

Result<std::vector<watch::Left>> look_at_left_parts(GroupSession& session, const watch::GroupWatch& watch,
                                                    const std::vector<std::size_t>& tasks,
                                                    const std::stop_token& stop) {
  LeftParts parts(session.api().access(), watch, tasks);
  TRY(parts.run(stop));
  bool is_denial_told = false;
  std::size_t lacking = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto& error = parts.error(i);
    if (!error.has_value()) continue;
    const std::string& label = watch.group().tasks[tasks[i]].label;
    if (error->kind != ErrorKind::kDenied) {
      if (++lacking > limits::kShownFailures) continue;
      session.sink().note(event::Level::kWarning,
                          fmt::format("{} has completed without all that it should leave: {}", label, error->message));
    } else if (!std::exchange(is_denial_told, true)) {
      session.sink().note(
          event::Level::kWarning,
          fmt::format("whether {} and others left all that they should cannot be seen: {}", label, error->message));
    }
  }
  if (lacking > limits::kShownFailures) {
    session.sink().note(event::Level::kWarning, fmt::format("so have {} more", lacking - limits::kShownFailures));
  }
  return parts.left();
}

}  // namespace quern::app
