#pragma once

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
#include "model/input.h"
#include "model/job.h"
#include "services/credentials/environment.h"
#include "services/http/http.h"
#include "services/s3/store.h"
#include "stages/fetch/wait_notes.h"
#include "stages/inputs/inputs.h"

namespace quern::app {

// That of this process.
EnvironmentLookup process_environment();

// The S3 server to ask: --endpoint, else credentials::endpoint_of. kBadConfig also where it is not one.
Result<std::string> s3_endpoint(const CommandLine& line, const EnvironmentLookup& environment);

// What a run needs for inputs from S3 and the web; made only when one is met, as local files need neither credentials
// nor a network. Used by the main thread until the inputs are listed, and then by the thread that fetches them.
class RemoteAccess {
 public:
  // `line` and `downloads` are borrowed. Credentials are looked for in `environment`.
  RemoteAccess(const CommandLine& line, const Downloads& downloads,
               EnvironmentLookup environment = process_environment())
      : line_(line), downloads_(downloads), environment_(std::move(environment)) {}
  // For inputs::list_inputs. A server that is busy or away is waited for as when inputs are fetched;
  // `events`, which is borrowed for as long as this object asks, receives a note of it.
  inputs::RemotePeers peers(EventSink& events);

  // Says where each remote input will be, below the folder of the downloads, and how it gets there. Without remote
  // inputs it is the local supply. That folder must not be the job's, or contain it. Blocks where a bucket's region is
  // not known yet.
  Result<std::unique_ptr<InputSupply>> supply(InputList& inputs, const std::string& job_folder, EventSink& events,
                                              const std::stop_token& stop);

 private:
  Result<http::Client*> client();
  Result<s3::Store*> store();
  // Each bucket with credentials of its own, from the deployment whose task this is.
  Result<std::unique_ptr<s3::Store>> task_store();
  Result<s3::StoreOptions> store_options() const;
  std::optional<Error> explain(const Input& input, const http::Response& refusal);
  Result<fetch::Remote> remote(const Input& input, const std::stop_token& stop);

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

// The name that the file of s3://bucket/key or https://host/path would have below the folder of downloads: its key, or
// host and path; "" if there is none. With several buckets the bucket stands before the key. A query is not written
// anywhere, as it may hold a signature: a hash stands for it.
std::string wanted_name(const std::string& url, bool has_several_buckets);

}  // namespace quern::app
