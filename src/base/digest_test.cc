#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace quern {
namespace {

// The vectors of FIPS 180-4's examples ("abc"), of RFC 1321 and of RFC 4231.
TEST(Digest, IsWhatTheStandardsSay) {
  struct Row {
    DigestKind kind;
    const char* hex;
  };
  for (const Row& row : {Row{DigestKind::kMd5, "900150983cd24fb0d6963f7d28e17f72"},
                         Row{DigestKind::kSha1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
                         Row{DigestKind::kSha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                         Row{DigestKind::kSha512,
                             "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                             "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"}}) {
    Digest digest(row.kind);
    digest.add("a");
    digest.add("");
    digest.add("bc");
    EXPECT_EQ(hex_encode(digest.value()), row.hex);
  }
  EXPECT_EQ(hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace quern
