#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "services/disk/files.h"
#include "services/disk/full_disk.h"

namespace quern::disk {
namespace {

constexpr const char* kPrefix = "quern-";
constexpr const char* kHiddenPrefix = ".quern-";
constexpr std::size_t kFolderCharacters = 6;
constexpr std::size_t kFileCharacters = 10;
constexpr const char* kLockName = "quern.lock";
constexpr const char* kNewLockName = "quern.lock.new";
// A folder is locked at once after it is made. One that is not after this long was left by a quern that died meanwhile.
constexpr std::chrono::hours kLockedWithin{1};

// What follows the prefix in one of our names; none: it is not one.
std::optional<std::string_view> random_part(std::string_view name) {
  for (std::string_view prefix : {kPrefix, kHiddenPrefix}) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    auto is_ours = [](unsigned char byte) { return std::isalnum(byte) != 0; };
    return std::all_of(name.begin(), name.end(), is_ours) ? std::optional(name) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<struct stat> own_entry(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || status.st_uid != ::geteuid()) return std::nullopt;
  return status;
}

Fd open_lock(const std::string& path) { return Fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)); }

bool can_lock(const Fd& fd) { return fd.is_open() && ::flock(fd.number(), LOCK_EX | LOCK_NB) == 0; }

bool is_old(const struct stat& status) {
  const auto changed = std::chrono::system_clock::from_time_t(status.st_mtime);
  return std::chrono::system_clock::now() - changed > kLockedWithin;
}

// Without a descriptor, as there may be none.
void remove_empty(const std::string& path) {
  ::unlink((path + "/" + kNewLockName).c_str());
  ::unlink((path + "/" + kLockName).c_str());
  ::rmdir(path.c_str());
}

// The lock goes last, so that what cannot be removed now is found by a later run.
void remove_scratch(const std::string& path) {
  if (remove_all_but(path, kLockName)) remove_empty(path);
}

void remove_if_left_over(const std::string& path, const struct stat& status) {
  const Fd lock = open_lock(path + "/" + kLockName);
  if (lock.is_open() || errno != ENOENT) {
    if (can_lock(lock)) remove_scratch(path);
    return;
  }
  const Fd new_lock = open_lock(path + "/" + kNewLockName);
  const bool is_free = new_lock.is_open() ? can_lock(new_lock) : errno == ENOENT;
  if (is_free && is_old(status)) remove_empty(path);
}

// The lock file gets its name when it is locked already: whoever finds it unlocked knows that its owner is gone.
Result<Fd> make_lock(const std::string& folder) {
  std::string new_path = folder + "/" + kNewLockName;
  TRY_ASSIGN(Fd lock, open_file(new_path, O_RDWR | O_CREAT | O_EXCL, 0600));
  // A full disk lets a folder be made but nothing be written: find that out now. Some network file systems have no
  // locks; there the folder is only not cleaned up after a kill.
  TRY(write_all(lock, std::to_string(::getpid()) + "\n"));
  if (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) return lock;
  if (::rename(new_path.c_str(), (folder + "/" + kLockName).c_str()) != 0) return os_error("renaming", errno);
  return lock;
}

std::string default_parent() {
  const char* folder = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing here ever calls setenv
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

}  // namespace

bool own_temporary(const Fd& fd, const std::string& path) {
  // Where the file system has no locks, nobody removes it.
  if (::flock(fd.number(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  struct stat own {};
  struct stat named {};
  return ::fstat(fd.number(), &own) == 0 && ::lstat(path.c_str(), &named) == 0 && own.st_ino == named.st_ino;
}

void remove_left_overs(const std::string& folder) {
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return;
  while (const dirent* entry = ::readdir(stream)) {
    const auto random = random_part(entry->d_name);
    if (!random.has_value()) continue;
    const std::string path = folder + "/" + entry->d_name;
    const auto status = own_entry(path);
    if (!status.has_value()) continue;
    if (S_ISDIR(status->st_mode) && random->size() == kFolderCharacters) remove_if_left_over(path, *status);
    if (!S_ISREG(status->st_mode) || random->size() != kFileCharacters || entry->d_name[0] != '.') continue;
    const Fd file = open_lock(path);
    if (can_lock(file) && own_temporary(file, path)) ::unlink(path.c_str());
  }
  ::closedir(stream);
}

Result<ScratchFolder> ScratchFolder::make(const std::string& parent) {
  TRY_ASSIGN(std::string working, working_folder());
  auto made = make_in(absolute_path(parent.empty() ? default_parent() : parent, working), kPrefix);
  if (!made.ok()) return advise_other_scratch(std::move(made).error());
  return made;
}

Result<ScratchFolder> ScratchFolder::make_hidden(const std::string& parent) { return make_in(parent, kHiddenPrefix); }

Result<ScratchFolder> ScratchFolder::make_in(const std::string& parent, const std::string& prefix) {
  remove_left_overs(parent);
  std::string path = parent + "/" + prefix + std::string(kFolderCharacters, 'X');
  std::string what = "making a folder for temporary files in " + parent;
  if (::mkdtemp(path.data()) == nullptr) return os_error(what, errno);
  auto lock = make_lock(path).context(what);
  if (lock.ok()) return ScratchFolder(std::move(path), std::move(lock).value());
  remove_empty(path);
  return std::move(lock).error();
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

ScratchFolder& ScratchFolder::operator=(ScratchFolder&& other) noexcept {
  if (this != &other) {
    if (!path_.empty()) remove_scratch(path_);
    path_ = std::exchange(other.path_, {});
    lock_ = std::move(other.lock_);
  }
  return *this;
}

ScratchFolder::~ScratchFolder() {
  if (!path_.empty()) remove_scratch(path_);
}

}  // namespace quern::disk
