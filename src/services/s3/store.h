#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/http/http.h"
#include "services/s3/address.h"
#include "services/s3/credential_provider.h"
#include "services/s3/signer.h"

// Buckets of S3, or of a server that is compatible with it. A Store belongs to the thread of its client.

namespace quern::s3 {

struct Object {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string etag;  // with its quotes; "" if the server sent none

  bool operator==(const Object&) const = default;
};

struct ListRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;  // "/": only what is directly below the prefix, not in its subfolders
};

struct ObjectRequest {
  http::Request request;           // a GET of the whole object
  http::Signer* signer = nullptr;  // owned by the Store; valid as long as it is
};

// A request that changes an object.
struct ChangeRequest {
  std::string method;  // PUT, POST or DELETE
  std::string bucket;
  std::string key;
  std::string query = {};  // its parameters in the order of their names
  std::vector<http::Header> headers = {};
  std::string body = {};
  std::chrono::milliseconds longest{0};  // as in http::Request
};

// Errors of all functions: kNotFound if the bucket does not exist; kDenied if credentials are missing, expired, wrong
// or not sufficient, or if the clock is wrong; otherwise those of http::Client. The messages say what to do. If a
// bucket is in another region, the Store switches to that region when the server names it.
class Store {
 public:
  virtual ~Store() = default;

  // Calls `take` for each object whose key starts with the prefix, in the server's order (byte order on AWS), page by
  // page; it holds one page in memory. Stops at an error of `take` and returns it. Blocks.
  virtual Result<void> list(const ListRequest& request, const std::function<Result<void>(const Object&)>& take,
                            const std::stop_token& stop) = 0;

  // Returns nullopt if the object does not exist. Blocks.
  virtual Result<std::optional<Object>> head(const std::string& bucket, const std::string& key,
                                             const std::stop_token& stop) = 0;

  // Returns how to get an object. Before the first request to a bucket it blocks for one request, to learn the bucket's
  // region; it fails only if that request is not answered at all.
  virtual Result<ObjectRequest> object_request(const std::string& bucket, const std::string& key,
                                               const std::stop_token& stop) = 0;

  // Sends the request and returns the answer, which is below 300. Blocks.
  virtual Result<http::Response> change(const ChangeRequest& request, const std::stop_token& stop) = 0;

  // Explains the refusal of such a GET, without the object's name.
  virtual Error explain(const http::Response& refusal, const std::string& bucket) = 0;
};

struct StoreOptions {
  AddressOptions address;
  std::string region{kDefaultRegion};
  bool requester_pays = false;  // the owner of the credentials pays for listing and getting
};

// Borrows the client and the provider. kBadConfig if the options are invalid.
Result<std::unique_ptr<Store>> make_store(StoreOptions options, http::Client& client, CredentialProvider& provider,
                                          Clock now);

}  // namespace quern::s3
