#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"
#include "model/json_fields.h"
#include "services/taskcluster/client_credentials.h"
#include "services/taskcluster/task.h"

// Parses the JSON answers of Taskcluster's services, and writes requests. Pure functions. The parse_... functions fail
// with kBadInput, naming the field that is missing or wrong but showing nothing of the answer. They ignore all other
// fields.

namespace quern::taskcluster {

Result<TaskStatus> parse_task_status(std::string_view text);  // {"status": ...}
Result<TaskDefinition> parse_task(std::string_view text);
Result<TaskGroup> parse_task_group(std::string_view text);
Result<GroupCancellation> parse_group_cancellation(std::string_view text);
Result<Artifact> parse_artifact(std::string_view text);

template <typename T>
struct Page {
  std::vector<T> items;
  std::string continuation;  // "": this is the last page
};
struct GroupPage {
  TaskGroup group;
  Page<GroupedTask> tasks;
};
Result<GroupPage> parse_group_page(std::string_view text);
Result<Page<TaskStatus>> parse_statuses(std::string_view text);
Result<Page<Artifact>> parse_artifacts(std::string_view text);

// Where the bytes of an artifact can be fetched.
struct ArtifactContent {
  enum class Kind { kUrl, kObject, kError };
  Kind kind = Kind::kUrl;
  std::string url;                         // for kUrl; may contain a signature
  std::string object_name;                 // for kObject
  std::optional<Credentials> credentials;  // for kObject
  std::string reason;                      // for kError
  std::string message;                     // for kError
};
Result<ArtifactContent> parse_artifact_content(std::string_view text);

struct ObjectDownload {
  std::string url;  // contains a signature
  UtcTime expires;
  std::string sha256;  // hexadecimal; at least one of the two hashes is not ""
  std::string sha512;
};
Result<ObjectDownload> parse_object_download(std::string_view text);

// The body of an error; empty if it does not come from Taskcluster.
struct RefusalBody {
  std::string code;
  std::string message;
};
RefusalBody parse_refusal(std::string_view text);

// Returns {"taskIds": [...]}.
std::string task_ids_json(const std::vector<std::string>& task_ids);

// Reads values from a service's answer.
class Fields : public JsonFields {
 public:
  using JsonFields::JsonFields;

  // kBadInput if any field failed.
  Result<void> finish() const {
    if (failure().empty()) return {};
    return Error{.kind = ErrorKind::kBadInput, .message = "the answer is not as Taskcluster's should be: " + failure()};
  }
};

}  // namespace quern::taskcluster
