#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/command_line.h"
#include "app/remote/credential_chain.h"
#include "app/remote/input_supply.h"
#include "app/remote/task_peer.h"
#include "base/result.h"
#include "model/event.h"
#include "model/job.h"
#include "model/packed_inputs.h"
#include "services/credentials/aws_environment.h"
#include "services/http/http.h"
#include "services/s3/credential_provider.h"
#include "services/s3/store.h"
#include "stages/fetch/fetch.h"
#include "stages/inputs/inputs.h"

namespace quern::app {

// The environment of this process.
EnvironmentLookup process_environment();

// The S3 server to use: --endpoint, or else credentials::endpoint_of. kBadConfig also if it is not a valid one.
Result<std::string> s3_endpoint(const CommandLine& line, const EnvironmentLookup& environment);

// What a run needs for inputs from S3 and the web. It is created only when such an input is found, as local files need
// neither credentials nor a network. Used by the main thread until the inputs are listed, then by the thread that
// fetches them.
class RemoteAccess {
 public:
  // `line` and `downloads` are borrowed. Credentials are searched for in `environment`.
  RemoteAccess(const CommandLine& line, const Downloads& downloads,
               EnvironmentLookup environment = process_environment())
      : line_(line), downloads_(downloads), environment_(std::move(environment)) {}
  // For inputs::list_inputs. If a server is busy or away, it is waited for as when inputs are fetched. `events` is
  // borrowed as long as this object sends requests, and receives a note about the wait.
  inputs::RemotePeers peers(EventSink& events);

  // Determines where each remote input will be, below the folder for downloads, and how it is fetched. Without remote
  // inputs, returns the local supply. That folder must not be the job's folder or contain it. Blocks if a bucket's
  // region is not known yet.
  Result<std::unique_ptr<InputSupply>> supply(InputList& inputs, const std::string& job_folder, EventSink& events,
                                              const std::stop_token& stop);

 private:
  Result<http::Client*> client();
  Result<s3::Store*> store();
  // A store in which each bucket has credentials of its own, from the deployment of this task.
  Result<std::unique_ptr<s3::Store>> task_store();
  Result<s3::StoreOptions> store_options() const;
  std::optional<Error> explain(const InputView& input, const http::Response& refusal);
  Result<fetch::Remote> remote(const InputView& input, const std::stop_token& stop);

  const CommandLine& line_;
  const Downloads& downloads_;
  const EnvironmentLookup environment_;
  std::optional<fetch::WaitNotes> waits_;
  std::unique_ptr<http::Client> client_;
  FoundCredentials credentials_;
  // Of a task with QUERN_S3_CREDENTIALS=taskcluster.
  std::optional<taskcluster::Access> access_;
  std::unique_ptr<TaskPeer> peer_;
  std::unique_ptr<credentials::NoCoreDumps> no_core_dumps_;
  std::unique_ptr<s3::Store> store_;
};

// Returns the name that the file of s3://bucket/key or https://host/path would have below the folder for downloads: its
// key, or host and path; "" if there is none. With several buckets, the bucket comes before the key. A query is
// replaced by a hash, as it may contain a signature that must not be written anywhere.
std::string wanted_name(const std::string& url, bool has_several_buckets);

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
