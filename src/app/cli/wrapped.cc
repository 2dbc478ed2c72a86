#include "app/cli/wrapped.h"

namespace quern::app {
namespace {

constexpr std::size_t kWidth = 80;

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t first_column) {
  std::string result;
  std::size_t column = first_column;
  while (!text.empty()) {
    std::size_t end = text.find_first_of(" \n");
    std::string_view word = text.substr(0, end);
    bool starts_line = result.empty() || result.back() == ' ';
    if (column + word.size() + (starts_line ? 0 : 1) > kWidth) {
      result.append(1, '\n').append(indent, ' ');
      column = indent;
    } else if (!starts_line) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') {
      result.append(1, '\n').append(indent, ' ');
      column = indent;
    }
    text.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace quern::app
