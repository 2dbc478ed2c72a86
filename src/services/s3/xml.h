#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"
#include "services/s3/store.h"

// The XML that S3 and STS answer with. Pure functions; the only users of pugixml.

namespace quern::s3 {

struct ListPage {
  std::vector<Object> objects;
  std::vector<std::string> common_prefixes;
  std::string next_token;  // "" on the last page
};
// A ListBucketResult, https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html. kBadInput: it is
// something else, lacks something, or contradicts itself.
Result<ListPage> parse_list_page(std::string_view xml);

// What an error document says; "" where it says nothing, or is none.
struct ErrorDocument {
  std::string code;
  std::string region;  // where the bucket is, of AuthorizationHeaderMalformed and PermanentRedirect
};
// Both of S3's <Error> and of STS's <ErrorResponse>. Never fails.
ErrorDocument parse_error_document(std::string_view xml);

// What STS answers to an action that gives credentials, such as a GetFederationTokenResponse. kBadInput, without a byte
// of the answer in the message: it is something else.
Result<AwsCredentials> parse_sts_credentials(std::string_view xml, const std::string& action);

}  // namespace quern::s3
