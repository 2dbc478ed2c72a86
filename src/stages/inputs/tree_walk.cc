#include "stages/inputs/tree_walk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "stages/inputs/glob.h"

namespace quern::inputs {
namespace {

// Each folder on the way down needs a descriptor.
constexpr std::size_t kMostDepth = 256;

}  // namespace

int check_readable(int folder, const char* name, const struct stat& status) {
  constexpr mode_t kAllRead = S_IRUSR | S_IRGRP | S_IROTH;
  if ((status.st_mode & kAllRead) == kAllRead) return 0;
  return ::faccessat(folder, name, R_OK, AT_EACCESS) == 0 ? 0 : errno;
}

Result<std::string> real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return os_error(path, errno);
  return std::string(real.get());
}

TreeWalk::TreeWalk(const std::vector<std::string>& patterns, const OwnFiles* own, Collector& found)
    : own_(own), found_(found) {
  for (std::string_view pattern : patterns) {
    auto begin = static_cast<std::uint32_t>(parts_.size());
    while (!pattern.empty()) {
      std::size_t end = std::min(pattern.find('/'), pattern.size());
      std::string_view part = pattern.substr(0, end);
      bool is_double = part == "**" && parts_.size() > begin && parts_.back().kind == Kind::kAnyFolders;
      if (part == "**") {
        if (!is_double) parts_.push_back({.kind = Kind::kAnyFolders});
      } else if (glob::has_wildcard(part)) {
        parts_.push_back({.kind = Kind::kPattern, .text = std::string(part)});
      } else if (!part.empty() && part != ".") {
        parts_.push_back({.kind = Kind::kName, .text = glob::unescape(part)});
      }
      pattern.remove_prefix(std::min(end + 1, pattern.size()));
    }
    parts_.push_back({.kind = Kind::kEnd});
    add_state(start_, begin);
  }
}

// ** may match no folder at all, so the part after it may come next as well.
void TreeWalk::add_state(States& states, std::uint32_t state) const {
  if (std::find(states.begin(), states.end(), state) == states.end()) states.push_back(state);
  if (parts_[state].kind == Kind::kAnyFolders) add_state(states, state + 1);
}

bool TreeWalk::part_matches(const Part& part, std::string_view name) const {
  if (part.kind == Kind::kName) return part.text == name;
  return part.kind == Kind::kPattern && glob::matches(part.text, name);
}

// Whether a pattern that matches this name also contains its beginning literally, so that exactly such files are meant.
bool TreeWalk::is_named(const States& states, std::string_view name) const {
  return std::any_of(states.begin(), states.end(), [&](std::uint32_t state) {
    const Part& part = parts_[state];
    return part_matches(part, name) && (part.kind == Kind::kName || part.text.starts_with(name.substr(0, 2)));
  });
}

bool TreeWalk::takes_file(const States& states, std::string_view name) const {
  return std::any_of(states.begin(), states.end(), [&](std::uint32_t state) {
    if (parts_[state].kind == Kind::kEnd || parts_[state + 1].kind != Kind::kEnd) return false;
    if (parts_[state].kind == Kind::kAnyFolders) return !name.starts_with('.');
    return part_matches(parts_[state], name);
  });
}

TreeWalk::States TreeWalk::below(const States& states, std::string_view name) {
  States next;
  for (std::uint32_t state : states) {
    const Part& part = parts_[state];
    if (part.kind == Kind::kAnyFolders) {
      if (!name.starts_with('.')) add_state(next, state);
    } else if (part_matches(part, name)) {
      add_state(next, state + 1);
    }
  }
  return next;
}

Result<void> TreeWalk::run(const std::string& name, const std::string& path) {
  name_ = name;
  path_ = path == "/" ? path : path + "/";
  auto folder = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return os_error("reading the folder " + (name.empty() ? path : name), folder.error().code);
  return visit(std::move(folder).value(), start_);
}

