#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/sanitized_for_test.h"
#include "services/credentials/aws_environment.h"
#include "services/credentials/core_dumps.h"
#include "services/credentials/envelope.h"
#include "services/credentials/keys_for_test.h"
#include "services/credentials/profile.h"
#include "services/credentials/secret_text.h"

// Tests which copies of secrets remain in memory, and which processes may read it.

namespace quern::credentials {
namespace {

// The secret, assembled letter by letter so that it does not appear in any constant of the program. `shift` is added to
// each letter, for code that searches for the secret and must not contain it.
std::string secret_bytes(std::size_t size, unsigned seed, int shift = 0) {
  std::string secret(size, ' ');
  for (std::size_t i = 0; i < size; ++i) {
    seed = seed * 1664525 + 1013904223;
    secret[i] = static_cast<char>('a' + shift + static_cast<int>((seed >> 16) % 26));
  }
  return secret;
}

// Counts how often the secret from secret_bytes appears in this process's writable memory. Searches for its second
// half, because malloc overwrites the first bytes of freed memory.
std::size_t copies_in_memory(std::size_t size, unsigned seed) {
  std::size_t copies = 0;
  std::ifstream maps("/proc/self/maps");
  Fd memory = open_file("/proc/self/mem", O_RDONLY).value();
  const std::string shifted = secret_bytes(size, seed, 1).substr(size / 2);
  std::string piece(std::size_t{1} << 16, '\0');
  for (std::string line; std::getline(maps, line);) {
    unsigned long first = 0;
    unsigned long last = 0;
    std::array<char, 8> access{};
    if (std::sscanf(line.c_str(), "%lx-%lx %7s", &first, &last, access.data()) != 3 || access[1] != 'w') continue;
    auto is_piece = [&](unsigned long at) {
      auto begin = reinterpret_cast<unsigned long>(piece.data());
      return at + shifted.size() > begin && at < begin + piece.size();
    };
    for (unsigned long at = first; at < last; at += piece.size() - shifted.size()) {
      ssize_t count = ::pread(memory.number(), piece.data(), std::min<unsigned long>(piece.size(), last - at),
                              static_cast<off_t>(at));
      if (count <= 0) break;
      for (char& letter : piece) ++letter;
      std::string_view read(piece.data(), static_cast<std::size_t>(count));
      for (std::size_t found = read.find(shifted); found != std::string_view::npos;
           found = read.find(shifted, found + 1)) {
        if (!is_piece(at + found)) ++copies;
      }
    }
  }
  return copies;
}

constexpr std::size_t kKeyBytes = 40;
constexpr std::size_t kTokenBytes = 900;
constexpr unsigned kKeySeed = 1;
constexpr unsigned kTokenSeed = 2;

std::size_t copies_of_both() {
  return copies_in_memory(kKeyBytes, kKeySeed) + copies_in_memory(kTokenBytes, kTokenSeed);
}

AwsCredentials make_credentials() {
  AwsCredentials one;
  one.access_key_id = "ASIAEXAMPLE";
  one.secret_access_key = Secret(secret_bytes(kKeyBytes, kKeySeed));
  one.session_token = Secret(secret_bytes(kTokenBytes, kTokenSeed));
  one.source = "a test";
  return one;
}

class HeldSecrets : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef QUERN_SANITIZED
    GTEST_SKIP() << "the sanitizers' own memory is too large to look through";
#endif
    ASSERT_EQ(copies_of_both(), 0U);
  }
};

TEST_F(HeldSecrets, AreFoundWhileTheyAreHeld) {
  AwsCredentials one = make_credentials();
  EXPECT_EQ(copies_of_both(), 2U);
}

TEST_F(HeldSecrets, AreGoneAfterSealingAndOpening) {
  {
    const std::string value = seal(make_credentials(), public_part(key_for_test())).value();
    EXPECT_EQ(copies_of_both(), 0U);
    Opened opened = open(value, key_for_test(), "CREDENTIALS").value();
    EXPECT_EQ(copies_of_both(), 2U);
  }
  EXPECT_EQ(copies_of_both(), 0U);
}

TEST_F(HeldSecrets, AreGoneAfterAFileWasRead) {
  Pipe pipe = make_pipe(1 << 16).value();
  {
    AwsCredentials one = make_credentials();
    ASSERT_TRUE(write_all(pipe.write_end, "[default]\naws_access_key_id=i\naws_secret_access_key=").ok());
    ASSERT_TRUE(write_all(pipe.write_end, one.secret_access_key.reveal()).ok());
    ASSERT_TRUE(write_all(pipe.write_end, "\naws_session_token=").ok());
    ASSERT_TRUE(write_all(pipe.write_end, one.session_token.reveal()).ok());
    pipe.write_end.reset();
  }
  const std::string path = "/dev/fd/" + std::to_string(pipe.read_end.number());
  auto environment = [&](const char* name) {
    return std::string_view(name) == "AWS_SHARED_CREDENTIALS_FILE" ? path.c_str() : nullptr;
  };
  {
    auto found = from_profile(environment).value();
    ASSERT_TRUE(found.keys.has_value());
    EXPECT_EQ(copies_of_both(), 2U);
  }
  EXPECT_EQ(copies_of_both(), 0U);
}

TEST_F(HeldSecrets, AreGoneAfterJsonWasRead) {
  {
    AwsCredentials one = make_credentials();
    std::string json;
    json.reserve(10000);
    json += R"({"AccessKeyId":"i","SecretAccessKey":)";
    append_json_text(json, one.secret_access_key.reveal());
    json += R"(,"SessionToken":)";
    append_json_text(json, one.session_token.reveal());
    json += "}";
    AwsCredentials read = parse_credentials(json, "a test").value();
    EXPECT_EQ(copies_of_both(), 6U);
    Secret::wipe(json);
  }
  EXPECT_EQ(copies_of_both(), 0U);
}

TEST(NoCoreDumps, KeepsThisProcessOutOfThem) {
  ASSERT_EQ(::prctl(PR_GET_DUMPABLE), 1);
  {
    NoCoreDumps none;
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
    {
      NoCoreDumps none_within;
      EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
    }
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
  }
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
}

TEST(NoCoreDumps, LeavesChildrenAlone) {
  NoCoreDumps none;
  // 3 is PR_GET_DUMPABLE.
  FILE* child = ::popen("/usr/bin/python3 -c 'import ctypes; print(ctypes.CDLL(None).prctl(3))'", "r");
  std::array<char, 256> buffer{};
  const std::string text(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), child));
  ASSERT_EQ(::pclose(child), 0);
  EXPECT_EQ(text, "1\n");
}

}  // namespace
}  // namespace quern::credentials
