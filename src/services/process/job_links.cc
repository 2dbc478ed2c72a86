#include "services/process/job_links.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace quern::process {
namespace {

bool is_linked(std::string_view name) {
  constexpr std::array<std::string_view, 4> kResults = {"result.txt", "result.json", "bad_records.txt", "mapperOutput"};
  if (name.starts_with('.')) return false;
  return std::none_of(kResults.begin(), kResults.end(), [&](auto result) { return name.starts_with(result); });
}

// Stops after one name more than may be linked, so that a folder with a million files costs nothing.
Result<std::vector<std::string>> names_to_link(const std::string& job_folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(job_folder, error);
  while (!error && entry != std::filesystem::directory_iterator() && names.size() <= kMostJobLinks) {
    std::string name = entry->path().filename().string();
    if (is_linked(name)) names.push_back(std::move(name));
    entry.increment(error);
  }
  if (error) return os_error(fmt::format("reading the job folder {}", job_folder), error.value());
  return names;
}

}  // namespace

Result<bool> link_job_folder(const std::string& job_folder, const std::string& working_folder) {
  TRY_ASSIGN(auto names, names_to_link(job_folder));
  if (names.size() > kMostJobLinks) return false;
  for (const std::string& name : names) {
    std::string target = fmt::format("{}/{}", job_folder, name);
    std::string link = fmt::format("{}/{}", working_folder, name);
    if (::symlink(target.c_str(), link.c_str()) != 0 && errno != EEXIST) {
      return os_error(fmt::format("linking {} to {}", link, target), errno);
    }
  }
  return true;
}

}  // namespace quern::process
