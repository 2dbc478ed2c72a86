#include <cstdint>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/result.h"
#include "services/http/head_reader.h"
#include "services/http/refusal.h"
#include "services/http/url.h"
#include "stages/fetch/local_names.h"

// The whole input is taken for each thing that comes from the network or from a user: a URL, a Location, a key, the
// value of a header, a head, an error document.

namespace {

using namespace quern;
using namespace quern::http;

void check_url(std::string_view text) {
  auto url = parse_url(text);
  if (!url.ok()) {
    CHECK(url.error().kind == ErrorKind::kBadInput && url.error().message.find('\n') == std::string::npos);
    return;
  }
  CHECK(!url.value().host.empty() && url.value().path.starts_with('/'));
  // What is shown of it is a URL of the same place.
  auto again = parse_url(shown(url.value()));
  CHECK(again.ok() && is_same_origin(again.value(), url.value()) && again.value().path == url.value().path);
}

void check_location(std::string_view text) {
  for (const char* base : {"https://host:8/a/b?c", "http://host"}) {
    auto target = resolve(parse_url(base).value(), text);
    if (target.ok()) CHECK(parse_url(target.value()).ok() && target.value().find('#') == std::string::npos);
  }
}

void check_encoding(std::string_view text) {
  CHECK(percent_decode(percent_encode(text)) == text);
  CHECK(percent_decode(percent_encode(text, "/")) == text);
  auto decoded = percent_decode(text);
  if (decoded.has_value()) CHECK(decoded->size() <= text.size());
}

void check_headers(std::string_view text) {
  auto range = parse_content_range(text);
  if (range.has_value() && range->total.has_value()) CHECK(range->first + range->count <= *range->total);
  if (range.has_value()) CHECK(range->first + range->count >= range->first);
  auto wait = parse_retry_after(text, {});
  if (wait.has_value()) CHECK(retry_wait({}, 1, 0.5, wait) <= std::chrono::minutes(5));
}

void check_answer(std::string_view text) {
  HeadReader reader;
  reader.start("http://host/");
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + (line.size() < rest.size() ? 1 : 0));
    reader.add(line);
  }
  Error error = to_error(read_refusal(reader.head(), text));
  for (char c : error.message) CHECK(static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
}

void check_key(const std::string& key) {
  const std::string name = fetch::local_names({{.name = key, .url = key}}, 1000).front();
  CHECK(name.starts_with(".quern-names/") ? !fetch::is_plain_name(name) : name == key && fetch::is_plain_name(name));
  CHECK(("/" + name + "/").find("/../") == std::string::npos && name.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_url(text);
  check_location(text);
  check_encoding(text);
  check_headers(text);
  check_answer(text);
  check_key(std::string(text));
  return 0;
}
