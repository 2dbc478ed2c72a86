#pragma once

#include <string>

#include "base/result.h"
#include "services/credentials/environment.h"
#include "services/credentials/key.h"

// Keys as files.

namespace quern::credentials {

inline constexpr const char* kSystemKeyFile = "/etc/quern/key.pem";

struct KeyFiles {
  std::string private_path;
  std::string public_path;
};
// key.pem has its public key in key.pub.pem, any other name in NAME.pub.
std::string public_path_of(const std::string& private_path);

// Writes both, new, and synced to disk; the private one has the mode 0600 from its first byte on. Nothing is ever
// overwritten: if one of them is there (kDenied), neither is written.
Result<KeyFiles> write_key(const PrivateKey& key, const std::string& private_path);

struct LoadedKey {
  PrivateKey key;
  std::string path;
};
// From `named` (of --key; "" if it was not given), else from the file that QUERN_KEY_FILE names, else from `system`.
// kNotFound tells of all places that were looked at. kDenied: others than its owner and its group may read it, or
// others than its owner may write it; the message has the chmod to run.
Result<LoadedKey> load_private_key(const std::string& named, const EnvironmentLookup& environment,
                                   const std::string& system = kSystemKeyFile);
// A public key, or the public part of a private one.
Result<PublicKey> load_public_key(const std::string& path);

}  // namespace quern::credentials
