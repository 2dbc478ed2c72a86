#include "services/s3/xml.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <pugixml.hpp>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/utc_time.h"

namespace quern::s3 {
namespace {

// Keys may consist of spaces, so white space is kept. Document types are ignored, so no entities are expanded.
bool load(pugi::xml_document& document, std::string_view xml) {
  constexpr unsigned kOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;
  return static_cast<bool>(document.load_buffer(xml.data(), xml.size(), kOptions, pugi::encoding_utf8));
}

// Returns "ListBucketResult" for "s3:ListBucketResult".
std::string_view local_name(const pugi::xml_node& node) {
  std::string_view name = node.name();
  std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  return parent.find_child([&](const pugi::xml_node& node) { return local_name(node) == name; });
}

std::string_view text_of(const pugi::xml_node& parent, std::string_view name) {
  return child(parent, name).child_value();
}

// Decodes encoding-type=url as AWS and compatible servers encode it: like a form, with '+' for a space.
std::optional<std::string> decode(std::string_view text, bool is_encoded) {
  if (!is_encoded) return std::string(text);
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

Result<Object> parse_object(const pugi::xml_node& node, bool is_encoded) {
  auto key = decode(text_of(node, "Key"), is_encoded);
  if (!key.has_value() || key->empty()) return bad_input("the list of objects has one without a readable key");
  std::string_view size = text_of(node, "Size");
  Object object{.key = std::move(*key), .etag = std::string(text_of(node, "ETag"))};
  auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), object.size_bytes);
  if (error != std::errc() || end != size.data() + size.size()) {
    return bad_input("the list of objects has no size for " + object.key);
  }
  return object;
}

}  // namespace

Result<ListPage> parse_list_page(std::string_view xml) {
  pugi::xml_document document;
  if (!load(document, xml)) return bad_input("the answer is not XML; does an S3 server answer at this address?");
  pugi::xml_node root = child(document, "ListBucketResult");
  if (root.empty()) {
    return bad_input("the answer is XML, but no list of objects; does an S3 server answer at this address?");
  }
  ListPage page;
  bool is_encoded = text_of(root, "EncodingType") == "url";
  for (const pugi::xml_node& node : root.children()) {
    if (local_name(node) == "Contents") {
      TRY_ASSIGN(Object object, parse_object(node, is_encoded));
      page.objects.push_back(std::move(object));
    } else if (local_name(node) == "CommonPrefixes") {
      auto prefix = decode(text_of(node, "Prefix"), is_encoded);
      if (!prefix.has_value()) return bad_input("the list of objects has an unreadable prefix");
      page.common_prefixes.push_back(std::move(*prefix));
    }
  }
  if (text_of(root, "IsTruncated") != "true") return page;
  page.next_token = text_of(root, "NextContinuationToken");
  if (page.next_token.empty()) {
    return bad_input("the list of objects goes on, but does not say where; does the server know ListObjectsV2?");
  }
  return page;
}

Result<std::string> parse_upload_id(std::string_view xml) {
  pugi::xml_document document;
  std::string id;
  if (load(document, xml)) id = text_of(child(document, "InitiateMultipartUploadResult"), "UploadId");
  if (id.empty()) return bad_input("the answer names no upload; does an S3 server answer at this address?");
  return id;
}

Result<std::string> parse_completed_upload(std::string_view xml) {
  pugi::xml_document document;
  std::string etag;
  if (load(document, xml)) etag = text_of(child(document, "CompleteMultipartUploadResult"), "ETag");
  if (etag.empty()) return bad_input("the answer does not say that the upload is complete");
  return etag;
}

std::string xml_text(std::string_view text) {
  std::string escaped;
  for (char byte : text) {
    if (byte == '&') {
      escaped += "&amp;";
    } else if (byte == '<') {
      escaped += "&lt;";
    } else {
      escaped += byte;
    }
  }
  return escaped;
}

ErrorDocument parse_error_document(std::string_view xml) {
  pugi::xml_document document;
  if (!load(document, xml)) return {};
  pugi::xml_node error = child(document, "Error");
  if (error.empty()) error = child(child(document, "ErrorResponse"), "Error");
  return {.code = std::string(text_of(error, "Code")), .region = std::string(text_of(error, "Region"))};
}

Result<AwsCredentials> parse_sts_credentials(std::string_view xml, const std::string& action) {
  pugi::xml_document document;
  if (!load(document, xml)) return bad_input("the answer is not XML; does STS answer at this address?");
  pugi::xml_node result = child(child(document, action + "Response"), action + "Result");
  pugi::xml_node own = child(result, "Credentials");
  AwsCredentials credentials{.access_key_id = std::string(text_of(own, "AccessKeyId")),
                             .secret_access_key = Secret(std::string(text_of(own, "SecretAccessKey"))),
                             .session_token = Secret(std::string(text_of(own, "SessionToken"))),
                             .expires = parse_utc(text_of(own, "Expiration")),
                             .source = action};
  // Also wipes the copies of pugixml, because its allocator does not.
  for (const char* name : {"SecretAccessKey", "SessionToken"}) {
    const char* text = child(own, name).child_value();
    ::explicit_bzero(const_cast<char*>(text), std::strlen(text));
  }
  if (credentials.access_key_id.empty() || credentials.secret_access_key.is_empty() ||
      credentials.session_token.is_empty() || !credentials.expires.has_value()) {
    return bad_input("the answer holds no complete credentials; does STS answer at this address?");
  }
  return credentials;
}

}  // namespace quern::s3
