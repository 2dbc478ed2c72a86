#include "base/text_parts.h"

#include <algorithm>

namespace quern {
namespace {

bool is_label(std::string_view text) {
  auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.front() != '-' && text.back() != '-' && std::all_of(text.begin(), text.end(), may_stand);
}

}  // namespace

bool is_host_name(std::string_view text) { return each_part(text, '.', is_label); }

}  // namespace quern
