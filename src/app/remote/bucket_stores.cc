#include "app/remote/bucket_stores.h"

#include <map>
#include <utility>

namespace quern::app {
namespace {

class BucketStores final : public s3::Store {
 public:
  explicit BucketStores(MakeBucketStore make) : make_(std::move(make)) {}

  Result<void> list(const s3::ListRequest& request, const std::function<Result<void>(const s3::Object&)>& take,
                    const std::stop_token& stop) override {
    TRY_ASSIGN(s3::Store * store, store_of(request.bucket));
    return store->list(request, take, stop);
  }
  Result<std::optional<s3::Object>> head(const std::string& bucket, const std::string& key,
                                         const std::stop_token& stop) override {
    TRY_ASSIGN(s3::Store * store, store_of(bucket));
    return store->head(bucket, key, stop);
  }
  Result<s3::ObjectRequest> object_request(const std::string& bucket, const std::string& key,
                                           const std::stop_token& stop) override {
    TRY_ASSIGN(s3::Store * store, store_of(bucket));
    return store->object_request(bucket, key, stop);
  }
  Error explain(const http::Response& refusal, const std::string& bucket) override {
    auto store = store_of(bucket);
    return store.ok() ? store.value()->explain(refusal, bucket) : std::move(store).error();
  }

 private:
  Result<s3::Store*> store_of(const std::string& bucket) {
    auto found = stores_.find(bucket);
    if (found == stores_.end()) {
      TRY_ASSIGN(BucketStore made, make_(bucket));
      found = stores_.emplace(bucket, std::move(made)).first;
    }
    return found->second.store.get();
  }

  const MakeBucketStore make_;
  std::map<std::string, BucketStore> stores_;
};

}  // namespace

std::unique_ptr<s3::Store> make_bucket_stores(MakeBucketStore make) {
  return std::make_unique<BucketStores>(std::move(make));
}

}  // namespace quern::app
