#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// Encodes bytes as one word of text: compressed with zstd, with a checksum, in base64. Pure functions.

namespace quern::archive {

std::string text_of(std::string_view bytes);

// kBadInput if the text does not have this form, is damaged, or decodes to more than `most_bytes`.
Result<std::string> bytes_of(std::string_view text, std::size_t most_bytes);

}  // namespace quern::archive
