#include "stages/fetch/kept_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "services/http/http.h"
#include "stages/fetch/names.h"

namespace quern::fetch {
namespace {

std::int64_t changed_ns(const struct stat& status) {
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

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
  std::string line = std::to_string(file.size_bytes);
  line.append("\t").append(std::to_string(file.changed_ns));
  line.append("\t").append(http::percent_encode(file.etag, "\""));
  line.append("\t").append(http::percent_encode(file.name)).append("\n");
  return line;
}

std::optional<KeptFile> parse_kept_line(std::string_view line) {
  KeptFile file;
  if (!parse(take_field(line), file.size_bytes) || !parse(take_field(line), file.changed_ns)) return std::nullopt;
  auto etag = http::percent_decode(take_field(line));
  auto name = http::percent_decode(take_field(line));
  if (!etag.has_value() || !name.has_value() || etag->empty() || name->empty() || !line.empty()) return std::nullopt;
  file.etag = std::move(*etag);
  file.name = std::move(*name);
  return file;
}

KeptFiles::Folder& KeptFiles::load(const std::string& folder) {
  auto [found, is_new] = folders_.try_emplace(folder);
  if (!is_new) return found->second;
  auto text = read_file(kept_path(folder), limits::kMaxKeptFilesBytes);
  // Nothing was kept here, or what says so cannot be read: then it is fetched again.
  if (!text.ok()) return found->second;
  for (std::string_view rest = text.value(); !rest.empty();) {
    std::size_t end = std::min(rest.find('\n'), rest.size());
    auto file = parse_kept_line(rest.substr(0, end));
    if (file.has_value()) found->second.insert_or_assign(file->name, *file);
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  return found->second;
}

std::optional<KeptFile> KeptFiles::find(const std::string& path) {
  Folder& folder = load(folder_of(path));
  auto found = folder.find(name_of(path));
  if (found == folder.end()) return std::nullopt;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const KeptFile& file = found->second;
  bool is_same = static_cast<std::uint64_t>(status.st_size) == file.size_bytes && changed_ns(status) == file.changed_ns;
  return is_same ? std::optional(file) : std::nullopt;
}

Result<void> KeptFiles::add(const std::string& path, const std::string& etag) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return os_error("looking at " + path, errno);
  KeptFile file{.name = name_of(path),
                .etag = etag,
                .size_bytes = static_cast<std::uint64_t>(status.st_size),
                .changed_ns = changed_ns(status)};
  TRY_ASSIGN(Fd list, open_file(kept_path(folder_of(path)), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW));
  return write_all(list, to_line(file)).context("writing " + kept_path(folder_of(path)));
}

}  // namespace quern::fetch
