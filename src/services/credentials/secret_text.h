#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/secret.h"

// Secret bytes as files and JSON hold them. Nothing here leaves a copy behind: buffers have their full size from the
// start, so that none moves while it grows, and are wiped. That is why JSON with secrets is not read by a library.

namespace quern::credentials {

// All that is left to read, at most `most_bytes`; more is kBadInput. Blocks as the descriptor does. `name` is what
// errors call it.
Result<Secret> read_secret(const Fd& fd, std::size_t most_bytes, std::string_view name);

// A member of a JSON object.
struct SecretMember {
  std::string name;
  Secret value;
};
// The members with text as value of the JSON object `text`, in order; those of an object within it are named
// "Outer.inner". Arrays and values of other kinds are checked and left out. Of several members of one name the last one
// counts for whoever looks from the end. kBadInput, which tells nothing of the text: it is not a JSON object by RFC
// 8259, in UTF-8, of at most a few levels.
Result<std::vector<SecretMember>> read_secret_object(std::string_view text);
// Null if there is none of that name.
Secret* find_member(std::vector<SecretMember>& members, std::string_view name);

// Appends "text" with its quotes, escaped. `json` must have the capacity: six bytes for each one, and two.
void append_json_text(std::string& json, std::string_view text);

// Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

}  // namespace quern::credentials
