#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/doctor/findings.h"
#include "app/doctor/registry.h"
#include "base/utc_time.h"
#include "model/credentials.h"
#include "model/image_name.h"
#include "services/taskcluster/client_credentials.h"

// Evaluates the answers of servers, and the credentials for them. Pure functions.

namespace quern::app::doctor {

// The clock of `whose` is ahead of this machine's by `ahead`; its owner accepts signatures up to `tolerated`.
Finding check_clock(const std::string& whose, std::chrono::seconds ahead, std::chrono::seconds tolerated, Need need);

// nullptr means that there are none, so requests are not signed. The finding contains no secrets.
Finding check_aws_credentials(const AwsCredentials* credentials, UtcTime now);

// Describes the client that sends requests to Taskcluster.
Finding check_client(const taskcluster::Access& access, UtcTime now, Need need);

// `missing` are the scopes that the job's tasks need and the client does not hold; absent if there is no job.
Finding check_scopes(std::size_t held, const std::optional<std::vector<std::string>>& missing, Need need);

// Evaluates the registry's answer about an image.
Finding check_registry_image(const ImageName& name, const RegistryAnswer& answer);

}  // namespace quern::app::doctor
