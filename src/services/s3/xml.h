#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"
#include "services/s3/store.h"

// Parses the XML answers of S3 and STS. Pure functions. Only this unit uses pugixml.

namespace quern::s3 {

struct ListPage {
  std::vector<Object> objects;
  std::vector<std::string> common_prefixes;
  std::string next_token;  // "" on the last page
};
// Parses a ListBucketResult, https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html. kBadInput if the
// text is something else, is incomplete, or contradicts itself.
Result<ListPage> parse_list_page(std::string_view xml);

// Returns the UploadId of an InitiateMultipartUploadResult; kBadInput if there is none.
Result<std::string> parse_upload_id(std::string_view xml);
// Returns the ETag of a CompleteMultipartUploadResult, with its quotes; kBadInput if the text is something else, such
// as an error document.
Result<std::string> parse_completed_upload(std::string_view xml);
// Returns the text as character data: "&amp;" for "&".
std::string xml_text(std::string_view text);

// The contents of an error document; fields that are missing are "".
struct ErrorDocument {
  std::string code;
  std::string region;  // the bucket's region, in AuthorizationHeaderMalformed and PermanentRedirect
};
// Parses S3's <Error> and STS's <ErrorResponse>. Never fails.
ErrorDocument parse_error_document(std::string_view xml);

// Parses the answer of STS to an action that returns credentials, such as a GetFederationTokenResponse. kBadInput if it
// is something else; the message contains no part of the answer.
Result<AwsCredentials> parse_sts_credentials(std::string_view xml, const std::string& action);

}  // namespace quern::s3
