#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/shared_text.h"

namespace quern {

// Position in the sorted list of inputs; the first part of every address.
using InputOrdinal = std::uint32_t;

struct Input {
  // As texts show it: as the user named it, or as its pattern expanded, but of a URL without its query (shown_url).
  SharedText name;
  SharedText path;                 // where its bytes are on local disk, or will be once they are fetched
  std::uint64_t stored_bytes = 0;  // its size as stored, so usually compressed
  // Only of inputs that are fetched first.
  SharedText url = {};        // s3://bucket/key (the key as it is, not encoded) or https://...; "" for a local file
  SharedText etag = {};       // as a listing gave it, with its quotes; "" if unknown
  bool size_is_known = true;  // false: nobody said it before it is fetched, and stored_bytes is 0
  bool size_binds = true;     // false: the answer to a HEAD said it; the object may turn out to have another

  bool is_remote() const { return !url.empty(); }
  bool is_behind_http() const { return is_remote() && !url.view().starts_with("s3://"); }
  // As the user named it: what `file` is in a mapper.
  std::string_view given_name() const { return is_behind_http() ? url : name; }
  // The given name up to the query of a URL: what filters and endings of names are about.
  std::string_view file_name() const {
    const std::string_view given = given_name();
    return is_behind_http() ? given.substr(0, given.find_first_of("?#")) : given;
  }
};

struct InputList {
  std::vector<Input> inputs;
  std::vector<std::string> notes;  // such as "3 inputs were named twice"
};

}  // namespace quern
