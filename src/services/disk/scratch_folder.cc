#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "services/disk/files.h"
#include "services/disk/full_disk.h"

namespace quern::disk {
namespace {

constexpr std::string_view kPrefix = "quern-";
constexpr std::size_t kRandomCharacters = 6;
constexpr const char* kLockName = "quern.lock";
constexpr const char* kNewLockName = "quern.lock.new";

bool is_scratch_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  return name.size() == kRandomCharacters &&
         std::all_of(name.begin(), name.end(), [](unsigned char byte) { return std::isalnum(byte) != 0; });
}

// Locked by nobody, so its quern is gone. Folders without our lock file are somebody else's, or so new that their quern
// has not locked them yet.
bool is_left_over(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) return false;
  Fd lock(::open((path + "/" + kLockName).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  return lock.is_open() && ::flock(lock.number(), LOCK_EX | LOCK_NB) == 0;
}

void remove_left_overs(const std::string& parent) {
  DIR* stream = ::opendir(parent.c_str());
  if (stream == nullptr) return;
  while (const dirent* entry = ::readdir(stream)) {
    if (!is_scratch_name(entry->d_name)) continue;
    std::string path = parent + "/" + entry->d_name;
    if (is_left_over(path)) remove_folder(path);
  }
  ::closedir(stream);
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

Result<ScratchFolder> ScratchFolder::make(const std::string& parent) {
  TRY_ASSIGN(std::string working, working_folder());
  std::string folder = absolute_path(parent.empty() ? default_parent() : parent, working);
  remove_left_overs(folder);
  std::string path = folder + "/" + std::string(kPrefix) + std::string(kRandomCharacters, 'X');
  std::string what = "making a folder for temporary files in " + folder;
  if (::mkdtemp(path.data()) == nullptr) return advise_other_scratch(os_error(what, errno));
  auto lock = make_lock(path).context(what);
  if (!lock.ok()) {
    remove_folder(path);
    return advise_other_scratch(std::move(lock).error());
  }
  return ScratchFolder(std::move(path), std::move(lock).value());
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

ScratchFolder& ScratchFolder::operator=(ScratchFolder&& other) noexcept {
  if (this != &other) {
    if (!path_.empty()) remove_folder(path_);
    path_ = std::exchange(other.path_, {});
    lock_ = std::move(other.lock_);
  }
  return *this;
}

ScratchFolder::~ScratchFolder() {
  if (!path_.empty()) remove_folder(path_);
}

}  // namespace quern::disk
