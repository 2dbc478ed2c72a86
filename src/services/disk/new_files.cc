#include "services/disk/new_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "services/disk/files.h"

namespace quern::disk {
namespace {

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Error already_there(const std::string& path) {
  return Error{.kind = ErrorKind::kDenied,
               .message = path + " is there already; nothing is overwritten, and nothing was written",
               .code = EEXIST};
}

// What has been created so far. The destructor removes it, in reverse order, unless keep() was called.
class Made {
 public:
  Made() = default;
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() {
    for (const std::string& path : temporaries_) ::unlink(path.c_str());
    if (is_kept_) return;
    for (const std::string& path : files_) ::unlink(path.c_str());
    // A folder in which another process has created something in the meantime stays.
    for (auto path = folders_.rbegin(); path != folders_.rend(); ++path) ::rmdir(path->c_str());
  }

  Result<void> add_folder(const std::string& path);
  Result<void> add_temporary(const std::string& path, const NewFile& file);
  Result<void> place(const std::string& temporary, const std::string& path, Placing placing);
  const std::vector<std::string>& temporaries() const { return temporaries_; }
  void keep() { is_kept_ = true; }

 private:
  Result<void> place_by_rename(const std::string& temporary, const std::string& path);

  std::vector<std::string> folders_;
  std::vector<std::string> temporaries_;
  std::vector<std::string> files_;
  bool is_kept_ = false;
};

Result<void> Made::add_folder(const std::string& path) {
  for (std::size_t end = path.find('/', 1); true; end = path.find('/', end + 1)) {
    std::string part = path.substr(0, end);
    if (!is_there(part)) folders_.push_back(std::move(part));
    if (end == std::string::npos) break;
  }
  return make_folders(path);
}

Result<void> Made::add_temporary(const std::string& path, const NewFile& file) {
  // In the same folder, because another folder may be on another file system.
  std::string temporary = fmt::format("{}/.quern-{:08x}", folder_of(path), std::random_device()());
  auto opened = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, file.is_executable ? 0777 : 0666);
  TRY_ASSIGN(Fd fd, std::move(opened).context("making " + path));
  temporaries_.push_back(temporary);
  TRY(write_all(fd, file.text).context("writing " + path));
  if (::fsync(fd.number()) != 0) return os_error("syncing " + path, errno);
  return fd.close().context("writing " + path);
}

Result<void> Made::place(const std::string& temporary, const std::string& path, Placing placing) {
  if (placing == Placing::kRename) return place_by_rename(temporary, path);
  if (::link(temporary.c_str(), path.c_str()) == 0) {
    files_.push_back(path);
    return {};
  }
  if (errno == EEXIST) return already_there(path);
  if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) return place_by_rename(temporary, path);
  return os_error("making " + path, errno);
}

// A rename would replace an existing file, so this first creates an empty file of its own to replace.
Result<void> Made::place_by_rename(const std::string& temporary, const std::string& path) {
  Fd claim(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!claim.is_open() && errno == EEXIST) return already_there(path);
  if (!claim.is_open()) return os_error("making " + path, errno);
  files_.push_back(path);
  claim.reset();
  if (::rename(temporary.c_str(), path.c_str()) != 0) return os_error("making " + path, errno);
  return {};
}

Result<void> check_places(const std::string& folder, const std::vector<std::string>& paths) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    return Error{.kind = ErrorKind::kDenied,
                 .message = folder + " exists already, and is not a folder; nothing was written",
                 .code = ENOTDIR};
  }
  for (const std::string& path : paths) {
    if (is_there(path)) return already_there(path);
  }
  return {};
}

}  // namespace

Result<void> create_files(const std::string& folder, std::span<const NewFile> files, Placing placing) {
  std::vector<std::string> paths;
  for (const NewFile& file : files) paths.push_back((folder == "/" ? "" : folder) + "/" + file.name);
  TRY(check_places(folder, paths));
  Made made;
  for (const std::string& path : paths) TRY(made.add_folder(folder_of(path)));
  for (std::size_t i = 0; i < files.size(); ++i) TRY(made.add_temporary(paths[i], files[i]));
  for (std::size_t i = 0; i < files.size(); ++i) TRY(made.place(made.temporaries()[i], paths[i], placing));
  made.keep();
  return {};
}

}  // namespace quern::disk
