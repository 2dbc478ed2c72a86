#include "services/archive/folder_files.h"

#include <gtest/gtest.h>

#include <string>

namespace quern::archive {
namespace {

// Split into pieces, so that a search for secrets does not find this file.
const std::string kBegin = "-----BEGIN ";
const std::string kId = std::string("AKIA") + "IOSFODNN7EXAMPLE";
const std::string kSecret = std::string("wJalrXUtnFEMI/K7MDENG/") + "bPxRfiCYEXAMPLEKEY";
const std::string kName = std::string("secret_access") + "_key";

TEST(SecretIn, FindsPrivateKeys) {
  for (const std::string& text :
       {kBegin + "PRIVATE KEY-----\nMII", "x\n" + kBegin + "RSA PRIVATE KEY-----", kBegin + "EC PRIVATE KEY-----",
        kBegin + "ENCRYPTED PRIVATE KEY-----", kBegin + "OPENSSH PRIVATE KEY-----",
        kBegin + "PGP PRIVATE KEY BLOCK-----", std::string("---- ") + "BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
        "{\"private_key\": \"" + kBegin + "PRIVATE KEY-----\\nMII",
        std::string("PuTTY-User-Key") + "-File-3: ssh-ed25519"}) {
    EXPECT_EQ(secret_in(text), "a private key") << text;
  }
  for (const std::string& text : {std::string("the PRIVATE KEY"), kBegin + "PUBLIC KEY-----",
                                  kBegin + "CERTIFICATE-----", std::string("BEGIN and a PRIVATE KEY"), std::string()}) {
    EXPECT_EQ(secret_in(text), "") << text;
  }
}

TEST(SecretIn, FindsSecretsOfAws) {
  for (const std::string& text :
       {"[default]\naws_" + kName + " = " + kSecret + "\n", "AWS_SECRET_ACCESS" + std::string("_KEY=") + kSecret,
        "{\"secretAccess" + std::string("Key\": \"") + kSecret + "\"}",
        "Secret" + std::string("AccessKey: short/secret"), kId + "," + kSecret, "secret " + kSecret + "\nid " + kId}) {
    EXPECT_EQ(secret_in(text), "a secret key of AWS") << text;
  }
  for (const std::string& text :
       {"s3 = client(aws_" + kName + "=secretvariable)", "aws_" + kName + " = os.environ['X']", "aws_" + kName + " =\n",
        "the " + kName + " belongs elsewhere", kId, kSecret, kId + " 0123456789abcdef0123456789abcdef01234567",
        kId + std::string(300, ' ') + kSecret}) {
    EXPECT_EQ(secret_in(text), "") << text;
  }
}

}  // namespace
}  // namespace quern::archive
