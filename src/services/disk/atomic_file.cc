#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "services/disk/files.h"

namespace quern::disk {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
constexpr int kMostLinks = 40;            // the kernel's own limit
constexpr int kMostTemporaryNames = 100;  // if this many random names are taken, something else is wrong

Error write_error(const std::string& what, int number) {
  return advise_if_full(os_error(what, number), "name another place for it, as --output does for a result");
}

// Resolves a chain of symbolic links; the target need not exist.
Result<std::string> behind_links(const std::string& path) {
  std::string current = path;
  for (int links = 0; links < kMostLinks; ++links) {
    TRY(refuse_foreign_link(current).context("writing " + path));
    std::array<char, PATH_MAX> target{};
    ssize_t length = ::readlink(current.c_str(), target.data(), target.size());
    if (length < 0) return current;  // not a link, or missing: opening it reports the error
    std::string link(target.data(), static_cast<std::size_t>(length));
    current = link.starts_with('/') ? link : folder_of(current).append("/").append(link);
  }
  return os_error("writing " + path, ELOOP);
}

std::string random_suffix() {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device device;
  std::string suffix;
  for (int i = 0; i < 10; ++i) suffix += kDigits[device() % kDigits.size()];
  return suffix;
}

// remove_left_overs() recognises this name.
std::string temporary_name(const std::string& target) { return folder_of(target) + "/.quern-" + random_suffix(); }

std::string proc_name(const Fd& fd) { return "/proc/self/fd/" + std::to_string(fd.number()); }

Result<void> sync_folder(const std::string& folder) {
  TRY_ASSIGN(Fd fd, open_file(folder, O_RDONLY | O_DIRECTORY));
  // Some network and FUSE file systems cannot sync folders; there is no way to make the rename safer on them.
  if (::fsync(fd.number()) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EBADF) {
    return os_error("syncing the folder " + folder, errno);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<AtomicFile>> AtomicFile::create(const std::string& path, Temporary temporary) {
  std::unique_ptr<AtomicFile> file(new AtomicFile(path));
  TRY(file->look_at_target());
  if (!file->is_direct_) TRY(file->open_temporary(temporary));
  return file;
}

Result<std::unique_ptr<AtomicFile>> AtomicFile::create_in(const std::string& folder, const std::string& path) {
  std::unique_ptr<AtomicFile> file(new AtomicFile(path));
  TRY(file->look_at_target());
  // The target of a link may be on another file system, to which a file cannot be renamed.
  file->may_rest_ = !file->is_direct_ && folder_of(file->target_path_) == folder_of(path);
  if (file->may_rest_) {
    file->temporary_path_ = folder + "/" + random_suffix();
  } else if (!file->is_direct_) {
    TRY(file->open_temporary(Temporary::kUnnamed));
  }
  return file;
}

Result<void> AtomicFile::look_at_target() {
  if (path_.empty()) return bad_config("the name of a file to write is empty");
  struct stat status {};
  bool is_there = ::stat(path_.c_str(), &status) == 0;
  if (own_descriptor(path_).has_value() || (is_there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))) {
    return open_direct(path_);
  }
  if ((is_there && S_ISDIR(status.st_mode)) || path_.ends_with('/')) return os_error("writing " + path_, EISDIR);
  TRY_ASSIGN(target_path_, behind_links(path_));
  // A rename would replace it anyway, but a read-only file is meant to stay.
  if (is_there && ::access(path_.c_str(), W_OK) != 0) return os_error("writing " + path_, errno);
  return {};
}

AtomicFile::~AtomicFile() {
  if (!committed_ && !temporary_path_.empty()) ::unlink(temporary_path_.c_str());
}

Result<void> AtomicFile::open_direct(const std::string& target) {
  is_direct_ = true;
  if (auto number = own_descriptor(target)) {
    fd_ = Fd(::fcntl(*number, F_DUPFD_CLOEXEC, 0));
  } else {
    TRY_ASSIGN(fd_, open_file(target, O_WRONLY));
  }
  if (!fd_.is_open()) return os_error("writing " + path_, errno);
  return {};
}

Result<void> AtomicFile::open_temporary(Temporary temporary) {
  std::string folder = folder_of(target_path_);
  if (temporary == Temporary::kUnnamed) {
    fd_ = Fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
    // The file is named through /proc later; in a chroot without /proc it needs a name from the start.
    if (fd_.is_open() && ::access(proc_name(fd_).c_str(), F_OK) == 0) return {};
    fd_.reset();
  }
  return open_hidden();
}

Result<void> AtomicFile::open_hidden() {
  for (int tries = 0; tries < kMostTemporaryNames; ++tries) {
    temporary_path_ = temporary_name(target_path_);
    fd_ = Fd(::open(temporary_path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd_.is_open() && own_temporary(fd_, temporary_path_)) return {};
    if (!fd_.is_open() && errno != EEXIST) break;
  }
  int error = errno;
  temporary_path_.clear();
  return write_error("making a file in " + folder_of(target_path_), error).with_context("writing " + path_);
}

Result<void> AtomicFile::wake_up() {
  if (fd_.is_open()) return {};
  fd_ = Fd(::open(temporary_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd_.is_open() || ::lseek(fd_.number(), 0, SEEK_END) < 0) return write_error("writing " + path_, errno);
  return {};
}

Result<void> AtomicFile::rest() {
  TRY(flush());
  buffer_.shrink_to_fit();
  if (!may_rest_ || !fd_.is_open()) return {};
  if (::fsync(fd_.number()) != 0) return write_error("syncing " + path_, errno);
  return fd_.close().context("writing " + path_);
}

Result<void> AtomicFile::write(std::string_view bytes) {
  size_bytes_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBufferBytes) TRY(flush());
  if (bytes.size() >= kBufferBytes) return write_through(bytes);
  buffer_.append(bytes);
  return {};
}

Result<void> AtomicFile::flush() {
  if (buffer_.empty()) return {};
  TRY(write_through(buffer_));
  buffer_.clear();
  return {};
}

Result<void> AtomicFile::write_through(std::string_view bytes) {
  TRY(wake_up());
  auto written = write_all(fd_, bytes);
  if (written.ok()) return {};
  if (written.error().code != EPIPE) return write_error("writing " + path_, written.error().code);
  return Error{
      .kind = ErrorKind::kStopped, .message = "writing " + path_ + ": its reader has closed it", .code = EPIPE};
}

Result<void> AtomicFile::truncate(std::uint64_t size_bytes) {
  CHECK(size_bytes <= size_bytes_ && !is_direct_);
  std::uint64_t flushed_bytes = size_bytes_ - buffer_.size();
  size_bytes_ = size_bytes;
  if (size_bytes >= flushed_bytes) {
    buffer_.resize(size_bytes - flushed_bytes);
    return {};
  }
  buffer_.clear();
  TRY(wake_up());
  auto offset = static_cast<off_t>(size_bytes);
  if (::ftruncate(fd_.number(), offset) != 0 || ::lseek(fd_.number(), offset, SEEK_SET) != offset) {
    return os_error("taking back a part of " + path_, errno);
  }
  return {};
}

// linkat(2) cannot replace an existing file, so the file gets a temporary name first and is then renamed to the target.
Result<void> AtomicFile::link_temporary() {
  ::flock(fd_.number(), LOCK_EX | LOCK_NB);  // as in own_temporary()
  for (int tries = 0; tries < kMostTemporaryNames; ++tries) {
    std::string name = temporary_name(target_path_);
    if (::linkat(AT_FDCWD, proc_name(fd_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_path_ = std::move(name);
      return {};
    }
    if (errno != EEXIST) break;
  }
  return write_error("writing " + path_, errno);
}

Result<void> AtomicFile::commit() {
  CHECK(!committed_);
  TRY(flush());
  if (!is_direct_) {
    TRY(wake_up());
    if (::fsync(fd_.number()) != 0) return write_error("syncing " + path_, errno);
    if (temporary_path_.empty()) TRY(link_temporary());
  }
  const Fd lock(::fcntl(fd_.number(), F_DUPFD_CLOEXEC, 0));  // held until the temporary name is gone
  TRY(fd_.close().context("writing " + path_));
  if (!is_direct_) {
    if (::rename(temporary_path_.c_str(), target_path_.c_str()) != 0) return write_error("writing " + path_, errno);
    committed_ = true;
    TRY(sync_folder(folder_of(target_path_)).context("writing " + path_));
  }
  committed_ = true;
  return {};
}

}  // namespace quern::disk
