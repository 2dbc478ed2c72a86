#include "services/process/module_child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "model/limits.h"
#include "services/process/guard_for_test.h"
#include "services/process/interpreter.h"

namespace quern::process {
namespace {

using protocol::FrameType;
using ::testing::HasSubstr;

constexpr auto kNoDeadline = std::chrono::steady_clock::time_point::max();

class ModuleChildTest : public ::testing::Test {
 protected:
  ModuleChildTest() { std::filesystem::create_directories(folder_); }
  ~ModuleChildTest() override { std::filesystem::remove_all(folder_); }

  // A child whose harness is this shell script.
  ModuleChild start_fake(const std::string& script) {
    std::ofstream(folder_ + "/fake.sh") << script;
    return start({.interpreter = "/bin/sh",
                  .harness = folder_ + "/fake.sh",
                  .setup_json = "{}",
                  .environment = {"PATH=/usr/bin:/bin"},
                  .working_folder = folder_});
  }
  ModuleChild start(ModuleChildOptions options) {
    auto child = ModuleChild::start(std::move(options), guard_);
    EXPECT_TRUE(child.ok()) << child.error().message;
    return std::move(child).value();
  }
  // Waits for the next frame; nullopt at the end.
  static Result<std::optional<Frame>> await_frame(ModuleChild& child) {
    while (true) {
      TRY_ASSIGN(auto frame, child.next_frame());
      if (frame.has_value()) return frame;
      TRY_ASSIGN(Activity activity, child.wait(-1, kNoDeadline, {}));
      if (activity.exited && activity.output_bytes == 0) return std::optional<Frame>();
    }
  }

  NoGuard guard_;
  std::string folder_ = ::testing::TempDir() + "module_child_test." + std::to_string(::getpid());
};

std::string frame(FrameType type, std::string_view payload) {
  Buffer bytes;
  protocol::append_header(bytes, {.type = type, .id = 7, .payload_bytes = payload.size()});
  bytes.append(payload);
  return std::string(bytes.view());
}

TEST_F(ModuleChildTest, CutsTheOutputIntoFrames) {
  std::string big(3 * limits::kPipeBytes, 'b');
  std::ofstream(folder_ + "/frames") << frame(FrameType::kReady, "{}") << frame(FrameType::kOutput, big)
                                     << frame(FrameType::kFinished, "");
  ModuleChild child = start_fake("cat frames >&4");
  struct Row {
    FrameType type;
    std::string payload;
  };
  for (const Row& row : {Row{FrameType::kReady, "{}"}, Row{FrameType::kOutput, big}, Row{FrameType::kFinished, ""}}) {
    auto next = await_frame(child);
    ASSERT_TRUE(next.ok()) << next.error().message;
    ASSERT_TRUE(next.value().has_value());
    EXPECT_EQ(next.value()->header.type, row.type);
    EXPECT_EQ(next.value()->header.id, 7);
    EXPECT_TRUE(next.value()->payload == row.payload);
  }
  EXPECT_FALSE(await_frame(child).value().has_value());
  EXPECT_FALSE(child.has_half_frame());
}

TEST_F(ModuleChildTest, SendsSetupAndEnd) {
  ModuleChild child = start_fake("cat <&3 >sent");
  child.send_end();
  EXPECT_FALSE(await_frame(child).value().has_value());
  std::string sent = read_file(folder_ + "/sent", limits::kMiB).value();
  ASSERT_EQ(sent.size(), 2 * protocol::kHeaderBytes + 2);
  EXPECT_EQ(sent.substr(0, 8), std::string("QRN1\1\0\0\0", 8));
  EXPECT_EQ(sent.substr(16, 10), std::string("\2\0\0\0\0\0\0\0{}", 10));
  EXPECT_EQ(sent.substr(26, 8), std::string("QRN1\4\0\0\0", 8));
}

TEST_F(ModuleChildTest, NoticesAHalfFrame) {
  std::ofstream(folder_ + "/frames") << frame(FrameType::kOutput, "payload").substr(0, 28);
  ModuleChild child = start_fake("cat frames >&4");
  EXPECT_FALSE(await_frame(child).value().has_value());
  EXPECT_TRUE(child.has_half_frame());
}

TEST_F(ModuleChildTest, RefusesWhatIsNoFrame) {
  ModuleChild child = start_fake("echo this is not a frame at all >&4");
  auto next = await_frame(child);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().kind, ErrorKind::kChildFailed);
}

TEST_F(ModuleChildTest, StartsTheEmbeddedHarnesses) {
  struct Row {
    Language language;
    const char* script;
    const char* text;
  };
  for (const Row& row :
       {Row{Language::kPython, "/mapper.py", "def mapper(key, file, record):\n    return None\n"},
        Row{Language::kJavascript, "/mapper.js", "exports.mapper = (key, file, record) => undefined;\n"}}) {
    auto interpreter = find_interpreter(row.language);
    if (!interpreter.ok()) GTEST_SKIP() << interpreter.error().message;
    std::ofstream(folder_ + row.script) << row.text;
    auto harness = write_harness(row.language, folder_);
    ASSERT_TRUE(harness.ok()) << harness.error().message;
    ModuleChild child = start({.language = row.language,
                               .interpreter = interpreter.value(),
                               .harness = harness.value(),
                               .setup_json = R"({"role": "mapper", "arguments": [], "record": "json", "separator": " ",
                                                 "output": "pairs", "plain": false, "values": "list", "timeout": 7200, "script": ")" +
                                             folder_ + row.script + "\"}",
                               .environment = child_environment({}, {}),
                               .working_folder = folder_});
    child.send_end();
    std::vector<FrameType> types;
    while (true) {
      auto next = await_frame(child);
      ASSERT_TRUE(next.ok()) << next.error().message;
      if (!next.value().has_value()) break;
      types.push_back(next.value()->header.type);
    }
    EXPECT_EQ(types, (std::vector{FrameType::kLoaded, FrameType::kReady, FrameType::kFinished}));
    EXPECT_EQ(child.child().exit()->in_words(), "exit status 0");
  }
}

TEST_F(ModuleChildTest, NamesAHarnessFolderThatIsNotThere) {
  auto harness = write_harness(Language::kPython, "/no/such");
  ASSERT_FALSE(harness.ok());
  EXPECT_THAT(harness.error().message, HasSubstr("/no/such/harness.py"));
}

}  // namespace
}  // namespace quern::process
