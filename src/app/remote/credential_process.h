#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/credentials.h"

namespace quern::app {

// The words of a command as a POSIX shell cuts them, without its other rules: blanks, quotes, backslashes. kBadInput:
// a quote does not end.
Result<std::vector<std::string>> words_of(std::string_view command);

// What the credential_process of a profile prints: {"Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken",
// "Expiration"}. It runs without a shell, in quern's environment, and may write to its standard error. `source` is for
// messages, which show nothing of the command or of what it prints. kDenied: it fails. Blocks.
Result<AwsCredentials> run_credential_process(const std::string& command, const std::string& source);

}  // namespace quern::app
