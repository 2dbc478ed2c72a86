#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/secret.h"

// Reads secret bytes from files and JSON without leaving copies in memory: buffers have their full size from the start,
// so that they never move while growing, and are wiped. This is why JSON with secrets is not parsed by a library.

namespace quern::credentials {

// Reads the rest of the file, at most `most_bytes`; kBadInput if there is more. Blocks if the descriptor does. `name`
// is the file's name in errors.
Result<Secret> read_secret(const Fd& fd, std::size_t most_bytes, std::string_view name);

// A member of a JSON object.
struct SecretMember {
  std::string name;
  Secret value;
};
// Returns the members of the JSON object `text` whose values are strings, in order; members of a nested object are
// named "Outer.inner". Arrays and values of other types are validated and skipped. Several members may have the same
// name; search from the end to find the one that counts. kBadInput, revealing nothing of the text, if it is not a JSON
// object (RFC 8259) in UTF-8 with at most a few levels.
Result<std::vector<SecretMember>> read_secret_object(std::string_view text);
// Returns null if there is no member with that name.
Secret* find_member(std::vector<SecretMember>& members, std::string_view name);

// Appends the text in quotes, escaped. `json` must have enough capacity: six bytes for each byte of `text`, plus two.
void append_json_text(std::string& json, std::string_view text);

}  // namespace quern::credentials
