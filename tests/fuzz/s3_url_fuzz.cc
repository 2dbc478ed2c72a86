#include <cstdint>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/result.h"
#include "services/http/http.h"
#include "services/s3/address.h"
#include "services/s3/signer.h"

// The whole input is a name s3://bucket/key. What is taken must come back out of the URL that is made of it, and must
// not lead to another host.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(quern::s3::canonical_query(text));
  static_cast<void>(quern::s3::canonical_path(text, {.normalises = true, .encodes = true}));
  auto name = quern::s3::parse_s3_url(text);
  if (!name.ok()) {
    CHECK(name.error().kind == quern::ErrorKind::kBadConfig);
    return 0;
  }
  const auto& [bucket, key] = name.value();
  if (text.find('/', 5) != std::string_view::npos) CHECK(quern::s3::format_s3_url(bucket, key) == text);
  for (const char* endpoint : {"", "http://127.0.0.1:9000"}) {
    std::string made = quern::s3::object_url({.endpoint = endpoint}, bucket, key, "us-east-1");
    auto url = quern::http::parse_url(made);
    if (!url.ok()) continue;  // too long
    bool is_aws = *endpoint == '\0';
    CHECK(is_aws ? url.value().host.ends_with("s3.us-east-1.amazonaws.com") : url.value().host == "127.0.0.1:9000");
    CHECK(url.value().query.empty());
    auto path = quern::percent_decode(url.value().path);
    CHECK(path.has_value() && path->ends_with(key));
  }
  return 0;
}
