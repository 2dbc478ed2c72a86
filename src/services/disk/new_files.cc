#include "services/disk/new_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
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

// The folders that were created. The destructor removes them, in reverse order, unless keep() was called.
class NewFolders {
 public:
  NewFolders() = default;
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;
  ~NewFolders() {
    // A folder in which another process has created something in the meantime stays.
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) ::rmdir(path->c_str());
  }
  Result<void> add(const std::string& path) {
    for (std::size_t end = path.find('/', 1); true; end = path.find('/', end + 1)) {
      std::string part = path.substr(0, end);
      if (!is_there(part)) paths_.push_back(std::move(part));
      if (end == std::string::npos) break;
    }
    return make_folders(path);
  }
  void keep() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

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

Result<void> create_files(const std::string& folder, std::span<const FileToCreate> files) {
  std::vector<std::string> paths;
  for (const FileToCreate& file : files) paths.push_back((folder == "/" ? "" : folder) + "/" + file.name);
  TRY(check_places(folder, paths));
  NewFolders folders;
  for (const std::string& path : paths) TRY(folders.add(folder_of(path)));
  std::vector<NewFile> made;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto created = NewFile::create(paths[i], files[i].is_executable ? 0777 : 0666);
    if (!created.ok() && created.error().code == EEXIST) return already_there(paths[i]);
    TRY_ASSIGN(NewFile file, std::move(created).context("making " + paths[i]));
    TRY(file.write(files[i].text));
    made.push_back(std::move(file));
  }
  for (NewFile& file : made) file.keep();
  folders.keep();
  return {};
}

}  // namespace quern::disk
