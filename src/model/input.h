#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "model/shared_text.h"

namespace quern::limits {

// The maximum size of an S3 object (50 TB). A larger size is wrong, whatever its source, and the input fails.
inline constexpr std::uint64_t kMaxInputBytes = 50ULL << 40;

}  // namespace quern::limits

namespace quern {

// Where the URL of an object contains its S3 bucket. kAuto: on AWS, in the host name. On other servers, as the first
// part of the path; on AWS too if the bucket cannot be part of a host name (upper case or '_') or contains a '.', which
// AWS's certificates do not cover.
enum class AddressStyle { kAuto, kPath, kHost };

// Position in the sorted list of inputs; the first part of every address.
using InputOrdinal = std::uint32_t;

// An input whose texts are of this type: Input owns them, and InputView borrows them.
template <typename Text>
struct InputOf {
  // The name for display: as the user wrote it or as its pattern expanded, but without the query of a URL (shown_url).
  Text name;
  Text path;                       // where its bytes are on local disk, or will be after fetching
  std::uint64_t stored_bytes = 0;  // its size as stored, usually compressed
  // Only for inputs that must be fetched.
  Text url;                   // s3://bucket/key (the key as it is, not encoded) or https://...; "" for a local file
  Text etag;                  // from a listing, with its quotes; "" if unknown
  bool size_is_known = true;  // false: the size is unknown until the input is fetched, and stored_bytes is 0
  bool size_binds = true;     // false: the size comes from a HEAD request, and the object may turn out to have another

  bool is_remote() const { return !url.empty(); }
  bool is_behind_http() const { return is_remote() && !std::string_view(url).starts_with("s3://"); }
  // The name as the user wrote it; mappers get it as `file`.
  std::string_view given_name() const { return is_behind_http() ? url : name; }
  // The given name without the query of a URL. Filters and file extensions apply to this.
  std::string_view file_name() const {
    const std::string_view given = given_name();
    return is_behind_http() ? given.substr(0, given.find_first_of("?#")) : given;
  }
  template <typename Other>
  InputOf<Other> as() const {
    return {.name = std::string_view(name),
            .path = std::string_view(path),
            .stored_bytes = stored_bytes,
            .url = std::string_view(url),
            .etag = std::string_view(etag),
            .size_is_known = size_is_known,
            .size_binds = size_binds};
  }
  // Every input can be viewed.
  operator InputOf<std::string_view>() const  // NOLINT(google-explicit-constructor): it is the same input
      requires(!std::is_same_v<Text, std::string_view>) {
    return as<std::string_view>();
  }
};
using Input = InputOf<SharedText>;
using InputView = InputOf<std::string_view>;

}  // namespace quern
