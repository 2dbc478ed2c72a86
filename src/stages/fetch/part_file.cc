#include "stages/fetch/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <utility>

#include "model/limits.h"
#include "services/disk/full_disk.h"
#include "stages/fetch/names.h"

namespace quern::fetch {

PartFile::PartFile(std::string target, BufferPool& buffers)
    : buffers_(buffers), target_(std::move(target)), path_(part_path(target_)), state_path_(state_path(target_)) {}

Result<void> PartFile::open_new() {
  TRY_ASSIGN(fd_, open_file(path_, O_RDWR | O_CREAT | O_NOFOLLOW));
  // Another quern in the same folder would write into the same file.
  if (::flock(fd_.number(), LOCK_EX | LOCK_NB) != 0) {
    fd_.reset();
    return Error{.kind = ErrorKind::kDenied, .message = "another process is fetching into " + path_};
  }
  has_bytes_ = true;  // An earlier run may have left some.
  return truncate();
}

bool PartFile::open_old(const std::string& etag, std::uint64_t size_bytes, ResumeState& state) {
  auto text = read_file(state_path_, limits::kMaxResumeStateBytes);
  if (!text.ok()) return false;
  auto parsed = parse_resume_state(text.value());
  if (!parsed.has_value() || parsed->etag != etag || parsed->size_bytes != size_bytes) return false;
  if (parsed->boot.empty() || parsed->boot != boot_of_machine()) return false;
  Fd fd(::open(path_.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open() || ::flock(fd.number(), LOCK_EX | LOCK_NB) != 0) return false;
  struct stat status {};
  std::uint64_t end = parsed->taken.empty() ? 0 : parsed->taken.back().first + parsed->taken.back().count;
  if (::fstat(fd.number(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) < end) return false;
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
    // What was written before comes before it on disk, too, should the two overlap.
    TRY(settle_waiting());
    waiting_.push_back({.offset = offset, .bytes = buffers_.take(limits::kFetchWriteBytes)});
    found = std::prev(waiting_.end());
  }
  found->bytes.append(bytes);
  return found->bytes.size() < limits::kFetchWriteBytes ? Result<void>() : write_out(*found);
}

// Writes out what waits, and forgets the places at which nothing has come since the last time.
Result<void> PartFile::settle_waiting() {
  auto is_busy = [](const Waiting& waiting) { return !waiting.bytes.empty(); };
  auto idle = std::stable_partition(waiting_.begin(), waiting_.end(), is_busy);
  for (auto waiting = idle; waiting != waiting_.end(); ++waiting) buffers_.give(std::move(waiting->bytes));
  waiting_.erase(idle, waiting_.end());
  for (Waiting& waiting : waiting_) TRY(write_out(waiting));
  return {};
}

// Nothing waits there afterwards, but what comes behind it will.
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
  // What it says is no longer so.
  ::unlink(state_path_.c_str());
  has_state_ = false;
  return {};
}

Result<void> PartFile::check_nothing_lost() const {
  if (!has_lost_bytes_) return {};
  return Error{.kind = ErrorKind::kNoSpace, .message = "a part of " + path_ + " was not written"};
}

Result<void> PartFile::save(const ResumeState& state) {
  TRY(write_all_out());
  // The state would say that they are there.
  TRY(check_nothing_lost());
  has_state_ = true;
  TRY_ASSIGN(Fd fd, open_file(state_path_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW));
  return write_all(fd, to_text(state)).context("writing " + state_path_);
}

void PartFile::leave() {
  forget_waiting();
  fd_.reset();
}

Result<void> PartFile::commit() {
  TRY(write_all_out());
  TRY(check_nothing_lost());
  TRY(fd_.close().context("closing " + path_));
  if (std::rename(path_.c_str(), target_.c_str()) != 0) {
    int error = errno;
    ::unlink(path_.c_str());
    if (error == EISDIR) {
      return bad_input("a folder is where the file " + target_ + " should go");
    }
    return os_error("renaming " + path_ + " to " + target_, error);
  }
  if (has_state_) ::unlink(state_path_.c_str());
  return {};
}

void PartFile::discard() {
  forget_waiting();
  if (!fd_.is_open()) return;
  fd_.reset();
  ::unlink(path_.c_str());
  if (has_state_) ::unlink(state_path_.c_str());
}

}  // namespace quern::fetch
