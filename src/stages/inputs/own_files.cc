#include "stages/inputs/own_files.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "model/accounting_json.h"
#include "model/limits.h"
#include "model/taskcluster/task_report.h"

namespace quern::inputs {
namespace {

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Whether the first line is "# FILE:LINE: REASON".
bool has_bad_records(const std::string& path) {
  constexpr std::size_t kLongestLine = 8192;
  std::array<char, kLongestLine> bytes{};
  auto fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd.ok()) return false;
  auto count = read_some(fd.value(), bytes);
  if (!count.ok()) return false;
  std::string_view line(bytes.data(), count.value());
  line = line.substr(0, line.find('\n'));
  if (!line.starts_with("# ")) return false;
  // A file name may contain ": " as well.
  for (std::size_t end = line.find(": "); end != std::string_view::npos; end = line.find(": ", end + 1)) {
    const std::size_t digits = line.find_last_not_of("0123456789", end - 1) + 1;
    if (digits < end && line[digits - 1] == ':') return true;
  }
  return false;
}

}  // namespace

void OwnFiles::add(const std::string& path, File file) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  files_.emplace(std::pair(status.st_dev, status.st_ino), std::move(file));
}

const OwnFiles::File* OwnFiles::find(const struct stat& status) const {
  if (files_.empty()) return nullptr;
  auto found = files_.find({status.st_dev, status.st_ino});
  return found == files_.end() ? nullptr : &found->second;
}

Result<void> OwnFiles::check(std::string_view what, const std::string& path) const {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  const File* own = find(status);
  return own == nullptr || own->role.empty() ? Result<void>() : replaced(what, *own);
}

Error replaced(std::string_view what, const OwnFiles::File& file) {
  return bad_config(std::string(what) + " is where the run would write its " + file.role +
                    "; name another place with " + (file.role == "log" ? "--log" : "-o"));
}

std::optional<Accounting> accounting_at(const std::string& path) {
  auto text = read_file(path, limits::kMaxTaskReportBytes);
  if (!text.ok()) return std::nullopt;
  auto json = parse_json(text.value());
  if (!json.has_value()) return std::nullopt;
  auto accounting = read_accounting(*json);
  return accounting.ok() ? std::optional(std::move(accounting).value()) : std::nullopt;
}

bool is_left_by_a_run(const std::string& path) {
  if (base_name(path) == kBadRecordsName) return has_bad_records(path);
  return base_name(path) == kAccountingName && accounting_at(path).has_value();
}

bool is_bookkeeping(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames = {"_temporary",       "_logs",    "_metadata",
                                                      "_common_metadata", "_SUCCESS", "_delta_log"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool is_in_bookkeeping(std::string_view key) {
  for (std::size_t end = key.find('/'); end != std::string_view::npos; end = key.find('/')) {
    if (is_bookkeeping(key.substr(0, end))) return true;
    key.remove_prefix(end + 1);
  }
  return is_bookkeeping(key);
}

}  // namespace quern::inputs
