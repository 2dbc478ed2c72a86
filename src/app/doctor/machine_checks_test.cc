#include "app/doctor/machine_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/limits.h"

namespace quern::app::doctor {
namespace {

using State = Finding::State;
using testing::HasSubstr;
constexpr std::uint64_t kGiB = limits::kGiB;

struct Expected {
  State state;
  const char* found;
  const char* fix;
};

void expect(const char* name, const Finding& finding, const Expected& expected) {
  EXPECT_EQ(finding.state, expected.state) << name;
  EXPECT_THAT(finding.found, HasSubstr(expected.found)) << name;
  EXPECT_THAT(finding.fix, HasSubstr(expected.fix)) << name;
  EXPECT_EQ(finding.fix.empty(), *expected.fix == '\0') << name;
}

TEST(CheckMemory, ComparesWithWhatTheShuffleMayTake) {
  expect("enough", check_memory(Memory{4 * kGiB, 2 * kGiB, false}, kGiB),
         {State::kOk, "2.1 GB available of 4.3 GB", ""});
  expect("used by others", check_memory(Memory{4 * kGiB, kGiB / 2, false}, kGiB),
         {State::kNote, "limits.memory is 1.1 GB", "quern run --memory 256MiB"});
  expect("too little", check_memory(Memory{kGiB / 2, kGiB / 4, true}, kGiB),
         {State::kMissing, "that the control group allows", "quern run --memory 256MiB"});
  expect("nearly none", check_memory(Memory{1, 0, true}, kGiB), {State::kMissing, "", "quern run --memory 16MiB"});
  expect("unknown", check_memory(std::nullopt, kGiB), {State::kNote, "does not say", ""});
}

TEST(CheckProcessors, ComparesWithTheControlGroup) {
  expect("no group", check_processors({8, std::nullopt, 8}), {State::kOk, "8, and 8 children run at once", ""});
  expect("enough", check_processors({8, 2.0, 2}), {State::kOk, "8, and 2 children run", ""});
  expect("too many", check_processors({8, 1.5, 8}), {State::kNote, "the time of 1.5", "quern run -p 2"});
  expect("half of one", check_processors({1, 0.5, 1}), {State::kNote, "1 child runs", "quern run -p 1"});
}

TEST(CheckOpenFiles, SaysHowManyAreNeeded) {
  const Descriptors descriptors{.children = 4, .transfers = 8};
  const std::uint64_t needed = needed_open_files(descriptors);
  EXPECT_GT(needed, needed_open_files({.children = 4, .transfers = 0}));
  EXPECT_LT(needed, 1024U);
  expect("enough", check_open_files(needed, descriptors), {State::kOk, "allowed", ""});
  expect("too few", check_open_files(64, descriptors), {State::kMissing, "64 allowed, and a run may", "LimitNOFILE"});
}

Folder folder(std::optional<std::uint64_t> free_bytes) {
  return {.path = "/f", .usable = {}, .free_bytes = free_bytes};
}

Folder broken() {
  return {.path = "/f",
          .usable = Error{.kind = ErrorKind::kDenied, .message = "/f: denied; take another"},
          .free_bytes = {}};
}

TEST(CheckScratch, NeedsRoomForWhatTheInputsAre) {
  expect("enough", check_scratch(folder(10 * kGiB), kGiB), {State::kOk, "/f, 10.7 GB free", ""});
  expect("less than inputs", check_scratch(folder(kGiB), 2 * kGiB),
         {State::kNote, "the inputs are 2.1 GB", "--scratch or TMPDIR"});
  expect("full", check_scratch(folder(1000), 0), {State::kMissing, "1.0 kB free", "make room there"});
  expect("denied", check_scratch(broken(), 0), {State::kMissing, "/f: denied", "take another"});
  expect("unknown", check_scratch(folder(std::nullopt), kGiB), {State::kOk, "/f", ""});
}

TEST(CheckDownloads, NeedsRoomForTheSpool) {
  expect("enough", check_downloads(folder(10 * kGiB)), {State::kOk, "/f", ""});
  expect("less than the spool", check_downloads(folder(kGiB)),
         {State::kNote, "may take 4.3 GB", "downloads.directory"});
  expect("full", check_downloads(folder(0)), {State::kMissing, "0 B free", "downloads.directory"});
  expect("denied", check_downloads(broken()), {State::kMissing, "denied", "downloads.directory"});
}

TEST(CheckResultFolder, MustBeWritable) {
  expect("enough", check_result_folder(folder(kGiB)), {State::kOk, "/f", ""});
  expect("full", check_result_folder(folder(0)), {State::kMissing, "0 B free", "--output"});
  expect("denied", check_result_folder(broken()), {State::kMissing, "denied", "--output"});
}

}  // namespace
}  // namespace quern::app::doctor
