#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "stages/inputs/collector.h"
#include "stages/inputs/inputs.h"
#include "stages/inputs/key_pattern.h"

namespace quern::inputs {

// Whether it begins with http:// or https://.
bool is_web_url(std::string_view text);

// Finds inputs in buckets and behind HTTP and adds them to a Collector. Not thread-safe; blocks on the network.
class RemoteFinder {
 public:
  RemoteFinder(const InputRequest& request, Collector& found, std::stop_token stop)
      : request_(request), found_(found), stop_(std::move(stop)) {}

  // Whether this name is remote: a supported URL, or any name if names are keys of a bucket.
  bool takes(std::string_view name) const;

  // Asks for the objects with exactly these names in parallel, which is faster than one after another.
  Result<void> ask_ahead(const std::vector<Pattern>& patterns);
  // Adds the inputs of a name or glob. If nothing matches, that is an error.
  Result<void> add_pattern(const std::string& text);
  // Adds a name from a list, without asking whether it exists, as lists may be older than what they name.
  Result<void> add_line(const std::string& name, std::optional<std::uint64_t> size_bytes);
  // Adds everything that the index at `url` names for this filter.
  Result<void> add_index(const std::string& url, std::string_view filter_json);

 private:
  // A key or a pattern of keys, and what comes before it in the names of inputs: "s3://bucket/", or "" for bare keys.
  struct Named {
    std::string bucket;
    std::string key;
    std::string name_prefix;
  };
  Result<void> check_peers(const std::string& name) const;
  // Whether the run writes its result there.
  bool is_own(const Named& named, std::string_view key) const;
  Result<void> check_not_own(const Named& named, std::string_view key) const;
  Result<Named> take_apart(const std::string& text) const;

  Result<void> add_keys(const Named& named, const std::string& text);
  Result<bool> add_exact(const Named& named, const std::string& key);
  // Objects that were listed, but that no pattern matches.
  struct Others {
    std::uint64_t count = 0;
    std::string nearest;       // the first of them
    bool has_pattern = false;  // an object has exactly the name that was taken for a pattern
  };
  // Lists what begins with `prefix`, which must begin with the prefix of the listing.
  Result<void> add_listing(const Named& named, const KeyListing& listing, const std::string& prefix, Others& others);
  std::vector<std::string> narrowed(const Named& named, const KeyListing& listing) const;
  Result<std::string> advice_below(const Named& named);
  Result<void> add_url(const std::string& url, std::optional<std::uint64_t> size_bytes);

  const InputRequest& request_;
  Collector& found_;
  const std::stop_token stop_;
  std::unordered_map<std::string, Input> asked_ahead_;  // existing objects, by URL
};

}  // namespace quern::inputs
