#include "stages/fetch/names.h"

#include <functional>

#include "model/limits.h"

namespace quern::fetch {
namespace {

constexpr std::string_view kPart = ".quern-part";
constexpr std::string_view kState = ".quern-state";
constexpr std::string_view kKept = ".quern-kept";

// A name that leaves no room for the ending is cut, and told apart from others that begin like it by its hash.
std::string own_path(const std::string& target, std::string_view ending) {
  std::string name = name_of(target);
  if (name.size() + 1 + ending.size() > limits::kMaxNameBytes) {
    std::string hash = std::to_string(std::hash<std::string>()(name));
    name.resize(limits::kMaxNameBytes - 2 - ending.size() - hash.size());
    name.append("~").append(hash);
  }
  std::string path = folder_of(target);
  path.append("/.").append(name).append(ending);
  return path;
}

}  // namespace

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string part_path(const std::string& target) { return own_path(target, kPart); }
std::string state_path(const std::string& target) { return own_path(target, kState); }
std::string kept_path(const std::string& folder) { return folder + "/" + std::string(kKept); }

bool is_own_name(std::string_view name) {
  return name.starts_with('.') && (name.ends_with(kPart) || name.ends_with(kState) || name == kKept);
}

}  // namespace quern::fetch
