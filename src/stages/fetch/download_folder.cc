#include "stages/fetch/download_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "services/disk/files.h"
#include "stages/fetch/kept_files.h"
#include "stages/fetch/local_names.h"

namespace quern::fetch {
namespace {

constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// A run that ends at the same time removes the lock file or the folder, so locking is tried again. If this happens many
// times in a row, something else is wrong.
constexpr int kMostTries = 10;

Error in_place(const std::string& path) {
  return bad_input("making the folder " + path + ": a file or a link is in its place; " +
                   std::string(kAdviceToMakeRoom));
}

}  // namespace

Result<std::unique_ptr<DownloadFolder>> DownloadFolder::open(const std::string& directory, bool keeps,
                                                             EventSink& events) {
  TRY(disk::refuse_foreign_link(directory));
  std::unique_ptr<DownloadFolder> folder(new DownloadFolder(directory));
  TRY_ASSIGN(const std::string obstacle, folder->lock());
  if (obstacle.empty()) {
    folder->remove_what_was_left();
    return folder;
  }
  if (keeps) return bad_config(obstacle + "; wait for its end, or set downloads.directory to another folder");
  TRY(folder->use_own_folder());
  events.emit(event::Note{event::Level::kInfo, obstacle + ", so the files of this run go into " + folder->path()});
  return folder;
}

DownloadFolder::~DownloadFolder() {
  if (lock_.is_open()) ::unlinkat(root_.number(), kLockName, 0);
  scratch_.reset();
  // Folders that are not empty remain.
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) ::rmdir(folder->c_str());
}

// Ignores errors: opening the folder reports them.
void DownloadFolder::make(const std::string& folder) {
  int error = ::mkdir(folder.c_str(), 0777) == 0 ? 0 : errno;
  if (error == ENOENT && folder.rfind('/') > 0) {
    make(folder_of(folder));
    error = ::mkdir(folder.c_str(), 0777) == 0 ? 0 : errno;
  }
  if (error == 0) made_.push_back(folder);
}

// Returns why the folder cannot be locked, or "" if it is locked.
Result<std::string> DownloadFolder::lock() {
  for (int tries = 0; tries < kMostTries; ++tries) {
    make(path_);
    root_ = Fd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root_.is_open()) return os_error("opening the folder " + path_, errno);
    Fd file(::openat(root_.number(), kLockName, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    const int error = errno;
    struct stat named {};
    const bool is_there = ::fstatat(root_.number(), kLockName, &named, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there && (file.is_open() || error == ENOENT)) continue;
    if (!is_there) return os_error("making a file in " + path_, error);
    struct stat own {};
    if (!file.is_open() || ::fstat(file.number(), &own) != 0 || !is_own(own)) {
      return path_of(kLockName) + " belongs to another user";
    }
    if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
      return errno == EWOULDBLOCK ? "another run is fetching into " + path_
                                  : os_error(path_ + " cannot be locked", errno).message;
    }
    // The run that held the lock may have removed the file in the meantime.
    if (::fstatat(root_.number(), kLockName, &named, AT_SYMLINK_NOFOLLOW) != 0 || named.st_ino != own.st_ino) continue;
    lock_ = std::move(file);
    return std::string();
  }
  return path_ + " is made and removed by others again and again";
}

Result<void> DownloadFolder::use_own_folder() {
  make(path_);  // The other run may have ended in the meantime and removed it.
  auto made = disk::ScratchFolder::make_hidden(path_);
  if (!made.ok()) return std::move(made).error();
  scratch_ = std::move(made).value();
  path_ = scratch_->path();
  root_ = Fd(::open(path_.c_str(), kFolderFlags));
  return root_.is_open() ? Result<void>() : os_error("opening " + path_, errno);
}

// Removes the files that a killed run would have removed.
void DownloadFolder::remove_what_was_left() {
  disk::remove_left_overs(path_);
  for (const KeptFile& file : parse_kept_files(read(kLockName, limits::kMaxKeptFilesBytes).value_or(""))) {
    if (is_plain_name(file.name)) remove(file.name, file.mark);
  }
  static_cast<void>(::ftruncate(lock_.number(), 0) + 0);
}

Result<Fd> DownloadFolder::walk(const std::string& folder, std::vector<std::string>* made) const {
  Fd at(::fcntl(root_.number(), F_DUPFD_CLOEXEC, 0));
  if (!at.is_open()) return os_error("opening " + path_, errno);
  for (std::size_t begin = 0; begin < folder.size();) {
    const std::size_t end = std::min(folder.find('/', begin), folder.size());
    const std::string part = folder.substr(begin, end - begin);
    const std::string path = path_of(folder.substr(0, end));
    Fd next(::openat(at.number(), part.c_str(), kFolderFlags));
    if (!next.is_open() && errno == ENOENT && made != nullptr) {
      if (::mkdirat(at.number(), part.c_str(), 0777) != 0) return os_error("making the folder " + path, errno);
      made->push_back(path);
      next = Fd(::openat(at.number(), part.c_str(), kFolderFlags));
    }
    if (!next.is_open()) return errno == ENOTDIR ? in_place(path) : os_error("opening the folder " + path, errno);
    at = std::move(next);
    begin = end + 1;
  }
  return at;
}

Result<int> DownloadFolder::enter(const std::string& folder, Missing missing) {
  if (folder.empty()) return root_.number();
  if (!entered_.is_open() || entered_name_ != folder) {
    TRY_ASSIGN(entered_, walk(folder, missing == Missing::kIsMade ? &made_ : nullptr));
    entered_name_ = folder;
  }
  return entered_.number();
}

std::optional<std::string> DownloadFolder::read(const std::string& name, std::size_t most_bytes) {
  auto folder = enter(folder_of(name), Missing::kFails);
  if (!folder.ok()) return std::nullopt;
  const Fd file(::openat(folder.value(), name_of(name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.number(), &status) != 0 || !is_own(status)) return std::nullopt;
  if (static_cast<std::uint64_t>(status.st_size) > most_bytes) return std::nullopt;
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t used = 0; used < text.size();) {
    auto count = read_some(file, std::span(text).subspan(used));
    if (!count.ok() || count.value() == 0) return std::nullopt;
    used += count.value();
  }
  return text;
}

Result<void> DownloadFolder::will_remove(const std::string& name, const FileMark& mark) {
  if (!lock_.is_open()) return {};  // A folder of this run's own is removed as a whole.
  return write_all(lock_, to_line({.name = name, .mark = mark})).context("writing " + path_of(kLockName));
}

void DownloadFolder::remove(const std::string& name, const FileMark& mark) const {
  auto folder = walk(folder_of(name), nullptr);
  if (!folder.ok()) return;
  const std::string last = name_of(name);
  struct stat status {};
  if (::fstatat(folder.value().number(), last.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (mark.fits(status)) ::unlinkat(folder.value().number(), last.c_str(), 0);
}

}  // namespace quern::fetch
