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
#include "services/taskcluster/credentials.h"

// What servers have said, and the credentials for them. Pure functions.

namespace quern::app::doctor {

// `whose` clock is ahead of ours by this; up to `tolerated` its owner takes our signatures.
Finding check_clock(const std::string& whose, std::chrono::seconds ahead, std::chrono::seconds tolerated, Need need);

// nullptr: there are none, and requests go unsigned. No secret of them is told.
Finding check_aws_credentials(const AwsCredentials* credentials, UtcTime now);

// Who asks Taskcluster.
Finding check_client(const taskcluster::Access& access, UtcTime now, Need need);

// `missing`: those that the tasks of the job need and the client does not hold; none: no job says what is needed.
Finding check_scopes(std::size_t held, const std::optional<std::vector<std::string>>& missing, Need need);

// What its registry says of an image.
Finding check_registry_image(const ImageName& name, const RegistryAnswer& answer);

}  // namespace quern::app::doctor
