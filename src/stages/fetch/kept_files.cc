#include "stages/fetch/kept_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/fd.h"
#include "services/http/http.h"
#include "stages/fetch/fetch_limits.h"
#include "stages/fetch/names.h"

namespace quern::fetch {
namespace {

template <typename Number>
bool parse(std::string_view text, Number& number) {
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

std::string_view take_field(std::string_view& line) {
  std::size_t end = std::min(line.find('\t'), line.size());
  std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(line.size(), end + 1));
  return field;
}

}  // namespace

std::string to_line(const KeptFile& file) {
  std::string line = std::to_string(file.mark.size_bytes);
  line.append("\t").append(std::to_string(file.mark.changed_ns));
  line.append("\t").append(percent_encode(file.etag, "\""));
  line.append("\t").append(percent_encode(file.name)).append("\n");
  return line;
}

std::optional<KeptFile> parse_kept_line(std::string_view line) {
  KeptFile file;
  if (!parse(take_field(line), file.mark.size_bytes) || !parse(take_field(line), file.mark.changed_ns)) {
    return std::nullopt;
  }
  auto etag = percent_decode(take_field(line));
  auto name = percent_decode(take_field(line));
  if (!etag.has_value() || !name.has_value() || name->empty() || !line.empty()) return std::nullopt;
  file.etag = std::move(*etag);
  file.name = std::move(*name);
  return file;
}

std::vector<KeptFile> parse_kept_files(std::string_view text) {
  std::vector<KeptFile> files;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    auto file = parse_kept_line(text.substr(0, end));
    if (file.has_value()) files.push_back(std::move(*file));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return files;
}

KeptFiles::Files& KeptFiles::load(const std::string& folder) {
  auto [found, is_new] = loaded_.try_emplace(folder);
  if (!is_new) return found->second;
  // If nothing was kept here, or the record is unreadable or belongs to another user, everything is fetched again.
  auto text = folder_.read(folder.empty() ? kKeptName : folder + "/" + kKeptName, limits::kMaxKeptFilesBytes);
  if (!text.has_value()) return found->second;
  for (KeptFile& file : parse_kept_files(*text)) found->second.insert_or_assign(file.name, file);
  return found->second;
}

std::optional<KeptFile> KeptFiles::find(const std::string& name) {
  const Files& files = load(folder_of(name));
  auto found = files.find(name_of(name));
  if (found == files.end()) return std::nullopt;
  auto entered = folder_.enter(folder_of(name), DownloadFolder::Missing::kFails);
  struct stat status {};
  if (!entered.ok() || ::fstatat(entered.value(), name_of(name).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::nullopt;
  }
  if (!found->second.mark.fits(status)) return std::nullopt;
  KeptFile file = found->second;
  file.mark = FileMark::of(status);
  return file;
}

Result<void> KeptFiles::add(const std::string& name, const std::string& etag, const FileMark& mark) {
  const std::string path = folder_.path_of(in_folder_of(name, kKeptName));
  TRY_ASSIGN(int entered, folder_.enter(folder_of(name), DownloadFolder::Missing::kIsMade));
  Fd list(::openat(entered, kKeptName, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!list.is_open()) return os_error("opening " + path, errno);
  return write_all(list, to_line({.name = name_of(name), .etag = etag, .mark = mark})).context("writing " + path);
}

}  // namespace quern::fetch
