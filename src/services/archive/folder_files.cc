#include "services/archive/folder_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "model/limits.h"

namespace quern::archive {
namespace {

namespace fs = std::filesystem;

// "./data/" and "data" name the same entry.
std::string plain_name(std::string name) {
  while (name.starts_with("./")) name.erase(0, 2);
  while (name.ends_with('/')) name.pop_back();
  return name;
}

class Walk {
 public:
  Walk(std::string folder, const std::vector<std::string>& left_out) : folder_(std::move(folder)) {
    for (const std::string& name : left_out) left_out_.insert(plain_name(name));
  }

  Result<std::vector<FolderEntry>> run() {
    std::error_code problem;
    root_ = fs::canonical(folder_, problem).string();
    if (problem) return os_error(folder_, problem.value());
    TRY(add_folder(""));
    return std::move(entries_);
  }

 private:
  Result<void> add_folder(const std::string& prefix) {
    TRY_ASSIGN(std::vector<std::string> names, names_in(root_ + "/" + prefix));
    for (const std::string& name : names) {
      if (name.starts_with('.') || name == "__pycache__" || name.ends_with(".pyc")) continue;
      if (left_out_.contains(prefix + name)) continue;
      if (entries_.size() == limits::kMaxJobPackEntries) {
        return bad_input(fmt::format("{} has more than {} files and folders", folder_, limits::kMaxJobPackEntries));
      }
      TRY(add(prefix + name));
    }
    return {};
  }

  static Result<std::vector<std::string>> names_in(const std::string& path) {
    std::vector<std::string> names;
    std::error_code problem;
    for (fs::directory_iterator at(path, problem), end; !problem && at != end; at.increment(problem)) {
      names.push_back(at->path().filename().string());
    }
    if (problem) return os_error("reading the folder " + path, problem.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> add(const std::string& name) {
    FolderEntry entry{.name = name, .path = root_ + "/" + name};
    std::error_code problem;
    fs::file_status status = fs::symlink_status(entry.path, problem);
    if (problem) return os_error(entry.path, problem.value());
    if (fs::is_symlink(status)) {
      TRY_ASSIGN(entry.path, target_of(entry));
      status = fs::status(entry.path, problem);
      if (problem) return os_error(entry.path, problem.value());
    }
    entry.is_folder = fs::is_directory(status);
    if (entry.is_folder) {
      entries_.push_back(entry);
      return add_folder(name + "/");
    }
    if (!fs::is_regular_file(status)) return bad_input(entry.path + " is neither a file nor a folder");
    entry.is_executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    entry.bytes = fs::file_size(entry.path, problem);
    if (problem) return os_error(entry.path, problem.value());
    entries_.push_back(std::move(entry));
    return {};
  }

  // Links to folders are refused, because they may form a cycle.
  Result<std::string> target_of(const FolderEntry& link) {
    std::error_code problem;
    std::string target = fs::canonical(link.path, problem).string();
    if (problem) return os_error("the link " + link.path, problem.value());
    if (!target.starts_with(root_ + "/")) {
      return bad_input(fmt::format("the link {} leads to {}, which is not in the folder {}", link.path, target, root_));
    }
    if (fs::is_directory(target, problem)) {
      return bad_input(fmt::format("the link {} leads to a folder; only links to files can be packed", link.path));
    }
    return target;
  }

  const std::string folder_;
  std::string root_;
  std::set<std::string, std::less<>> left_out_;
  std::vector<FolderEntry> entries_;
};

}  // namespace

Result<std::vector<FolderEntry>> list_folder(const std::string& folder, const std::vector<std::string>& left_out) {
  return Walk(folder, left_out).run();
}

}  // namespace quern::archive
