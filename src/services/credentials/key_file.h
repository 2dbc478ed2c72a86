#pragma once

#include <string>

#include "base/result.h"
#include "services/credentials/aws_environment.h"
#include "services/credentials/key.h"

// Reads and writes keys as files.

namespace quern::credentials {

inline constexpr const char* kSystemKeyFile = "/etc/quern/key.pem";

struct KeyFiles {
  std::string private_path;
  std::string public_path;
};
// Returns key.pub.pem for key.pem, and NAME.pub for any other name.
std::string public_path_of(const std::string& private_path);

// Creates both files and syncs them to disk; the private one has mode 0600 from the start. Never overwrites: if either
// exists, writes neither and returns kDenied.
Result<KeyFiles> write_key(const PrivateKey& key, const std::string& private_path);

struct LoadedKey {
  PrivateKey key;
  std::string path;
};
// Loads the key from `named` (the value of --key; "" if it was not given), else from the file that QUERN_KEY_FILE
// names, else from `system`. kNotFound lists all places that were searched. kDenied if anyone other than its owner and
// group may read it, or anyone other than its owner may write it; the message includes the chmod command to run.
Result<LoadedKey> load_private_key(const std::string& named, const EnvironmentLookup& environment,
                                   const std::string& system = kSystemKeyFile);
// Loads a public key, or the public part of a private one.
Result<PublicKey> load_public_key(const std::string& path);

}  // namespace quern::credentials
