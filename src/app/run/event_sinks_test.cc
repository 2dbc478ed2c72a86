#include "app/run/event_sinks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quern::app {
namespace {

using testing::ElementsAre;

// Keeps entries in memory.
class FakeFile final : public output::BadRecordFile {
 public:
  Result<void> add(std::string_view file, std::uint64_t line, std::string_view /*reason*/,
                   std::string_view /*record*/) override {
    if (is_full) return Error{.kind = ErrorKind::kNoSpace, .message = "no room"};
    entries.push_back(std::string(file) + ":" + std::to_string(line));
    return {};
  }
  Result<void> commit() override {
    committed = entries;
    return {};
  }
  std::vector<std::string> entries;
  std::vector<std::string> committed;
  bool is_full = false;
};

class BadRecordsTest : public testing::Test {
 protected:
  BadRecordsTest() {
    for (const char* name : {"a", "b"}) inputs.inputs.append({.name = name, .path = name});
  }
  std::vector<std::string> committed() {
    EXPECT_TRUE(records.commit().ok());
    return file.committed;
  }
  event::RecordBad bad(InputOrdinal input, std::uint64_t line) { return {.input = input, .line = line}; }

  FakeFile file;
  InputList inputs;
  JobLimits limits{.bad_records = 100, .failed_inputs = 100};
  std::stop_source stop;
  LossPolicy policy{limits, inputs.inputs, stop};
  BadRecords records{file, inputs, policy};
};

TEST_F(BadRecordsTest, SetsAsideInTheOrderInWhichTheyCome) {
  records.emit(bad(1, 5));
  records.emit(bad(0, 7));
  records.emit(event::InputDecoded{.input = 1});
  records.emit(event::GroupBad{.key = "k"});
  records.emit(bad(1, 2));
  EXPECT_THAT(committed(), ElementsAre("b:5", "a:7", "reducer:0", "b:2"));
}

TEST_F(BadRecordsTest, StopsTheRunWhereTheyCannotBeSetAside) {
  file.is_full = true;
  records.emit(bad(0, 1));
  ASSERT_TRUE(policy.failure().has_value());
  EXPECT_EQ(policy.failure()->kind, ErrorKind::kNoSpace);
}

}  // namespace
}  // namespace quern::app
