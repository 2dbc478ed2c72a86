#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"

namespace quern::app {

// Splits a command into words like a POSIX shell, but supports only spaces, quotes and backslashes. kBadInput if a
// quote is not closed.
Result<std::vector<std::string>> words_of(std::string_view command);

// Runs the credential_process of a profile and parses its output: {"Version": 1, "AccessKeyId", "SecretAccessKey",
// "SessionToken", "Expiration"}. The process runs without a shell, in quern's environment, and may write to its
// standard error. `source` is for messages, which contain neither the command nor its output. kDenied if it fails.
// Blocks.
Result<AwsCredentials> run_credential_process(const std::string& command, const std::string& source);

}  // namespace quern::app
