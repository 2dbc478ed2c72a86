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

namespace quern::disk {
namespace {

constexpr const char* kPrefix = "quern-";
constexpr const char* kHiddenPrefix = ".quern-";
// Follows the prefix until the folder is locked. A folder with this mark may be removed at any time.
constexpr std::string_view kNewMark = "new-";
constexpr std::size_t kFolderCharacters = 6;
constexpr std::size_t kFileCharacters = 10;
constexpr const char* kLockName = "quern.lock";
// Used by versions that locked the folder after naming it.
constexpr const char* kOldLockName = "quern.lock.new";
constexpr std::chrono::hours kLockedWithin{1};
// Another quern may remove a new folder; then another one is created.
constexpr int kMostTries = 100;

struct OwnName {
  bool is_new;
  std::string_view random;
};

std::optional<OwnName> own_name(std::string_view name) {
  for (std::string_view prefix : {kPrefix, kHiddenPrefix}) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    const bool is_new = name.starts_with(kNewMark);
    if (is_new) name.remove_prefix(kNewMark.size());
    auto is_ours = [](unsigned char byte) { return std::isalnum(byte) != 0; };
    if (std::all_of(name.begin(), name.end(), is_ours)) return OwnName{.is_new = is_new, .random = name};
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

// Works without a descriptor, because none may be available.
void remove_empty(const std::string& path) {
  ::unlink((path + "/" + kLockName).c_str());
  ::rmdir(path.c_str());
}

// Removes the lock last, so that a later run finds what cannot be removed now.
void remove_scratch(const std::string& path) {
  if (remove_all_but(path, kLockName)) remove_empty(path);
}

void remove_if_left_over(const std::string& path, bool has_no_owner_yet) {
  const Fd lock = open_lock(path + "/" + kLockName);
  if (lock.is_open() || errno != ENOENT) {
    if (can_lock(lock)) remove_scratch(path);
  } else if (has_no_owner_yet) {
    // Keeps the lock: if its owner has created one in the meantime, the folder stays.
    ::unlink((path + "/" + kOldLockName).c_str());
    ::rmdir(path.c_str());
  }
}

// Returns the lock file, open and locked. If the file system does not support locks, as some network file systems, it
// is not locked, and the folder is not removed after a kill. kNotFound if another quern is removing the folder.
Result<Fd> make_lock(const std::string& folder) {
  TRY_ASSIGN(Fd lock, open_file(folder + "/" + kLockName, O_RDWR | O_CREAT | O_EXCL, 0600));
  // On a full disk a folder can be created but nothing can be written; detect that now.
  TRY(write_all(lock, std::to_string(::getpid()) + "\n"));
  if (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return not_found("another quern clears it up");
  return lock;
}

std::string default_parent() {
  const char* folder = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing here ever calls setenv
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

}  // namespace

bool own_temporary(const Fd& fd, const std::string& path) {
  // If the file system does not support locks, nobody removes the file.
  if (::flock(fd.number(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  struct stat own {};
  struct stat named {};
  return ::fstat(fd.number(), &own) == 0 && ::lstat(path.c_str(), &named) == 0 && own.st_ino == named.st_ino;
}

void remove_left_overs(const std::string& folder) {
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return;
  while (const dirent* entry = ::readdir(stream)) {
    const auto name = own_name(entry->d_name);
    if (!name.has_value()) continue;
    const std::string path = folder + "/" + entry->d_name;
    const auto status = own_entry(path);
    if (!status.has_value()) continue;
    if (S_ISDIR(status->st_mode) && name->random.size() == kFolderCharacters)
      remove_if_left_over(path, name->is_new || is_old(*status));
    if (!S_ISREG(status->st_mode) || name->random.size() != kFileCharacters || entry->d_name[0] != '.') continue;
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

// The folder gets its final name once it is locked. So a quern that is killed before that leaves a folder that the next
// one recognises, and an unlocked folder with a final name has lost its owner.
Result<ScratchFolder> ScratchFolder::make_in(const std::string& parent, const std::string& prefix) {
  remove_left_overs(parent);
  const std::string what = "making a folder for temporary files in " + parent;
  const std::string start = parent + "/" + prefix;
  for (int tries = 1;; ++tries) {
    std::string made = start + std::string(kNewMark) + std::string(kFolderCharacters, 'X');
    if (::mkdtemp(made.data()) == nullptr) return os_error(what, errno);
    std::string path = start + made.substr(made.size() - kFolderCharacters);
    auto lock = make_lock(made).context(what);
    if (lock.ok()) {
      if (::rename(made.c_str(), path.c_str()) == 0) return ScratchFolder(std::move(path), std::move(lock).value());
      lock = os_error(what, errno);
    }
    remove_empty(made);
    if (tries == kMostTries || lock.error().kind != ErrorKind::kNotFound) return std::move(lock).error();
  }
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
