#include "stages/inputs/remote.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

#include "base/shown_url.h"
#include "base/text.h"
#include "services/http/http.h"
#include "services/s3/address.h"
#include "services/s3/store.h"
#include "stages/inputs/glob.h"
#include "stages/inputs/manifest.h"
#include "stages/inputs/sizes.h"

namespace quern::inputs {
namespace {

// The most listings that a filter may narrow one pattern to; beyond that, everything that the pattern covers is listed.
constexpr std::size_t kMaxNarrowedListings = 100;

// Some tools create such objects to represent an empty folder. They are not inputs.
bool is_folder_marker(const s3::Object& object) { return object.key.ends_with('/') && object.size_bytes == 0; }

// Inserts a letter before each dot that begins a part after the first `from` bytes. If a pattern matches this key but
// not the original one, only a leading dot is the reason.
std::string without_dots(std::string_view key, std::size_t from) {
  std::string plain;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (i >= from && key[i] == '.' && (i == 0 || key[i - 1] == '/')) plain += 'x';
    plain += key[i];
  }
  return plain;
}

}  // namespace

bool is_web_url(std::string_view text) {
  std::string scheme = lower_case(text.substr(0, std::min<std::size_t>(text.size(), 8)));
  return scheme.starts_with("http://") || scheme == "https://";
}

bool RemoteFinder::takes(std::string_view name) const {
  if (s3::is_s3_url(name) || is_web_url(name)) return true;
  return !request_.bucket.empty() && name.find("://") == std::string_view::npos;
}

Result<void> RemoteFinder::check_peers(const std::string& name) const {
  bool has_peer = is_web_url(name) ? static_cast<bool>(request_.peers.client) : static_cast<bool>(request_.peers.store);
  if (has_peer) return {};
  return bad_config(shown_url(name) + ": this command reads local files only; download it first, and name the file");
}

Result<RemoteFinder::Named> RemoteFinder::take_apart(const std::string& text) const {
  if (!s3::is_s3_url(text)) {
    TRY(s3::check_bucket(request_.bucket));
    return Named{.bucket = request_.bucket, .key = text, .name_prefix = ""};
  }
  TRY_ASSIGN(s3::ObjectName name, s3::parse_s3_url(text));
  std::string prefix = s3::format_s3_url(name.bucket, "");
  return Named{.bucket = std::move(name.bucket), .key = std::move(name.key), .name_prefix = std::move(prefix)};
}

Result<void> RemoteFinder::ask_ahead(const std::vector<Pattern>& patterns) {
  std::vector<Input> objects;
  for (const Pattern& pattern : patterns) {
    if (pattern.text == "-" || !takes(pattern.text) || is_web_url(pattern.text) || !request_.peers.store) continue;
    // If it is invalid, the error is reported when its turn comes.
    auto named = take_apart(pattern.text);
    auto plan = named.ok() ? plan_keys(named.value().key) : Result<KeyPlan>(KeyPlan{});
    if (!plan.ok()) continue;
    for (const std::string& key : plan.value().exact) {
      objects.push_back({.url = s3::format_s3_url(named.value().bucket, key), .size_is_known = false});
    }
  }
  if (objects.size() < 2) return {};
  auto asked = ask_sizes(request_.peers, objects, stop_);
  if (!asked.ok() && asked.error().kind == ErrorKind::kStopped) return asked;
  for (Input& object : objects) {
    if (object.size_is_known) asked_ahead_.emplace(object.url.str(), std::move(object));
  }
  return {};
}

Result<void> RemoteFinder::add_pattern(const std::string& text) {
  TRY(check_peers(text));
  if (is_web_url(text)) return add_url(text, std::nullopt);
  TRY_ASSIGN(Named named, take_apart(text));
  found_.begin_pattern(named.name_prefix.size() + folder_bytes(named.key));
  return add_keys(named, text);
}