Result<void> TreeWalk::visit(Fd folder, const States& states) {
  struct stat status {};
  if (::fstat(folder.number(), &status) != 0) return os_error("reading the folder " + name_, errno);
  Identity identity{.device = status.st_dev, .inode = status.st_ino};
  if (std::find(ancestors_.begin(), ancestors_.end(), identity) != ancestors_.end()) return {};
  if (ancestors_.size() >= kMostDepth) {
    return bad_input("the folder " + name_ + " is nested deeper than " + std::to_string(kMostDepth) + " folders");
  }
  FolderStream stream(::fdopendir(folder.number()));
  if (stream == nullptr) return os_error("reading the folder " + name_, errno);
  static_cast<void>(folder.release());  // the stream closes it
  ancestors_.push_back(identity);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) return os_error("reading the folder " + name_, errno);
    if (entry == nullptr) break;
    TRY(visit_entry(::dirfd(stream.get()), *entry, states));
  }
  ancestors_.pop_back();
  return {};
}

// Matches the name first, so that most entries of a large folder cost no system call.
Result<void> TreeWalk::visit_entry(int folder, const dirent& entry, const States& states) {
  std::string_view name = entry.d_name;
  if (name == "." || name == "..") return {};
  bool may_be_file = entry.d_type != DT_DIR && takes_file(states, name);
  bool may_be_folder = entry.d_type == DT_DIR || entry.d_type == DT_LNK || entry.d_type == DT_UNKNOWN;
  States next = may_be_folder ? below(states, name) : States();
  if (!may_be_file && next.empty()) return {};
  if (is_bookkeeping(name) && !is_named(states, name)) {
    found_.leave_out_bookkeeping(name_ + entry.d_name);
    return {};
  }
  if (entry.d_type == DT_DIR) return visit_folder(folder, entry, false, next);

  struct stat status {};
  bool is_link = entry.d_type == DT_LNK;
  if (entry.d_type == DT_UNKNOWN) {
    is_link = ::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
  }
  if (::fstatat(folder, entry.d_name, &status, 0) != 0) {
    // A file that is removed meanwhile was never an input; a dangling link is reported as missing.
    if (errno == ENOENT && (!is_link || !may_be_file)) return {};
    return os_error(name_ + entry.d_name + (is_link ? ": the link leads nowhere" : ""), errno);
  }
  if (S_ISDIR(status.st_mode)) return visit_folder(folder, entry, is_link, next);
  if (!may_be_file) return {};
  if (S_ISREG(status.st_mode)) return take_file(folder, entry.d_name, status, is_link, states);
  found_.leave_out();
  return {};
}

Result<void> TreeWalk::visit_folder(int folder, const dirent& entry, bool is_link, const States& states) {
  bool leads_on = false;
  for (std::uint32_t state : states) {
    if (parts_[state].kind != Kind::kEnd) leads_on = true;
  }
  if (!leads_on) {
    if (!states.empty()) ++matched_folders_;
    return {};
  }
  Fd inner(::openat(folder, entry.d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!inner.is_open()) {
    int error = errno;
    return os_error("reading the folder " + name_ + entry.d_name, error);
  }
  std::size_t name_bytes = name_.size();
  std::string path = path_;
  name_.append(entry.d_name).append("/");
  path_.append(entry.d_name);
  if (is_link) {
    TRY_ASSIGN(path_, real_path(path_));
  }
  path_.append("/");
  TRY(visit(std::move(inner), states));
  name_.resize(name_bytes);
  path_ = std::move(path);
  return {};
}

Result<void> TreeWalk::take_file(int folder, const char* entry_name, const struct stat& status, bool is_link,
                                 const States& states) {
  std::string name = name_ + entry_name;
  const OwnFiles::File* own = own_ == nullptr ? nullptr : own_->find(status);
  if (own != nullptr && !own->is_querns) return replaced("the input " + name, *own);
  if (own != nullptr || (is_left_by_a_run(path_ + entry_name) && !is_named(states, entry_name))) {
    found_.leave_out_own(name);
    return {};
  }
  if (int error = check_readable(folder, entry_name, status)) return os_error(name, error);
  std::string path = path_ + entry_name;
  std::string target;
  if (is_link) {
    TRY_ASSIGN(target, real_path(path));
  }
  found_.add(std::move(name), std::move(path), std::move(target), static_cast<std::uint64_t>(status.st_size));
  return {};
}

}  // namespace quern::inputs
