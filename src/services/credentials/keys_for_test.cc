#include "services/credentials/keys_for_test.h"

namespace quern::credentials {

const PrivateKey& key_for_test() {
  static const PrivateKey kKey = PrivateKey::generate().value();
  return kKey;
}

const PrivateKey& other_key_for_test() {
  static const PrivateKey kKey = PrivateKey::generate().value();
  return kKey;
}

PublicKey public_part(const PrivateKey& key) {
  return PublicKey::from_pem(Secret(key.public_pem().value()), "test").value();
}

}  // namespace quern::credentials
