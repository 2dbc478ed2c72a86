#include "services/http/content_range.h"

#include <charconv>
#include <limits>
#include <system_error>

namespace quern::http {

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
