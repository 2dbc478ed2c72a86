#include "services/http/head_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace quern::http {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Returns the status of "HTTP/1.1 200 OK"; 0 if the line has none.
int status_of(std::string_view line) {
  std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return 0;
  std::string_view number = line.substr(blank + 1, 3);
  int status = 0;
  std::from_chars(number.data(), number.data() + number.size(), status);
  return status;
}

}  // namespace

std::optional<std::string_view> Head::header(std::string_view name) const {
  auto found = std::find_if(headers.begin(), headers.end(), [&](const Header& h) { return h.name == name; });
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

void HeadReader::start(std::string url) {
  head_ = Head{.url = std::move(url)};
  is_complete_ = false;
}

bool HeadReader::add(std::string_view line) {
  if (is_complete_) return false;
  line = trimmed(line, kBlanks);
  if (line.empty()) return is_complete_ = head_.status >= 200;
  if (line.starts_with("HTTP/")) {
    head_.status = status_of(line);
    head_.headers.clear();
    return false;
  }
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  Header header{.name = std::string(line.substr(0, colon)),
                .value = std::string(trimmed(line.substr(colon + 1), kBlanks))};
  for (char& c : header.name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  head_.headers.push_back(std::move(header));
  return false;
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) {
  std::uint64_t number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || slash == std::string_view::npos) return std::nullopt;
  std::string_view total_text = text.substr(slash + 1);
  ContentRange range{.total = parse_content_length(total_text)};
  if (!range.total.has_value() && total_text != "*") return std::nullopt;
  std::string_view ends = text.substr(kUnit.size(), slash - kUnit.size());
  if (ends == "*") return range.total.has_value() ? std::optional(range) : std::nullopt;
  std::size_t dash = ends.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto first = parse_content_length(ends.substr(0, dash));
  auto last = parse_content_length(ends.substr(dash + 1));
  if (!first.has_value() || !last.has_value() || *last < *first) return std::nullopt;
  if (*last == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  if (range.total.has_value() && *last >= *range.total) return std::nullopt;
  range.first = *first;
  range.count = *last - *first + 1;
  return range;
}

}  // namespace quern::http
