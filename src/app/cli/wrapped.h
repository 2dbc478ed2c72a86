#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::app {

// Breaks the lines of a help text between words so that each fits into a terminal. Every line except the first is
// indented; the first begins in `first_column`, where the caller has already written so much.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t first_column);

}  // namespace quern::app
