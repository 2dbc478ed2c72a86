#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "services/s3/xml.h"

// The whole input is the body of an answer, tried as each of the kinds.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view xml(reinterpret_cast<const char*>(data), size);
  auto page = quern::s3::parse_list_page(xml);
  if (page.ok()) {
    for (const auto& object : page.value().objects) CHECK(!object.key.empty());
  } else {
    CHECK(page.error().kind == quern::ErrorKind::kBadInput && !page.error().message.empty());
  }
  static_cast<void>(quern::s3::parse_error_document(xml));
  auto credentials = quern::s3::parse_sts_credentials(xml, "GetFederationToken");
  auto id = quern::s3::parse_upload_id(xml);
  if (id.ok()) CHECK(!id.value().empty());
  auto etag = quern::s3::parse_completed_upload(xml);
  if (etag.ok()) CHECK(!etag.value().empty());
  if (credentials.ok()) CHECK(!credentials.value().secret_access_key.is_empty());
  return 0;
}