Result<void> RemoteFinder::add_keys(const Named& named, const std::string& text) {
  const std::size_t own_before = found_.own_left_out();
  std::size_t count_before = found_.count();
  TRY_ASSIGN(KeyPlan plan, plan_keys(named.key));
  for (const std::string& key : plan.exact) {
    TRY_ASSIGN(bool is_there, add_exact(named, key));
    static_cast<void>(is_there);
  }
  Others others;
  for (const KeyListing& listing : plan.listings) {
    for (const std::string& prefix : narrowed(named, listing)) TRY(add_listing(named, listing, prefix, others));
  }
  if (found_.count() > count_before) return {};
  if (plan.listings.empty()) {
    TRY_ASSIGN(std::string advice, advice_below(named));
    return not_found("there is no object " + text + advice);
  }
  if (found_.filter() != nullptr) {
    // Lists everything, so that the message can say what exists.
    others = {};
    for (const KeyListing& listing : plan.listings) TRY(add_listing(named, listing, listing.prefix, others));
    if (found_.count() > count_before) return {};
  }
  std::string message = text + " matches no object";
  if (plan.listings.size() == 1 && !plan.listings[0].prefix.empty()) {
    message += others.count == 0 ? ": none begins with " + named.name_prefix + plan.listings[0].prefix : "";
  }
  if (others.has_pattern) {
    message += "; there is one of this very name: write " + named.name_prefix + glob::escape(named.key);
  } else if (others.count > 0) {
    message += "; there " + std::string(others.count == 1 ? "is " : "are ") + std::to_string(others.count) +
               (others.count == 1 ? " other, " : " others, such as ") + others.nearest;
  }
  return not_found(message + found_.left_out_since(own_before));
}

// Lists only what the filter allows at the beginning of paths, instead of dropping the rest after listing it.
std::vector<std::string> RemoteFinder::narrowed(const Named& named, const KeyListing& listing) const {
  if (found_.filter() == nullptr) return {listing.prefix};
  const std::string folder = listing.prefix.substr(0, folder_bytes(named.key));
  std::vector<std::string> begins = found_.filter()->prefixes(kMaxNarrowedListings);
  // The filter skips slashes before the path.
  begins.emplace_back("/");
  std::vector<std::string> prefixes;
  for (const std::string& begin : begins) {
    std::string prefix = folder + begin;
    if (listing.prefix.starts_with(prefix)) prefix = listing.prefix;
    if (prefix.starts_with(listing.prefix)) prefixes.push_back(std::move(prefix));
  }
  return without_covered(std::move(prefixes));
}

bool RemoteFinder::is_own(const Named& named, std::string_view key) const {
  return request_.own_files != nullptr && request_.own_files->is_object(s3::format_s3_url(named.bucket, key));
}

Result<void> RemoteFinder::check_not_own(const Named& named, std::string_view key) const {
  if (!is_own(named, key)) return {};
  return replaced("the input " + s3::format_s3_url(named.bucket, key), {.role = "result", .is_querns = true});
}

Result<bool> RemoteFinder::add_exact(const Named& named, const std::string& key) {
  TRY(check_not_own(named, key));
  if (auto known = asked_ahead_.find(s3::format_s3_url(named.bucket, key)); known != asked_ahead_.end()) {
    Input input = known->second;
    input.name = named.name_prefix + key;
    found_.add_remote(std::move(input));
    return true;
  }
  TRY_ASSIGN(s3::Store * store, request_.peers.store());
  TRY_ASSIGN(auto object, store->head(named.bucket, key, stop_));
  if (!object.has_value()) return false;
  found_.add_remote({.name = named.name_prefix + key,
                     .stored_bytes = object->size_bytes,
                     .url = s3::format_s3_url(named.bucket, key),
                     .etag = std::move(object->etag),
                     .size_binds = false});
  return true;
}

