#include "app/run/step_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "model/limits.h"
#include "model/pair.h"

namespace quern::app {

Result<std::unique_ptr<StepFile>> StepFile::create(const std::string& path) {
  std::unique_ptr<StepFile> file(new StepFile(path));
  TRY_ASSIGN(file->fd_, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return file;
}

Result<void> StepFile::write(std::string_view bytes) {
  size_bytes_ += bytes.size();
  buffer_.append(bytes);
  return buffer_.size() < limits::kReadBytes ? Result<void>() : flush();
}

Result<void> StepFile::flush() {
  auto written = write_all(fd_, buffer_.view());
  buffer_.clear();
  return std::move(written).context("writing " + path_ + " (choose another folder with --scratch)");
}

Result<void> StepFile::commit() {
  TRY(flush());
  return fd_.close().context(path_);
}

void StepEvents::emit(const event::Event& event) {
  if (const auto* bad = std::get_if<event::RecordBad>(&event)) {
    Buffer text;
    PairText(separator_).append(bad->record, text);
    std::string pair = bad->line == 0 ? std::string("a written pair") : fmt::format("pair {}", bad->line);
    target_.emit(event::GroupBad{.pair = bad->line,
                                 .key = fmt::format("step {}, {}: {}", step_ + 1, pair, text.view()),
                                 .reason = bad->reason,
                                 .details = bad->details});
  } else if (const auto* failed = std::get_if<event::InputFailed>(&event)) {
    policy_.fail(Error(failed->error).with_context(fmt::format("step {}", step_ + 1)));
  } else if (!std::holds_alternative<event::InputProgress>(event) &&
             !std::holds_alternative<event::InputDecoded>(event) &&
             !std::holds_alternative<event::BlockMapped>(event)) {
    target_.emit(event);
  }
}

Job job_of_step(const Job& job, std::size_t number) {
  Job own = job;
  own.steps = {job.steps[number]};
  if (number > 0) {
    own.record = RecordKind::kPairs;
    own.format.reset();
    own.decompress = Compression::kNone;
    own.fields.clear();
    own.where_json = "{}";
  }
  if (number + 1 < job.steps.size()) own.keep_parts = false;
  return own;
}

}  // namespace quern::app
