#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "services/http/http.h"
#include "services/s3/address.h"
#include "services/s3/credential_provider.h"
#include "services/s3/signer.h"

// Buckets of S3, or of a server that speaks as it does. A Store belongs to the thread of its client.

namespace quern::s3 {

struct Object {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string etag;  // with its quotes; "" if the server gave none

  bool operator==(const Object&) const = default;
};

struct ListRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;  // "/": only what lies directly below the prefix, not in folders below it
};

struct ObjectRequest {
  http::Request request;           // a GET of the whole object
  http::Signer* signer = nullptr;  // the Store's; good as long as it is
};

// Errors of all: kNotFound for a bucket that is not there; kDenied for credentials that are missing, expired, wrong or
// not allowed to, and for a clock that is wrong; else as http::Client's. Their messages say what to do. A bucket in
// another region than ours is asked there, once it says so.
class Store {
 public:
  virtual ~Store() = default;

  // Calls `take` for each object whose key starts with the prefix, in the order that the server has (byte order, on
  // AWS), page by page; memory is that of a page. Ends with the error of `take`, if it has one. Blocks.
  virtual Result<void> list(const ListRequest& request, const std::function<Result<void>(const Object&)>& take,
                            const std::stop_token& stop) = 0;

  // None: there is no such object. Blocks.
  virtual Result<std::optional<Object>> head(const std::string& bucket, const std::string& key,
                                             const std::stop_token& stop) = 0;

  // How to get an object. Blocks for one request when it is the first that is asked of a bucket, to learn its region;
  // the only errors are then those of that request not being answered at all.
  virtual Result<ObjectRequest> object_request(const std::string& bucket, const std::string& key,
                                               const std::stop_token& stop) = 0;

  // What it means that such a request was refused, without the object's name.
  virtual Error explain(const http::Response& refusal, const std::string& bucket) = 0;
};

struct StoreOptions {
  AddressOptions address;
  std::string region{kDefaultRegion};
  bool requester_pays = false;  // the owner of the credentials pays for what is listed and got
};

// Borrows the client and the provider. kBadConfig: the options are wrong.
Result<std::unique_ptr<Store>> make_store(StoreOptions options, http::Client& client, CredentialProvider& provider,
                                          Clock now);

}  // namespace quern::s3
