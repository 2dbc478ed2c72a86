#include "app/remote/remote_access.h"

#include <fmt/format.h>
#include <sys/stat.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "app/job/run_inputs.h"
#include "app/remote/grants.h"
#include "base/encoding.h"
#include "model/input.h"
#include "model/limits.h"
#include "services/credentials/profile.h"
#include "services/disk/files.h"
#include "services/taskcluster/scopes.h"
#include "stages/fetch/download_folder.h"
#include "stages/fetch/fetch.h"
#include "stages/fetch/local_names.h"

namespace quern::app {
namespace {

std::string environment_or(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
}

bool has_several_buckets(const InputList& inputs) {
  std::set<std::string, std::less<>> buckets;
  for (const InputView& input : inputs.inputs) {
    if (!s3::is_s3_url(input.url)) continue;
    if (auto name = s3::parse_s3_url(input.url); name.ok()) buckets.insert(name.value().bucket);
    if (buckets.size() > 1) return true;
  }
  return false;
}

// Returns the names in the folder of all remote inputs, in their order.
std::vector<std::string> names_of(const InputList& inputs, const std::string& folder) {
  const bool several = has_several_buckets(inputs);
  std::vector<fetch::Wanted> wanted;
  for (const InputView& input : inputs.inputs) {
    const std::string url(input.url);
    if (input.is_remote()) wanted.push_back({.name = wanted_name(url, several), .url = url});
  }
  return fetch::local_names(wanted, limits::kMaxPathBytes - std::min(limits::kMaxPathBytes, folder.size()));
}

// The contents of a bucket must not become a module of the job, and must not hide one.
Result<void> check_apart_from_job(const std::string& directory, const std::string& job_folder) {
  struct stat downloads {};
  if (::stat(directory.c_str(), &downloads) != 0) return {};
  std::error_code error;
  std::filesystem::path folder = std::filesystem::canonical(job_folder, error);
  for (; !error && folder.has_relative_path(); folder = folder.parent_path()) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0 || status.st_ino != downloads.st_ino ||
        status.st_dev != downloads.st_dev) {
      continue;
    }
    return bad_config(
        fmt::format("downloads.directory is {}, which {} the job's folder: what is downloaded could "
                    "become a part of the job; set it to another folder",
                    directory, folder == job_folder ? "is" : "contains"));
  }
  return {};
}

constexpr std::string_view kOfTaskcluster = "taskcluster";

}  // namespace

EnvironmentLookup process_environment() {
  return [](const char* name) -> const char* { return std::getenv(name); };  // NOLINT(concurrency-mt-unsafe)
}

Result<std::string> s3_endpoint(const CommandLine& line, const EnvironmentLookup& environment) {
  std::string endpoint = line.endpoint.value_or("");
  if (!line.endpoint.has_value()) {
    TRY_ASSIGN(endpoint, credentials::endpoint_of("s3", environment));
  }
  TRY(s3::check_address_options({.endpoint = endpoint}));
  return endpoint;
}

std::string wanted_name(const std::string& url, bool has_several_buckets) {
  if (s3::is_s3_url(url)) {
    auto name = s3::parse_s3_url(url);
    if (!name.ok()) return "";
    return has_several_buckets ? name.value().bucket + "/" + name.value().key : name.value().key;
  }
  auto parsed = http::parse_url(url);
  auto path = parsed.ok() ? percent_decode(parsed.value().path) : std::nullopt;
  if (!path.has_value()) return "";
  const bool is_plain = url.find_first_of("?#") == std::string::npos;
  return parsed.value().host + (is_plain ? "" : fmt::format("/{:016x}", XXH3_64bits(url.data(), url.size()))) + *path;
}

inputs::RemotePeers RemoteAccess::peers(EventSink& events) {
  waits_.emplace(events);
  return {.store = [this] { return store(); }, .client = [this] { return client(); }};
}

Result<http::Client*> RemoteAccess::client() {
  if (client_ == nullptr) {
    TRY_ASSIGN(client_, http::make_client({.retry = {.attempts = downloads_.attempts, .patience = downloads_.patience},
                                           .listener = waits_.has_value() ? &*waits_ : nullptr,
                                           .private_redirects = downloads_.private_redirects}));
  }
  return client_.get();
}

Result<s3::StoreOptions> RemoteAccess::store_options() const {
  s3::StoreOptions options{.requester_pays = downloads_.requester_pays};
  options.address.style = downloads_.address;
  TRY_ASSIGN(options.address.endpoint, s3_endpoint(line_, environment_));
  if (!credentials_.region.empty()) options.region = credentials_.region;
  return options;
}

Result<s3::Store*> RemoteAccess::store() {
  if (store_ != nullptr) return store_.get();
  TRY_ASSIGN(http::Client * client, this->client());
  const std::string how = environment_or("QUERN_S3_CREDENTIALS", "");
  if (!how.empty() && how != kOfTaskcluster) {
    return bad_config(fmt::format("QUERN_S3_CREDENTIALS is '{}'; it can only be {}", how, kOfTaskcluster));
  }
  if (how == kOfTaskcluster && !line_.no_sign_request) {
    TRY_ASSIGN(store_, task_store());
    return store_.get();
  }
  TRY_ASSIGN(credentials_, find_credentials({.environment = environment_,
                                             .now = std::chrono::system_clock::now,
                                             .is_anonymous = line_.no_sign_request,
                                             .key_file = line_.key.value_or("")}));
  TRY_ASSIGN(s3::StoreOptions options, store_options());
  TRY_ASSIGN(store_,
             s3::make_store(std::move(options), *client, *credentials_.provider, std::chrono::system_clock::now));
  return store_.get();
}

