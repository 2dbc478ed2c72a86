#include "stages/fetch/local_names.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <unordered_set>

#include "base/text.h"
#include "model/limits.h"

namespace quern::fetch {
namespace {

constexpr std::size_t kMostEndings = 2;  // as in .json.gz
constexpr std::size_t kMostEndingBytes = 9;

bool is_plain_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.size() <= limits::kMaxNameBytes && !is_own_name(part) &&
         std::none_of(part.begin(), part.end(), is_control);
}

// The ending of "a/b.json.gz" is ".json.gz", which programs rely on; "" if there is none.
std::string ending_of(std::string_view name) {
  std::string_view rest = name.substr(name.rfind('/') + 1);
  auto is_alnum = [](unsigned char byte) { return std::isalnum(byte) != 0; };
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kMostEndings; ++i) {
    const std::size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos || rest.size() - dot < 2 || rest.size() - dot > kMostEndingBytes) break;
    if (!std::all_of(rest.begin() + static_cast<std::ptrdiff_t>(dot) + 1, rest.end(), is_alnum)) break;
    bytes += rest.size() - dot;
    rest = rest.substr(0, dot);
  }
  return std::string(name.substr(name.size() - bytes));
}

std::string hashed_name(const Wanted& object) {
  const XXH128_hash_t hash = XXH3_128bits(object.url.data(), object.url.size());
  return fmt::format(".quern-names/{:016x}{:016x}{}", hash.high64, hash.low64, ending_of(object.name));
}

}  // namespace

bool is_plain_name(std::string_view name) {
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (!is_plain_part(name.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

std::vector<std::string> local_names(const std::vector<Wanted>& objects, std::size_t most_bytes) {
  std::vector<std::string> names;
  names.reserve(objects.size());
  std::unordered_set<std::string_view> folders;
  for (const Wanted& object : objects) {
    std::string_view rest = object.name;
    const bool is_plain = rest.size() <= most_bytes && is_plain_name(rest);
    names.push_back(is_plain ? object.name : hashed_name(object));
    // Starts at the innermost folder: if one is known, so are those around it.
    while (is_plain && rest.rfind('/') != std::string_view::npos) {
      rest = rest.substr(0, rest.rfind('/'));
      if (!folders.insert(rest).second) break;
    }
  }
  std::unordered_set<std::string_view> files;
  files.reserve(objects.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != objects[i].name) continue;
    if (folders.contains(names[i]) || !files.insert(objects[i].name).second) names[i] = hashed_name(objects[i]);
  }
  return names;
}

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
