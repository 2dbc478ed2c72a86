#include "services/json/structure.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/utf8.h"
#include "model/limits.h"

namespace quern::json {
namespace {

// Only simdjson's second pass uses this; quern walks the tokens itself.
constexpr std::size_t kDepth = 1;
constexpr std::size_t kLeastCapacity = 64 * limits::kKiB;

}  // namespace

Structure::Structure() = default;
Structure::~Structure() = default;

bool Structure::reserve(std::size_t size) {
  if (implementation_ != nullptr && size <= capacity_) return true;
  std::size_t capacity = std::max({size, 2 * capacity_, kLeastCapacity});
  auto failed =
      simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDepth, implementation_);
  capacity_ = failed == simdjson::SUCCESS ? capacity : 0;
  return capacity_ > 0;
}

std::string Structure::find_tokens(std::string_view text) {
  count_ = 0;
  if (!reserve(text.size())) return "there is not enough memory to parse it";
  auto outcome = implementation_->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                         simdjson::stage1_mode::regular);
  switch (outcome) {
    case simdjson::SUCCESS:
      count_ = implementation_->n_structural_indexes;
      return "";
    case simdjson::EMPTY:
      implementation_->structural_indexes[0] = static_cast<std::uint32_t>(text.size());
      return "";
    case simdjson::UTF8_ERROR:
      return "it is not UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string is never closed";
    case simdjson::UNESCAPED_CHARS:
      return "a string has a control character in it that is not escaped";
    default:
      return simdjson::error_message(outcome);
  }
}

const std::uint32_t* Structure::tokens() const { return implementation_->structural_indexes.get(); }

std::string first_not_utf8(std::string_view text) {
  const std::size_t at = utf8::first_invalid(text);
  if (at == text.size()) return "";
  return fmt::format("column {}: byte 0x{:02x}", at + 1, static_cast<unsigned char>(text[at]));
}

}  // namespace quern::json
