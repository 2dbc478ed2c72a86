#include "services/disk/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "model/limits.h"

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

namespace {

constexpr std::string_view kOtherScratch = "name another folder for temporary files with --scratch or TMPDIR";

// Either the bytes or the inodes are used up.
constexpr std::string_view kMakeRoom = "; make room there (df -h, df -i)";
constexpr std::string_view kLargerFiles = "; let files be larger (ulimit -f unlimited)";

bool is_full(const Error& error) { return error.code == ENOSPC || error.code == EDQUOT; }

}  // namespace

Error advise_if_full(Error error, std::string_view elsewhere) {
  const std::string_view advice = is_full(error) ? kMakeRoom : error.code == EFBIG ? kLargerFiles : "";
  if (error.message.find(advice) != std::string::npos) return error;
  error.message.append(advice);
  if (is_full(error)) error.message.append(", or ").append(elsewhere);
  return error;
}

Error advise_other_scratch(Error error) {
  if (is_full(error)) return advise_scratch_if_full(std::move(error));
  error.message.append("; ").append(kOtherScratch);
  return error;
}

Error advise_scratch_if_full(Error error) { return advise_if_full(std::move(error), kOtherScratch); }

Result<void> write_temporary(const Fd& fd, std::string_view bytes, const std::string& path) {
  auto written = write_all(fd, bytes).context("writing " + path);
  if (written.ok()) return {};
  return advise_scratch_if_full(std::move(written).error());
}

Result<void> refuse_foreign_link(const std::string& path) {
  struct stat link {};
  struct stat folder {};
  if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return {};
  if (::stat(folder_of(path).c_str(), &folder) != 0 || (folder.st_mode & (S_ISVTX | S_IWOTH)) == 0) return {};
  if (link.st_uid == ::geteuid() || link.st_uid == folder.st_uid) return {};
  return Error{.kind = ErrorKind::kDenied,
               .message = path +
                          " is a symbolic link that another user has put into a folder where others may "
                          "write; remove it, or name another place"};
}

Result<FileDigest> digest_of_file(const std::string& path) {
  TRY_ASSIGN(Fd file, open_file(path, O_RDONLY));
  Digest sha256(DigestKind::kSha256);
  FileDigest digest;
  Buffer buffer;
  buffer.resize(limits::kDigestReadBytes);
  while (true) {
    auto count = read_some(file, {buffer.data(), buffer.size()});
    if (!count.ok()) return std::move(count).error().with_context("reading " + path);
    if (count.value() == 0) break;
    sha256.add({buffer.data(), count.value()});
    digest.bytes += count.value();
  }
  digest.sha256 = hex_encode(sha256.value());
  return digest;
}

}  // namespace quern::disk
