#include "stages/fetch/clashes.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace quern::fetch {
namespace {

Error clash(const std::string& path, std::string_view why) {
  std::string message = path;
  message.append(" ").append(why).append("; two such inputs cannot be in one job");
  return bad_input(std::move(message));
}

}  // namespace

std::vector<std::optional<Error>> find_clashes(const std::vector<Remote>& remotes) {
  enum class Use { kFile, kFolder };
  std::vector<std::optional<Error>> clashes(remotes.size());
  std::unordered_map<std::string_view, Use> uses;
  uses.reserve(remotes.size());
  for (std::size_t i = 0; i < remotes.size(); ++i) {
    const std::string& path = remotes[i].path;
    auto there = uses.find(path);
    if (there != uses.end()) {
      clashes[i] = clash(path, there->second == Use::kFile ? "is where another input goes already"
                                                           : "is a folder that other inputs go into");
      continue;
    }
    // From the innermost folder on; where one is known, those around it are.
    for (std::string_view rest = path; rest.rfind('/') != std::string_view::npos;) {
      rest = rest.substr(0, rest.rfind('/'));
      auto [use, is_new] = uses.try_emplace(rest, Use::kFolder);
      if (use->second == Use::kFile) clashes[i] = clash(path, "goes into a folder that is the file of another input");
      if (!is_new) break;
    }
    if (!clashes[i].has_value()) uses.emplace(path, Use::kFile);
  }
  return clashes;
}

}  // namespace quern::fetch
