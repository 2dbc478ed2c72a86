#include <algorithm>
#include <string_view>
#include <utility>

#include "model/limits.h"
#include "stages/fetch/fetch.h"
#include "stages/fetch/names.h"

namespace quern::fetch {
namespace {

// Why this part of a key cannot be the name of a file or a folder; "" if it can.
std::string_view objection(std::string_view part, bool is_last) {
  if (part.empty()) return is_last ? "it ends with '/'" : "it has an empty part between two '/'";
  if (part == "." || part == "..") return "it has a part that is '.' or '..'";
  if (part.size() > limits::kMaxNameBytes) return "a part of it is longer than 255 bytes";
  if (part.find('\0') != std::string_view::npos) return "it holds a NUL";
  if (is_last && is_own_name(part)) return "quern uses this name for files of its own";
  return {};
}

}  // namespace

Result<std::string> safe_path(const std::string& folder, const std::string& key) {
  std::string_view reason;
  if (key.empty()) reason = "it is empty";
  if (key.starts_with('/')) reason = "it begins with '/'";
  for (std::size_t begin = 0; reason.empty() && begin <= key.size();) {
    std::size_t end = std::min(key.find('/', begin), key.size());
    reason = objection(std::string_view(key).substr(begin, end - begin), end == key.size());
    begin = end + 1;
  }
  std::string path = folder + "/" + key;
  if (reason.empty() && path.size() > limits::kMaxPathBytes) reason = "it makes a path that is too long";
  if (reason.empty()) return path;
  std::string message = "cannot be stored below ";
  message.append(folder).append(": ").append(reason);
  return bad_input(std::move(message));
}

}  // namespace quern::fetch
