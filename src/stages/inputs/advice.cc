#include "stages/inputs/advice.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "stages/inputs/tree_walk.h"

namespace quern::inputs {
namespace {

// Enough to be helpful, without reading a folder of millions to the end for a message.
constexpr std::size_t kMostEntries = 100'000;

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::size_t common_prefix(std::string_view left, std::string_view right) {
  auto end = std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first;
  return static_cast<std::size_t>(end - left.begin());
}

// The entries of one kind, and the one whose name has the longest common beginning with the name in question.
struct Entries {
  std::size_t count = 0;
  std::string nearest;

  void add(std::string_view name, std::string_view wanted) {
    ++count;
    std::size_t own = common_prefix(name, wanted);
    std::size_t best = common_prefix(nearest, wanted);
    if (nearest.empty() || own > best || (own == best && name < nearest)) nearest = name;
  }
};

struct Listing {
  Entries files;
  Entries folders;
  bool is_cut = false;
};

std::optional<Listing> list_folder(const std::string& path, std::string_view wanted) {
  FolderStream stream(::opendir(path.c_str()));
  if (stream == nullptr) return std::nullopt;
  Listing listing;
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name.starts_with('.')) continue;
    bool is_own_folder = entry->d_type == DT_DIR || (entry->d_type != DT_REG && is_folder(path + "/" + entry->d_name));
    (is_own_folder ? listing.folders : listing.files).add(name, wanted);
    if (listing.files.count + listing.folders.count >= kMostEntries) {
      listing.is_cut = true;
      break;
    }
  }
  return listing;
}

std::string describe(const Listing& listing, const std::string& shown, const std::string& prefix) {
  bool shows_files = listing.files.count > 0;
  const Entries& entries = shows_files ? listing.files : listing.folders;
  if (entries.count == 0) return "; " + shown + " is empty";
  std::string kind = shows_files ? "file" : "folder";
  return "; " + shown + " has " + (listing.is_cut ? "more than " : "") + counted(entries.count, kind) + ", such as " +
         prefix + entries.nearest;
}

}  // namespace

std::string advice_for(const std::string& name, const std::string& folder, std::size_t wildcard_at) {
  std::string_view fixed = std::string_view(name).substr(0, wildcard_at);
  std::string missing;  // the first folder in the path that does not exist
  for (std::size_t end = fixed.size(); true;) {
    std::size_t slash = end == 0 ? std::string_view::npos : fixed.rfind('/', end - 1);
    std::string prefix(fixed.substr(0, slash == std::string_view::npos ? 0 : slash + 1));
    std::string path = prefix.starts_with('/') ? prefix : std::string(folder).append("/").append(prefix);
    std::string wanted(fixed.substr(prefix.size(), end - prefix.size()));
    if (is_folder(path)) {
      auto listing = list_folder(path, wanted);
      if (!listing.has_value()) return "";
      std::string shown = prefix.empty() ? folder : prefix.size() == 1 ? prefix : prefix.substr(0, prefix.size() - 1);
      return (missing.empty() ? "" : ": there is no folder " + missing) + describe(*listing, shown, prefix);
    }
    if (slash == std::string_view::npos) return "";
    missing = prefix.substr(0, prefix.size() - 1);
    end = slash;
  }
}

}  // namespace quern::inputs
