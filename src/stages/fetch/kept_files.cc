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
#include "stages/fetch/local_names.h"

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

namespace {

constexpr std::string_view kFirstLine = "quern-state 1";

// Removes the text up to and with `end` from `text` and returns it without `end`. Returns nothing if there is no `end`.
std::optional<std::string_view> take_until(std::string_view& text, char end) {
  std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

std::optional<std::string_view> take_field(std::string_view& text, std::string_view name) {
  auto line = take_until(text, '\n');
  if (!line.has_value() || !line->starts_with(name)) return std::nullopt;
  return line->substr(name.size());
}

std::optional<std::uint64_t> parse_number(std::optional<std::string_view> text) {
  if (!text.has_value()) return std::nullopt;
  std::uint64_t number = 0;
  auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_text(const ResumeState& state) {
  std::string text(kFirstLine);
  text.append("\nboot ").append(state.boot);
  text.append("\netag ").append(state.etag);
  text.append("\nsize ").append(std::to_string(state.size_bytes)).append("\n");
  for (const auto& range : state.taken) {
    text.append("taken ").append(std::to_string(range.first)).append(" ");
    text.append(std::to_string(range.count)).append("\n");
  }
  text.append("end\n");
  return text;
}

std::optional<ResumeState> parse_resume_state(std::string_view text) {
  ResumeState state;
  if (take_until(text, '\n') != kFirstLine) return std::nullopt;
  auto boot = take_field(text, "boot ");
  auto etag = take_field(text, "etag ");
  auto size = parse_number(take_field(text, "size "));
  if (!boot.has_value() || !etag.has_value() || !size.has_value()) return std::nullopt;
  state.boot = *boot;
  state.etag = *etag;
  state.size_bytes = *size;
  std::uint64_t end = 0;
  while (text != "end\n") {
    auto line = take_field(text, "taken ");
    if (!line.has_value()) return std::nullopt;
    auto first = parse_number(take_until(*line, ' '));
    auto count = parse_number(line);
    if (!first.has_value() || !count.has_value() || *first < end || *first > *size || *count > *size - *first) {
      return std::nullopt;
    }
    state.taken.push_back({*first, *count});
    end = *first + *count;
  }
  return state;
}

std::string boot_of_machine() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 100);
  if (!text.ok()) return "";
  std::string boot = std::move(text).value();
  return boot.substr(0, boot.find('\n'));
}

}  // namespace quern::fetch
