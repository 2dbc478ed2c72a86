#include "app/plan/patterns.h"

#include <algorithm>

#include "base/utf8.h"
#include "model/limits.h"

namespace quern::plan {
namespace {

constexpr std::size_t kMostNameLetters = 38;
constexpr std::size_t kMostIndexPathLetters = 255;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

bool is_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter_or_digit(c) || others.find(c) != std::string_view::npos; });
}

bool is_worker_type(std::string_view text) {
  if (text.empty() || text.size() > kMostNameLetters || !is_lower(text.front()) || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

}  // namespace

bool is_scheduler_id(std::string_view text) {
  return !text.empty() && text.size() <= kMostNameLetters && is_of(text, "-_");
}

bool is_task_queue_id(std::string_view text) {
  std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_scheduler_id(text.substr(0, slash)) &&
         is_worker_type(text.substr(slash + 1));
}

bool is_project_id(std::string_view text) {
  return !text.empty() && text.size() <= limits::kMaxProjectId && is_of(text, "._/-");
}

bool is_source(std::string_view text) {
  if (utf8::count_characters(text) > limits::kMaxTaskSource) return false;
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("ssh://") ||
         text.starts_with("git@");
}

bool is_image_name(std::string_view text) {
  return !text.empty() && is_letter_or_digit(text.front()) && is_of(text, "._/:@+-");
}

bool is_index_path(std::string_view text) {
  bool has_empty_part =
      text.empty() || text.starts_with('.') || text.ends_with('.') || text.find("..") != std::string_view::npos;
  return !has_empty_part && text.size() <= kMostIndexPathLetters && is_of(text, "_!~*'()%-.");
}

bool is_variable_name(std::string_view text) { return !text.empty() && !is_digit(text.front()) && is_of(text, "_"); }

}  // namespace quern::plan
