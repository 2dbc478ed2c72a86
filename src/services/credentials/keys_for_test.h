#pragma once

#include "base/secret.h"
#include "services/credentials/key.h"

namespace quern::credentials {

// Two keys, made once per test program because making one takes a fraction of a second.
const PrivateKey& key_for_test();
const PrivateKey& other_key_for_test();
PublicKey public_part(const PrivateKey& key);

}  // namespace quern::credentials
