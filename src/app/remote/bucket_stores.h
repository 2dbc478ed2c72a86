#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "services/s3/credential_provider.h"
#include "services/s3/store.h"

namespace quern::app {

// One bucket, with credentials of its own.
struct BucketStore {
  std::unique_ptr<s3::CredentialProvider> provider;
  std::unique_ptr<s3::Store> store;  // borrows the provider
};

// A store in which each bucket has credentials of its own. `make` is called once for each bucket, when it is first
// needed.
using MakeBucketStore = std::function<Result<BucketStore>(const std::string& bucket)>;
std::unique_ptr<s3::Store> make_bucket_stores(MakeBucketStore make);

}  // namespace quern::app