Result<std::unique_ptr<s3::Store>> RemoteAccess::task_store() {
  no_core_dumps_ = std::make_unique<credentials::NoCoreDumps>();
  TRY_ASSIGN(access_, taskcluster::access_of(environment_));
  TRY_ASSIGN(peer_, TaskPeer::make(*access_));
  TRY_ASSIGN(credentials_.region, credentials::region_of_profile(environment_));
  TRY_ASSIGN(auto grants, grants_for({.patterns = line_.inputs, .bucket = bucket_of(line_)}));
  std::vector<std::string> urls;
  for (const s3::Grant& grant : grants) urls.push_back(s3::format_s3_url(grant.bucket, grant.prefix));
  auto make = [this, requests = taskcluster::s3_requests_for(urls)](const std::string& bucket) -> Result<BucketStore> {
    auto request = std::find_if(requests.begin(), requests.end(),
                                [&](const taskcluster::S3Request& one) { return one.bucket == bucket; });
    if (request == requests.end()) {
      return Error{.kind = ErrorKind::kDenied,
                   .message = fmt::format("the task has no credentials for the bucket {}", bucket)};
    }
    BucketStore made{.provider = make_taskcluster_provider(peer_->api(), *request, std::chrono::system_clock::now)};
    TRY_ASSIGN(s3::StoreOptions options, store_options());
    TRY_ASSIGN(made.store,
               s3::make_store(std::move(options), *client_, *made.provider, std::chrono::system_clock::now));
    return made;
  };
  return make_bucket_stores(std::move(make));
}

Result<fetch::Remote> RemoteAccess::remote(const InputView& input, const std::stop_token& stop) {
  fetch::Remote remote{.etag = std::string(input.etag)};
  if (input.size_is_known && input.size_binds) remote.size_bytes = input.stored_bytes;
  if (!s3::is_s3_url(input.url)) {
    remote.request.url = input.url;
    return remote;
  }
  TRY_ASSIGN(s3::Store * store, this->store());
  TRY_ASSIGN(s3::ObjectName name, s3::parse_s3_url(input.url));
  TRY_ASSIGN(s3::ObjectRequest object, store->object_request(name.bucket, name.key, stop));
  remote.request = std::move(object.request);
  remote.signer = object.signer;
  return remote;
}

// Explains a refusal by S3 in terms of what its user can do.
std::optional<Error> RemoteAccess::explain(const InputView& input, const http::Response& refusal) {
  auto name = s3::parse_s3_url(input.url);
  if (!name.ok() || store_ == nullptr) return std::nullopt;
  return store_->explain(refusal, name.value().bucket);
}

Result<std::unique_ptr<InputSupply>> RemoteAccess::supply(InputList& inputs, const std::string& job_folder,
                                                          EventSink& events, const std::stop_token& stop) {
  if (inputs.inputs.remote() == 0) return make_local_supply();
  TRY_ASSIGN(std::string working_folder, disk::working_folder());
  const std::string directory = disk::absolute_path(downloads_.directory, working_folder);
  TRY(check_apart_from_job(directory, job_folder));
  TRY_ASSIGN(auto folder, fetch::DownloadFolder::open(directory, downloads_.keep, events));
  const std::vector<std::string> names = names_of(inputs, folder->path());
  std::vector<fetch::Remote> remotes;
  std::map<InputOrdinal, Error> refused;
  PackedInputs placed;
  for (const InputView& listed : inputs.inputs) {
    const auto ordinal = static_cast<InputOrdinal>(placed.size());
    if (!listed.is_remote()) {
      placed.append(listed);
      continue;
    }
    const std::string& name = names[placed.remote()];
    const std::string path = folder->path_of(name);
    InputView input = listed;
    input.path = path;
    placed.append(input);
    if (input.stored_bytes > limits::kMaxInputBytes) {
      refused.emplace(ordinal, bad_input("the list of inputs says a size that no object has"));
      continue;
    }
    TRY_ASSIGN(fetch::Remote one, remote(input, stop));
    one.input = ordinal;
    one.name = name;
    remotes.push_back(std::move(one));
  }
  inputs.inputs = std::move(placed);
  fetch::FetchOptions options{.parallel = downloads_.parallel,
                              .attempts = downloads_.attempts,
                              .patience = downloads_.patience,
                              .keep = downloads_.keep,
                              .spool_bytes = limits::kSpoolBytes,
                              .http = {.private_redirects = downloads_.private_redirects}};
  MakeFetch make = [&](std::function<void(InputOrdinal)> on_settled) {
    return fetch::make_fetch(options, std::move(folder), std::move(remotes),
                             {.events = events,
                              .on_settled = std::move(on_settled),
                              .explain = [this, &inputs](InputOrdinal input, const http::Response& refusal) {
                                return explain(inputs.inputs[input], refusal);
                              }});
  };
  return make_fetching_supply(inputs, std::move(refused), events, make);
}

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
  Result<http::Response> change(const s3::ChangeRequest& request, const std::stop_token& stop) override {
    TRY_ASSIGN(s3::Store * store, store_of(request.bucket));
    return store->change(request, stop);
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
