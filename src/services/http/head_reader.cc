#include "services/http/head_reader.h"

#include <algorithm>
#include <charconv>
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

}  // namespace quern::http
