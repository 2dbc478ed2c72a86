#include "app/remote_access.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

#include "app/bucket_stores.h"
#include "app/grants.h"
#include "app/run_inputs.h"
#include "model/limits.h"
#include "services/credentials/profile.h"
#include "services/disk/files.h"
#include "services/taskcluster/s3_requests.h"
#include "stages/fetch/fetch.h"

namespace quern::app {
namespace {

std::string environment_or(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
}

bool has_several_buckets(const InputList& inputs) {
  std::set<std::string, std::less<>> buckets;
  for (const Input& input : inputs.inputs) {
    if (!s3::is_s3_url(input.url)) continue;
    if (auto name = s3::parse_s3_url(input.url); name.ok()) buckets.insert(name.value().bucket);
    if (buckets.size() > 1) return true;
  }
  return false;
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

Result<std::string> local_name(const std::string& url, bool has_several_buckets) {
  if (s3::is_s3_url(url)) {
    TRY_ASSIGN(s3::ObjectName name, s3::parse_s3_url(url));
    return has_several_buckets ? name.bucket + "/" + name.key : name.key;
  }
  TRY_ASSIGN(http::Url parsed, http::parse_url(url));
  const bool is_plain = url.find_first_of("?#") == std::string::npos;
  std::string hash = is_plain ? "" : fmt::format("/{:016x}", XXH3_64bits(url.data(), url.size()));
  auto path = http::percent_decode(parsed.path);
  if (!path.has_value()) {
    return bad_input("a % in it is not followed by two hexadecimal digits");
  }
  return parsed.host + hash + *path;
}

inputs::RemotePeers RemoteAccess::peers() {
  return {.store = [this] { return store(); }, .client = [this] { return client(); }};
}

Result<http::Client*> RemoteAccess::client() {
  if (client_ == nullptr) {
    TRY_ASSIGN(client_, http::make_client({.private_redirects = downloads_.private_redirects}));
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

Result<fetch::Remote> RemoteAccess::remote(const Input& input, InputOrdinal ordinal, const std::stop_token& stop) {
  fetch::Remote remote{.input = ordinal, .path = input.path.str(), .etag = input.etag.str()};
  if (input.size_is_known && input.size_binds) remote.size_bytes = input.stored_bytes;
  if (!s3::is_s3_url(input.url)) {
    remote.request.url = input.url.str();
    return remote;
  }
  TRY_ASSIGN(s3::Store * store, this->store());
  TRY_ASSIGN(s3::ObjectName name, s3::parse_s3_url(input.url));
  TRY_ASSIGN(s3::ObjectRequest object, store->object_request(name.bucket, name.key, stop));
  remote.request = std::move(object.request);
  remote.signer = object.signer;
  return remote;
}

// A refusal by S3 has a reason that its user can do something about.
std::optional<Error> RemoteAccess::explain(const Input& input, const http::Response& refusal) {
  auto name = s3::parse_s3_url(input.url);
  if (!name.ok() || store_ == nullptr) return std::nullopt;
  return store_->explain(refusal, name.value().bucket);
}

Result<std::unique_ptr<InputSupply>> RemoteAccess::supply(InputList& inputs, EventSink& events,
                                                          const std::stop_token& stop) {
  auto is_remote = [](const Input& input) { return input.is_remote(); };
  if (std::none_of(inputs.inputs.begin(), inputs.inputs.end(), is_remote)) return make_local_supply();
  TRY_ASSIGN(std::string working_folder, disk::working_folder());
  const std::string folder = disk::absolute_path(downloads_.directory, working_folder);
  const bool several = has_several_buckets(inputs);
  std::vector<fetch::Remote> remotes;
  std::map<InputOrdinal, Error> refused;
  for (InputOrdinal i = 0; i < inputs.inputs.size(); ++i) {
    Input& input = inputs.inputs[i];
    if (!input.is_remote()) continue;
    auto name = local_name(input.url.str(), several);
    auto path = name.ok() ? fetch::safe_path(folder, name.value()) : std::move(name);
    if (!path.ok()) {
      refused.emplace(i, std::move(path).error());
      continue;
    }
    input.path = std::move(path).value();
    TRY_ASSIGN(fetch::Remote one, remote(input, i, stop));
    remotes.push_back(std::move(one));
  }
  fetch::FetchOptions options{.parallel = downloads_.parallel,
                              .attempts = downloads_.attempts,
                              .patience = downloads_.patience,
                              .keep = downloads_.keep,
                              .spool_bytes = limits::kSpoolBytes,
                              .http = {.private_redirects = downloads_.private_redirects}};
  MakeFetch make = [&](std::function<void(InputOrdinal)> on_settled) {
    return fetch::make_fetch(options, std::move(remotes),
                             {.events = events,
                              .on_settled = std::move(on_settled),
                              .explain = [this, &inputs](InputOrdinal input, const http::Response& refusal) {
                                return explain(inputs.inputs[input], refusal);
                              }});
  };
  return make_fetching_supply(inputs, std::move(refused), events, make);
}

}  // namespace quern::app
