#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "services/disk/files.h"

namespace quern::disk {
namespace {

// A module may have made its folder unreadable; it must still be removed.
Fd open_folder(int parent, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd folder(::openat(parent, name, kFlags));
  if (!folder.is_open() && errno == EACCES && ::fchmodat(parent, name, S_IRWXU, 0) == 0) {
    folder = Fd(::openat(parent, name, kFlags));
  }
  return folder;
}

bool remove_entry(int folder, const char* name);

// Returns false if anything except `kept` remains.
bool remove_entries(Fd folder, std::string_view kept = {}) {
  DIR* stream = folder.is_open() ? ::fdopendir(folder.number()) : nullptr;
  if (stream == nullptr) return false;
  const int number = folder.release();
  bool is_empty = true;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && name != kept) is_empty = remove_entry(number, entry->d_name) && is_empty;
  }
  ::closedir(stream);
  return is_empty;
}

bool remove_entry(int folder, const char* name) {
  if (::unlinkat(folder, name, 0) == 0) return true;
  if (errno == EACCES) {
    // A read-only folder must be removed too.
    ::fchmod(folder, S_IRWXU);
    if (::unlinkat(folder, name, 0) == 0) return true;
  }
  remove_entries(open_folder(folder, name));
  return ::unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

}  // namespace

void remove_folder(const std::string& path) {
  remove_entries(open_folder(AT_FDCWD, path.c_str()));
  ::rmdir(path.c_str());
}

bool remove_all_but(const std::string& path, const char* kept) {
  return remove_entries(open_folder(AT_FDCWD, path.c_str()), kept);
}

Result<void> make_folders(const std::string& path) {
  if (path.empty() || ::mkdir(path.c_str(), 0777) == 0) return {};
  int error = errno;
  const std::string what = "making the folder " + path;
  // For some existing folders mkdir returns EROFS or EACCES.
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    return S_ISDIR(status.st_mode) ? Result<void>() : os_error(what, ENOTDIR);
  }
  const std::size_t slash = path.rfind('/');
  const bool has_no_parent = error == ENOENT || error == ENOTDIR;
  if (!has_no_parent || slash == std::string::npos || slash == 0) return os_error(what, error);
  TRY(make_folders(path.substr(0, slash)));
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return os_error(what, errno);
  return {};
}

Result<void> make_empty_folder(const std::string& path) {
  remove_folder(path);
  return make_folders(path);
}

std::string folder_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_device(const std::string& path) {
  struct stat status {};
  if (own_descriptor(path).has_value()) return true;
  return ::stat(path.c_str(), &status) == 0 && (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode));
}

std::string absolute_path(const std::string& path, const std::string& folder) {
  std::string joined = path.starts_with('/') ? path : folder + "/" + path;
  std::string absolute;
  for (std::size_t begin = 0; begin < joined.size();) {
    std::size_t end = std::min(joined.find('/', begin), joined.size());
    std::string_view part(joined.data() + begin, end - begin);
    if (part == "..") {
      absolute.resize(absolute.empty() ? 0 : absolute.rfind('/'));
    } else if (!part.empty() && part != ".") {
      absolute.append("/").append(part);
    }
    begin = end + 1;
  }
  return absolute.empty() ? "/" : absolute;
}

Result<std::string> working_folder() {
  std::vector<char> path(PATH_MAX);
  if (::getcwd(path.data(), path.size()) == nullptr) return os_error("finding the working folder", errno);
  return std::string(path.data());
}

}  // namespace quern::disk
