#include "stages/inputs/manifest.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <string>
#include <utility>

#include "base/shown_url.h"
#include "model/limits.h"

namespace quern::inputs {
namespace {

constexpr std::size_t kShownSizeBytes = 80;  // of unexpected text, in messages

// Longer than any path that the kernel accepts. If a line is longer, this is not a list of names.
constexpr std::size_t kMostLineBytes = std::size_t{64} << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The names of `find -print0` have no line ends between them.
Error zero_byte() {
  return bad_config("the line holds a zero byte: is this a list of names? They are one a line (find without -print0)");
}

Error too_long() {
  return bad_config("the line is longer than " + std::to_string(kMostLineBytes) + " bytes: is this a list of names?");
}

// Splits the source, which is read in pieces, into lines.
class LineReader {
 public:
  explicit LineReader(const std::function<Result<void>(const ManifestLine&)>& take) : take_(take) {}

  std::uint64_t line_number() const { return number_; }

  Result<void> add(std::string_view piece) {
    while (!piece.empty()) {
      std::size_t end = piece.find('\n');
      std::string_view part = piece.substr(0, end);
      if (rest_.size() + part.size() > kMostLineBytes) {
        const bool has_zero = (rest_ + std::string(part)).find('\0') != std::string::npos;
        return has_zero ? zero_byte() : too_long();
      }
      if (end == std::string_view::npos) {
        rest_.append(part);
        return {};
      }
      if (rest_.empty()) {
        TRY(line(part));
      } else {
        rest_.append(part);
        TRY(line(rest_));
        rest_.clear();
      }
      piece.remove_prefix(end + 1);
      ++number_;
    }
    return {};
  }
  Result<void> end() { return rest_.empty() ? Result<void>() : line(rest_); }

 private:
  Result<void> line(std::string_view text) {
    if (number_ == 1 && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.find_first_not_of(" \t") == std::string_view::npos) return {};
    if (text.find('\0') != std::string_view::npos) return zero_byte();
    ManifestLine entry{.number = number_, .name = text};
    std::size_t tab = text.rfind('\t');
    if (tab != std::string_view::npos) {
      std::string_view size = text.substr(tab + 1);
      entry.name = text.substr(0, tab);
      std::uint64_t size_bytes = 0;
      auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), size_bytes);
      if (error != std::errc() || end != size.data() + size.size()) {
        return bad_config("what follows the TAB is not a size in bytes: " + shown_url(size).substr(0, kShownSizeBytes) +
                          ": is this a list of names?");
      }
      entry.size_bytes = size_bytes;
    }
    if (entry.name.empty()) return bad_config("there is a size, but no name before it");
    return take_(entry);
  }

  const std::function<Result<void>(const ManifestLine&)>& take_;
  std::string rest_;  // the beginning of a line that the last piece did not end
  std::uint64_t number_ = 1;
};

}  // namespace

Result<void> read_manifest(ByteSource& source, std::string_view origin,
                           const std::function<Result<void>(const ManifestLine&)>& take) {
  LineReader lines(take);
  std::string piece(limits::kReadBytes, '\0');
  std::uint64_t total_bytes = 0;
  auto at_line = [&](Result<void> result) {
    return std::move(result).context(std::string(origin) + ":" + std::to_string(lines.line_number()));
  };
  while (true) {
    auto count = source.read(piece).context(origin);
    if (!count.ok()) return std::move(count).error();
    if (count.value() == 0) return at_line(lines.end());
    total_bytes += count.value();
    if (total_bytes > limits::kMaxManifestBytes) {
      return bad_config(std::string(origin) + " is longer than " + std::to_string(limits::kMaxManifestBytes) +
                        " bytes");
    }
    TRY(at_line(lines.add({piece.data(), count.value()})));
  }
}

namespace {

using Json = nlohmann::json;

Error bad_answer(std::string message) { return bad_input("the index's answer " + std::move(message)); }

Result<IndexEntry> parse_entry(const Json& json, std::size_t number) {
  std::string where = "has, as its entry " + std::to_string(number) + ", ";
  if (!json.is_object()) return bad_answer(where + "no object");
  auto name = json.find("file_name");
  if (name == json.end() || !name->is_string() || name->get_ref<const std::string&>().empty()) {
    return bad_answer(where + "one without a \"file_name\" that is a string");
  }
  IndexEntry entry{.name = name->get<std::string>()};
  if (entry.name.find('\0') != std::string::npos) return bad_answer(where + "a name with a zero byte");
  auto size = json.find("size");
  if (size == json.end() || size->is_null()) return entry;
  if (!size->is_number_unsigned()) return bad_answer(where + "a \"size\" that is not a number of bytes");
  entry.size_bytes = size->get<std::uint64_t>();
  return entry;
}

}  // namespace

Result<void> parse_index(std::string_view json, const std::function<Result<void>(const IndexEntry&)>& take) {
  Json list = Json::parse(json, nullptr, false);
  if (list.is_discarded()) return bad_answer("is not JSON");
  if (!list.is_array()) return bad_answer("is not a list");
  std::size_t number = 0;
  for (const Json& each : list) {
    TRY_ASSIGN(IndexEntry entry, parse_entry(each, ++number));
    TRY(take(entry));
  }
  return {};
}

Result<void> ask_index(http::Client& client, const std::string& url, std::string_view filter_json,
                       const std::function<Result<void>(const IndexEntry&)>& take, const std::stop_token& stop) {
  http::Request request{.method = "POST",
                        .url = url,
                        .headers = {{.name = "Content-Type", .value = "application/json"}},
                        .body = std::string("{\"filter\":").append(filter_json).append("}")};
  TRY_ASSIGN(http::Response response, client.call(request, nullptr, stop));
  return parse_index(response.body, take);
}

}  // namespace quern::inputs
