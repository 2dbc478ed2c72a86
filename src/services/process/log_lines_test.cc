#include "services/process/log_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::process {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LogLines, JoinsWhatComesInParts) {
  LogLines lines;
  lines.add("on");
  EXPECT_THAT(lines.take(), IsEmpty());
  EXPECT_THAT(lines.last(), ElementsAre("on"));
  lines.add("e\n\ntwo\nthr");
  EXPECT_THAT(lines.take(), ElementsAre("one", "", "two"));
  lines.finish();
  EXPECT_THAT(lines.take(), ElementsAre("thr"));
  lines.finish();
  EXPECT_THAT(lines.take(), IsEmpty());
  EXPECT_THAT(lines.last(), ElementsAre("one", "", "two", "thr"));
}

TEST(LogLines, CutsALongLineIntoPieces) {
  LogLines lines;
  std::string longest(LogLines::kLongestLineBytes, 'a');
  lines.add(longest + "bb\n");
  EXPECT_THAT(lines.take(), ElementsAre(longest, "bb"));
}

TEST(LogLines, CountsWhatNobodyTakesInTime) {
  LogLines lines;
  std::string line(1023, 'a');
  line += '\n';
  for (std::size_t i = 0; i < LogLines::kMostPendingBytes / line.size() + 5; ++i) lines.add(line);
  auto taken = lines.take();
  EXPECT_EQ(taken.size(), LogLines::kMostPendingBytes / line.size() + 1);
  EXPECT_EQ(taken.back(), "... 5 lines left out");
  lines.add("next\n");
  EXPECT_THAT(lines.take(), ElementsAre("next"));
}

TEST(LogLines, RemembersTheLastOnes) {
  LogLines lines;
  for (int i = 0; i < 100; ++i) lines.add(std::to_string(i) + "\n");
  lines.add("half");
  auto last = lines.last();
  EXPECT_EQ(last.size(), limits::kShownLogLines);
  EXPECT_EQ(last.front(), "81");
  EXPECT_EQ(last.back(), "half");
}

}  // namespace
}  // namespace quern::process
