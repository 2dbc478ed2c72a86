#include "app/group/results.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/taskcluster/download.h"

namespace quern::results {
namespace {

taskcluster::ArtifactPlace place_of(const Source& source, const std::string& name) {
  return {.task_id = source.task_id,
          .run_id = source.run_id,
          .name = source.prefix.empty() ? name : source.prefix + "/" + name};
}

class ReportSink final : public taskcluster::ArtifactSink {
 public:
  Result<void> begin() override {
    text.clear();
    return {};
  }
  Result<void> write(std::string_view bytes) override {
    if (bytes.size() > limits::kMaxTaskReportBytes - text.size()) {
      return bad_input(fmt::format("it is longer than {} bytes", limits::kMaxTaskReportBytes));
    }
    text.append(bytes);
    return {};
  }

  std::string text;
};

class AtomicSink final : public taskcluster::ArtifactSink {
 public:
  explicit AtomicSink(disk::AtomicFile& file) : file_(file) {}
  Result<void> begin() override { return file_.truncate(0); }
  Result<void> write(std::string_view bytes) override { return file_.write(bytes); }

 private:
  disk::AtomicFile& file_;
};

class FileSink final : public taskcluster::ArtifactSink {
 public:
  FileSink(Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<void> begin() override {
    if (::ftruncate(file_.number(), 0) == 0 && ::lseek(file_.number(), 0, SEEK_SET) == 0) return {};
    return os_error("starting " + path_ + " over", errno);
  }
  Result<void> write(std::string_view bytes) override {
    auto written = write_all(file_, bytes).context("writing " + path_);
    if (written.ok()) return {};
    // A task fetches to its working folder, for which there is no other choice.
    return disk::advise_if_full(std::move(written).error(), "name another folder for temporary files with TMPDIR");
  }
  Result<void> close() { return file_.close().context("writing " + path_); }

 private:
  Fd file_;
  const std::string path_;
};

Result<void> download_to(taskcluster::Api& api, const taskcluster::ArtifactPlace& place, const std::string& path,
                         const std::stop_token& stop) {
  TRY_ASSIGN(Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  FileSink sink(std::move(file), path);
  TRY(taskcluster::download(api, place, sink, stop));
  return sink.close();
}

// Returns "" if the file is what the part should be.
Result<std::string> difference(const std::string& path, const TaskPart& part) {
  TRY_ASSIGN(disk::FileDigest digest, disk::digest_of_file(path));
  if (digest.bytes != part.bytes) return fmt::format("it has {} bytes and should have {}", digest.bytes, part.bytes);
  return std::string(digest.sha256 == part.sha256 ? "" : "its SHA-256 is another one than its task says");
}

}  // namespace

Result<TaskReport> read_report(taskcluster::Api& api, const Source& source, const std::stop_token& stop) {
  ReportSink sink;
  TRY(taskcluster::download(api, place_of(source, kReportName), sink, stop));
  return parse_task_report(sink.text).context(fmt::format("{} of task {}", kReportName, source.task_id));
}

Result<void> fetch_part(taskcluster::Api& api, const Source& source, const TaskPart& part, const std::string& path,
                        const std::stop_token& stop) {
  const taskcluster::ArtifactPlace place = place_of(source, part.name);
  TRY(download_to(api, place, path, stop));
  TRY_ASSIGN(std::string wrong, difference(path, part));
  if (wrong.empty()) return {};
  TRY(download_to(api, place, path, stop));
  TRY_ASSIGN(wrong, difference(path, part));
  if (wrong.empty()) return {};
  Error error = bad_input(
      fmt::format("artifact {} of task {} was fetched twice and is damaged: {}", place.name, source.task_id, wrong));
  // quern retry finds parts of the wrong size.
  std::error_code unknown;
  if (std::filesystem::file_size(path, unknown) == part.bytes) {
    error.details =
        "as its size is right, quern retry does not run its task again; quern submit makes a new task group";
  }
  return error;
}

Result<void> find_part(taskcluster::Api& api, const Source& source, const TaskPart& part, const std::stop_token& stop) {
  const taskcluster::ArtifactPlace place = place_of(source, part.name);
  TRY_ASSIGN(auto bytes, taskcluster::stored_bytes(api, place, stop));
  if (bytes.value_or(part.bytes) == part.bytes) return {};
  return bad_input(fmt::format("artifact {} of task {} has {} bytes and should have {}", place.name, source.task_id,
                               *bytes, part.bytes));
}

Result<void> fetch_file(taskcluster::Api& api, const Source& source, const std::string& name, disk::AtomicFile& file,
                        const std::stop_token& stop) {
  AtomicSink sink(file);
  return taskcluster::download(api, place_of(source, name), sink, stop);
}

}  // namespace quern::results
