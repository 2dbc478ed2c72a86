#include "stages/fetch/resume_state.h"

#include <charconv>
#include <utility>

#include "base/fd.h"

namespace quern::fetch {
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
