#include "stages/fetch/names.h"

#include <functional>

#include "model/limits.h"

namespace quern::fetch {
namespace {

constexpr std::string_view kPart = ".quern-part";
constexpr std::string_view kState = ".quern-state";
constexpr std::string_view kReserved = ".quern-";

// A name that leaves no space for the ending is cut. A hash distinguishes it from others with the same beginning.
std::string own_name(const std::string& target, std::string_view ending) {
  std::string name = name_of(target);
  if (name.size() + 1 + ending.size() > limits::kMaxNameBytes) {
    std::string hash = std::to_string(std::hash<std::string>()(name));
    name.resize(limits::kMaxNameBytes - 2 - ending.size() - hash.size());
    name.append("~").append(hash);
  }
  return std::string(".").append(name).append(ending);
}

}  // namespace

std::string folder_of(const std::string& name) {
  std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}
std::string name_of(const std::string& name) { return name.substr(name.rfind('/') + 1); }
std::string in_folder_of(const std::string& name, const std::string& other) {
  return name.substr(0, name.rfind('/') + 1) + other;
}

std::string part_name(const std::string& name) { return own_name(name, kPart); }
std::string state_name(const std::string& name) { return own_name(name, kState); }

bool is_own_name(std::string_view name) {
  return name.starts_with(kReserved) || (name.starts_with('.') && (name.ends_with(kPart) || name.ends_with(kState)));
}

}  // namespace quern::fetch
