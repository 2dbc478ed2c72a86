#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "services/disk/files.h"

namespace quern::disk {
namespace {

void remove_entry(const Fd& folder, const char* name);

void remove_entries(Fd folder) {
  // fdopendir takes the descriptor over, so the deletions work on one of their own.
  Fd own(::fcntl(folder.number(), F_DUPFD_CLOEXEC, 0));
  DIR* stream = own.is_open() ? ::fdopendir(folder.number()) : nullptr;
  if (stream == nullptr) return;
  static_cast<void>(folder.release());
  while (const dirent* entry = ::readdir(stream)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) remove_entry(own, entry->d_name);
  }
  ::closedir(stream);
}

void remove_entry(const Fd& folder, const char* name) {
  if (::unlinkat(folder.number(), name, 0) == 0) return;
  if (errno == EACCES) {
    // A module may have made its folder read-only; it is still ours to remove.
    ::fchmod(folder.number(), S_IRWXU);
    if (::unlinkat(folder.number(), name, 0) == 0) return;
  }
  int number = ::openat(folder.number(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (number < 0 && errno == EACCES) {
    ::fchmodat(folder.number(), name, S_IRWXU, 0);
    number = ::openat(folder.number(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }
  if (number >= 0) remove_entries(Fd(number));
  ::unlinkat(folder.number(), name, AT_REMOVEDIR);
}

}  // namespace

void remove_folder(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd folder(::open(path.c_str(), kFlags));
  if (!folder.is_open() && errno == EACCES && ::fchmodat(AT_FDCWD, path.c_str(), S_IRWXU, 0) == 0) {
    folder = Fd(::open(path.c_str(), kFlags));
  }
  if (!folder.is_open()) return;
  remove_entries(std::move(folder));
  ::rmdir(path.c_str());
}

Result<void> make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1); true; end = path.find('/', end + 1)) {
    std::string part = path.substr(0, end);
    if (!part.empty() && ::mkdir(part.c_str(), 0777) != 0) {
      int error = errno;
      struct stat status {};
      // mkdir says EROFS or EACCES for some folders that are there.
      bool is_there = ::stat(part.c_str(), &status) == 0;
      if (is_there && !S_ISDIR(status.st_mode)) return os_error("making the folder " + part, ENOTDIR);
      if (!is_there) return os_error("making the folder " + part, error);
    }
    if (end == std::string::npos) return {};
  }
}

std::string folder_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
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
