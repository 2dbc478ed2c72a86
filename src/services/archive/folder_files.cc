#include "services/archive/folder_files.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/text.h"
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

namespace {

constexpr std::size_t kSecretLetters = 40;     // of a secret access key
constexpr std::size_t kIdLetters = 20;         // of an access key id
constexpr std::size_t kLeastValueLetters = 8;  // of the value of a setting with such a name
constexpr std::size_t kMarkBytes = 48;         // from BEGIN to PRIVATE KEY
constexpr std::size_t kNearBytes = 256;        // between an id and its secret

bool is_of(char c, std::string_view others) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != std::string_view::npos;
}

bool has_private_key(std::string_view content) {
  if (content.find("PuTTY-User-Key-File-") != std::string_view::npos) return true;
  if (content.find("AGE-SECRET-KEY-1") != std::string_view::npos) return true;
  constexpr std::string_view kMark = "PRIVATE KEY";
  for (std::size_t at = content.find(kMark); at != std::string_view::npos; at = content.find(kMark, at + 1)) {
    const std::size_t begin = at - std::min(at, kMarkBytes);
    if (content.substr(begin, at - begin).find("-- BEGIN ") != std::string_view::npos ||
        content.substr(begin, at - begin).find("--BEGIN ") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// Returns the value that follows a name in `text`: ` = value`, `": "value"`. "" if it is an expression or missing.
std::string_view value_after(std::string_view text) {
  const std::size_t sign = text.find_first_not_of("\"' \t");
  if (sign == std::string_view::npos || (text[sign] != '=' && text[sign] != ':')) return {};
  text.remove_prefix(sign + 1);
  text.remove_prefix(std::min(text.find_first_not_of("\"' \t"), text.size()));
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) { return is_of(c, "/+="); });
  const bool ends_well = end == text.end() || std::string_view("\"' \t\r\n\\#").find(*end) != std::string_view::npos;
  return ends_well ? text.substr(0, static_cast<std::size_t>(end - text.begin())) : std::string_view();
}

// Whether there is a setting aws_secret_access_key, AWS_SECRET_ACCESS_KEY, secretAccessKey, SecretAccessKey or similar
// with a value.
bool has_setting(std::string_view content) {
  for (std::string_view name : {"secret_access_key", "secretaccesskey"}) {
    for (std::size_t at = 0; at + name.size() <= content.size(); ++at) {
      if (!starts_with_ignoring_case(content.substr(at), name)) continue;
      if (value_after(content.substr(at + name.size())).size() >= kLeastValueLetters) return true;
    }
  }
  return false;
}

// Whether there is a word of exactly the length of a secret key, not adjacent to characters that could belong to it. A
// digest in hexadecimal digits is not a secret.
bool has_secret_word(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_of(text[end], "/+")) ++end;
    const std::string_view word = text.substr(at, end - at);
    const bool is_digest = std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (word.size() == kSecretLetters && !is_digest) return true;
    at = end + 1;
  }
  return false;
}

// Whether there is an access key id with a possible secret key near it.
bool has_pair(std::string_view content) {
  for (std::string_view start : {"AKIA", "ASIA"}) {
    for (std::size_t at = content.find(start); at != std::string_view::npos; at = content.find(start, at + 1)) {
      const std::string_view id = content.substr(at, kIdLetters);
      const bool is_id = id.size() == kIdLetters && std::all_of(id.begin(), id.end(), [](unsigned char c) {
                           return std::isupper(c) != 0 || std::isdigit(c) != 0;
                         });
      const std::size_t begin = at - std::min(at, kNearBytes);
      if (is_id && has_secret_word(content.substr(begin, at - begin + kIdLetters + kNearBytes))) return true;
    }
  }
  return false;
}

}  // namespace

std::string_view secret_in(std::string_view content) {
  if (has_private_key(content)) return "a private key";
  if (has_setting(content) || has_pair(content)) return "a secret key of AWS";
  return "";
}

}  // namespace quern::archive
