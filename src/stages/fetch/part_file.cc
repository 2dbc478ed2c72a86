#include "stages/fetch/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <utility>

#include "model/limits.h"
#include "services/disk/files.h"
#include "stages/fetch/local_names.h"

namespace quern::fetch {
namespace {

// The largest record of progress that is read.
constexpr std::size_t kMaxResumeStateBytes = 16 * limits::kMiB;

}  // namespace

PartFile::PartFile(std::string target, DownloadFolder& folder, BufferPool& buffers)
    : folder_(folder),
      buffers_(buffers),
      target_(std::move(target)),
      part_name_(part_name(target_)),
      state_name_(state_name(target_)),
      path_(folder.path_of(in_folder_of(target_, part_name_))) {}

// Refuses what is known to be in the way before anything is fetched.
Result<void> PartFile::check_target(int folder) const {
  struct stat status {};
  if (::fstatat(folder, name_of(target_).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (replaced_.has_value() && replaced_->fits(status)) return {};
  const std::string what = S_ISDIR(status.st_mode) ? " is a folder, where the file of an input should go; "
                                                   : " is there already and was not fetched by quern; ";
  return bad_input(folder_.path_of(target_) + what + std::string(kAdviceToMakeRoom));
}

Result<void> PartFile::open_new() {
  TRY_ASSIGN(int folder, enter());
  TRY(check_target(folder));
  has_bytes_ = false;
  fd_ = Fd(::openat(folder, part_name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd_.is_open()) return {};
  if (errno != EEXIST) return os_error("opening " + path_, errno);
  fd_ = Fd(::openat(folder, part_name_.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!fd_.is_open() || ::fstat(fd_.number(), &status) != 0 || !is_own(status)) {
    fd_.reset();
    return bad_input(path_ + " is there already and was not fetched by quern; " + std::string(kAdviceToMakeRoom));
  }
  has_bytes_ = true;  // left by an earlier run
  return truncate();
}

bool PartFile::open_old(const std::string& etag, std::uint64_t size_bytes, ResumeState& state) {
  auto text = folder_.read(in_folder_of(target_, state_name_), kMaxResumeStateBytes);
  if (!text.has_value()) return false;
  auto parsed = parse_resume_state(*text);
  if (!parsed.has_value() || parsed->etag != etag || parsed->size_bytes != size_bytes) return false;
  if (parsed->boot.empty() || parsed->boot != boot_of_machine()) return false;
  auto folder = enter();
  if (!folder.ok() || !check_target(folder.value()).ok()) return false;
  Fd fd(::openat(folder.value(), part_name_.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!fd.is_open() || ::fstat(fd.number(), &status) != 0 || !is_own(status)) return false;
  std::uint64_t end = parsed->taken.empty() ? 0 : parsed->taken.back().first + parsed->taken.back().count;
  if (static_cast<std::uint64_t>(status.st_size) < end) return false;
  fd_ = std::move(fd);
  has_bytes_ = true;
  has_state_ = true;
  state = std::move(*parsed);
  return true;
}

Result<void> PartFile::write_at(std::uint64_t offset, std::string_view bytes) {
  has_bytes_ = true;
  auto goes_on = [&](const Waiting& waiting) { return waiting.offset + waiting.bytes.size() == offset; };
  auto found = std::find_if(waiting_.begin(), waiting_.end(), goes_on);
  if (found == waiting_.end()) {
    // If the two overlap, earlier bytes must be written first.
    TRY(settle_waiting());
    waiting_.push_back({.offset = offset, .bytes = buffers_.take(limits::kFetchWriteBytes)});
    found = std::prev(waiting_.end());
  }
  found->bytes.append(bytes);
  return found->bytes.size() < limits::kFetchWriteBytes ? Result<void>() : write_out(*found);
}

// Writes everything that waits, and forgets the places where nothing has arrived since the last time.
Result<void> PartFile::settle_waiting() {
  auto is_busy = [](const Waiting& waiting) { return !waiting.bytes.empty(); };
  auto idle = std::stable_partition(waiting_.begin(), waiting_.end(), is_busy);
  for (auto waiting = idle; waiting != waiting_.end(); ++waiting) buffers_.give(std::move(waiting->bytes));
  waiting_.erase(idle, waiting_.end());
  for (Waiting& waiting : waiting_) TRY(write_out(waiting));
  return {};
}

// Writes the bytes; afterwards this place waits for those that follow them.
Result<void> PartFile::write_out(Waiting& waiting) {
  std::string_view bytes = waiting.bytes.view();
  std::uint64_t offset = waiting.offset;
  waiting.offset += bytes.size();
  waiting.bytes.clear();
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(fd_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      has_lost_bytes_ = true;
      return disk::advise_if_full(os_error("writing " + path_, errno),
                                  "set downloads.directory to a folder on another disk");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> PartFile::write_all_out() {
  for (Waiting& waiting : waiting_) TRY(write_out(waiting));
  forget_waiting();
  return {};
}

void PartFile::forget_waiting() {
  for (Waiting& waiting : waiting_) buffers_.give(std::move(waiting.bytes));
  waiting_.clear();
}

Result<std::size_t> PartFile::read_at(std::uint64_t offset, char* target, std::size_t count) {
  TRY(write_all_out());
  std::size_t taken = 0;
  while (taken < count) {
    ssize_t some = ::pread(fd_.number(), target + taken, count - taken, static_cast<off_t>(offset + taken));
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) return os_error("reading " + path_, errno);
    if (some == 0) break;
    taken += static_cast<std::size_t>(some);
  }
  return taken;
}

Result<void> PartFile::truncate() {
  forget_waiting();
  has_lost_bytes_ = false;
  if (!std::exchange(has_bytes_, false)) return {};
  struct stat status {};
  if (::fstat(fd_.number(), &status) != 0) return os_error("looking at " + path_, errno);
  if (status.st_size == 0) return {};
  if (::ftruncate(fd_.number(), 0) != 0) return os_error("emptying " + path_, errno);
  // The state no longer describes the file.
  remove(state_name_);
  has_state_ = false;
  return {};
}

Result<void> PartFile::check_nothing_lost() const {
  if (!has_lost_bytes_) return {};
  return Error{.kind = ErrorKind::kNoSpace, .message = "a part of " + path_ + " was not written"};
}

Result<void> PartFile::save(const ResumeState& state) {
  TRY(write_all_out());
  // The state must not list bytes that are lost.
  TRY(check_nothing_lost());
  has_state_ = true;
  TRY_ASSIGN(int folder, enter());
  const std::string path = folder_.path_of(in_folder_of(target_, state_name_));
  Fd fd(::openat(folder, state_name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd.is_open()) return os_error("opening " + path, errno);
  return write_all(fd, to_text(state)).context("writing " + path);
}

void PartFile::leave() {
  forget_waiting();
  fd_.reset();
}

Result<FileMark> PartFile::complete() {
  TRY(write_all_out());
  TRY(check_nothing_lost());
  struct stat status {};
  if (::fstat(fd_.number(), &status) != 0) return os_error("looking at " + path_, errno);
  return FileMark::of(status);
}

Result<void> PartFile::commit() {
  TRY(fd_.close().context("closing " + path_));
  TRY_ASSIGN(int folder, enter());
  if (auto renamed = rename_to_target(folder); !renamed.ok()) {
    remove(part_name_);
    return renamed;
  }
  if (has_state_) remove(state_name_);
  return {};
}

// Replaces nothing that is not quern's own.
Result<void> PartFile::rename_to_target(int folder) {
  const std::string name = name_of(target_);
  unsigned flags = RENAME_NOREPLACE;
  if (replaced_.has_value()) {
    TRY(check_target(folder));
    flags = 0;
  }
  int error = ::renameat2(folder, part_name_.c_str(), folder, name.c_str(), flags) == 0 ? 0 : errno;
  if (error == EINVAL && flags != 0) {
    // This file system cannot rename without replacing. A hard link can be made only if the name is free.
    error = ::linkat(folder, part_name_.c_str(), folder, name.c_str(), 0) == 0 ? 0 : errno;
    if (error == 0) remove(part_name_);
  }
  if (error == EEXIST) TRY(check_target(folder));
  if (error != 0) return os_error("renaming " + path_ + " to " + folder_.path_of(target_), error);
  return {};
}

void PartFile::discard() {
  forget_waiting();
  if (!fd_.is_open()) return;
  fd_.reset();
  remove(part_name_);
  if (has_state_) remove(state_name_);
}

void PartFile::remove(const std::string& name) {
  auto folder = enter();
  if (folder.ok()) ::unlinkat(folder.value(), name.c_str(), 0);
}

}  // namespace quern::fetch
