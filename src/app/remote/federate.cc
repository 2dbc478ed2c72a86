#include "app/remote/federate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>

#include "app/job/load_job.h"
#include "app/job/run_inputs.h"
#include "base/duration.h"
#include "base/fd.h"
#include "services/credentials/profile.h"
#include "services/disk/files.h"
#include "services/http/http.h"
#include "services/s3/address.h"
#include "services/s3/credential_provider.h"

namespace quern::app {
namespace {

class FileSource final : public ByteSource {
 public:
  explicit FileSource(Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(std::span<char> target) override { return read_some(fd_, target); }

 private:
  const Fd fd_;
};

Error bad(std::string message) { return bad_config("credentials federate: " + std::move(message)); }

Result<Fd> open_manifest(const inputs::Pattern& manifest) {
  if (manifest.text == "-") return Fd(::dup(STDIN_FILENO));
  return open_file(disk::absolute_path(manifest.text, manifest.folder), O_RDONLY).context(manifest.origin);
}

Result<std::vector<s3::Grant>> grants_of_job(const CommandLine& line) {
  TRY_ASSIGN(LoadedJob loaded, load_job(line.job, line));
  TRY_ASSIGN(inputs::InputRequest request, input_request(loaded.file.job, line));
  if (request.index.has_value()) {
    return bad(
        fmt::format("the inputs of {} come from an index, which may name any; say with -i s3://... what may be read",
                    loaded.shown_path));
  }
  NamedInputs named{.bucket = request.bucket};
  for (const inputs::Pattern& pattern : request.patterns) {
    if (pattern.text == "-") return bad("names on standard input are a manifest here: --manifest -");
    named.patterns.push_back(pattern.text);
  }
  if (!request.manifest.has_value()) return grants_for(named);
  TRY_ASSIGN(Fd fd, open_manifest(*request.manifest));
  FileSource manifest(std::move(fd));
  named.manifest = &manifest;
  named.manifest_name = request.manifest->text;
  return grants_for(named);
}

Result<s3::FederationRequest> request_for(const CommandLine& line, const AwsCredentials& own,
                                          const EnvironmentLookup& environment) {
  s3::FederationRequest request{
      .name = line.credentials.session,
      .region = own.region.empty() ? std::string(s3::kDefaultRegion) : own.region,
  };
  auto duration = parse_duration(line.credentials.duration);
  if (!duration.ok()) return bad("--duration " + duration.error().message);
  request.duration = std::chrono::duration_cast<std::chrono::seconds>(duration.value());
  TRY_ASSIGN(request.endpoint, credentials::endpoint_of("sts", environment, line.credentials.profile.value_or("")));
  return request;
}

}  // namespace

Result<Federated> federate_for_job(const CommandLine& line, AwsCredentials own, const EnvironmentLookup& environment) {
  TRY_ASSIGN(auto grants, grants_of_job(line));
  TRY_ASSIGN(s3::FederationRequest request, request_for(line, own, environment));
  TRY_ASSIGN(request.policy, s3::policy_for(grants, request.region));
  TRY_ASSIGN(auto client, http::make_client({}));
  const s3::Clock now = [] { return std::chrono::system_clock::now(); };
  auto provider = s3::make_fixed_provider(std::move(own), now);
  TRY_ASSIGN(AwsCredentials given, s3::federate(*client, *provider, request, now, std::stop_token()));
  given.region = request.region;
  return Federated{.credentials = std::move(given), .grants = std::move(grants)};
}

}  // namespace quern::app