Result<void> RemoteFinder::add_listing(const Named& named, const KeyListing& listing, const std::string& prefix,
                                       Others& others) {
  TRY_ASSIGN(s3::Store * store, request_.peers.store());
  auto find = [&](std::string_view key) {
    return std::find_if(listing.patterns.begin(), listing.patterns.end(),
                        [&](const KeyPattern& pattern) { return pattern.matches(key); });
  };
  auto take = [&](const s3::Object& object) -> Result<void> {
    if (is_folder_marker(object)) return {};
    auto wanted = find(object.key);
    if (wanted != listing.patterns.end() && is_own(named, object.key)) {
      found_.leave_out_own(named.name_prefix + object.key);
      return {};
    }
    if (wanted != listing.patterns.end() && !wanted->names_bookkeeping() &&
        is_in_bookkeeping(std::string_view(object.key).substr(listing.prefix.rfind('/') + 1))) {
      found_.leave_out_bookkeeping(named.name_prefix + object.key);
      return {};
    }
    if (wanted == listing.patterns.end()) {
      const std::string plain = without_dots(object.key, listing.prefix.size());
      if (plain != object.key && find(plain) != listing.patterns.end()) {
        found_.leave_out_hidden(named.name_prefix + object.key);
      }
      if (others.count++ == 0) others.nearest = named.name_prefix + object.key;
      others.has_pattern = others.has_pattern || object.key == named.key;
      return {};
    }
    found_.add_remote({.name = named.name_prefix + object.key,
                       .stored_bytes = object.size_bytes,
                       .url = s3::format_s3_url(named.bucket, object.key),
                       .etag = object.etag});
    return {};
  };
  s3::ListRequest request{.bucket = named.bucket, .prefix = prefix, .delimiter = listing.is_one_level ? "/" : ""};
  return store->list(request, take, stop_);
}

// For a name that may have been meant as a folder.
Result<std::string> RemoteFinder::advice_below(const Named& named) {
  if (glob::unescape(named.key) != named.key || named.key.find('{') != std::string::npos) return std::string();
  TRY_ASSIGN(s3::Store * store, request_.peers.store());
  std::string first;
  auto take = [&](const s3::Object& object) -> Result<void> {
    first = object.key;
    return Error{.kind = ErrorKind::kStopped, .message = "one is enough"};
  };
  auto listed = store->list({.bucket = named.bucket, .prefix = named.key + "/"}, take, stop_);
  // A client that may read objects may still be denied listing them: then there is no advice.
  if (!listed.ok() && first.empty() && listed.error().kind != ErrorKind::kDenied) return std::move(listed).error();
  if (first.empty()) return std::string();
  return "; there is " + named.name_prefix + first + ": end the name with / to take everything below";
}

Result<void> RemoteFinder::add_line(const std::string& name, std::optional<std::uint64_t> size_bytes) {
  TRY(check_peers(name));
  if (is_web_url(name)) return add_url(name, size_bytes);
  TRY_ASSIGN(Named named, take_apart(name));
  if (named.key.empty()) {
    return bad_config(name + " names a bucket; a list names objects");
  }
  TRY(check_not_own(named, named.key));
  found_.begin_pattern(named.name_prefix.size());
  found_.add_remote({.name = name,
                     .stored_bytes = size_bytes.value_or(0),
                     .url = s3::format_s3_url(named.bucket, named.key),
                     .size_is_known = size_bytes.has_value()});
  return {};
}

Result<void> RemoteFinder::add_url(const std::string& url, std::optional<std::uint64_t> size_bytes) {
  auto parsed = http::parse_url(url);
  if (!parsed.ok()) {
    return bad_config(std::move(parsed).error().message);
  }
  const SharedText given(url);
  Input input{.name = request_.shows_query ? given : SharedText(shown_url(url)), .url = given};
  if (input.name == input.url) input.name = given;
  found_.begin_pattern(std::min(url.find('/', url.find("://") + 3), input.file_name().size()));
  input.size_is_known = size_bytes.has_value();
  input.stored_bytes = size_bytes.value_or(0);
  found_.add_remote(std::move(input));
  return {};
}

Result<void> RemoteFinder::add_index(const std::string& url, std::string_view filter_json) {
  if (!is_web_url(url)) {
    return bad_config("the index must be an http:// or https:// URL");
  }
  TRY(check_peers(url));
  TRY_ASSIGN(http::Client * client, request_.peers.client());
  auto take = [&](const IndexEntry& entry) -> Result<void> {
    if (!takes(entry.name)) {
      return bad_config("the index names " + shown_url(entry.name) +
                        (entry.name.find("://") == std::string::npos
                             ? ", which is a key; say of which bucket, with --bucket or QUERN_BUCKET"
                             : ", which quern cannot read; it reads s3://, https:// and http:// URLs"));
    }
    return add_line(entry.name, entry.size_bytes);
  };
  return ask_index(*client, url, filter_json, take, stop_);
}

}  // namespace quern::inputs
