#include "stages/reducer/group_frames.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "stages/reducer/fakes_for_test.h"

namespace quern::reducer {
namespace {

using ::testing::ElementsAre;

// Flags, number of groups, their counts, and the body in readable form.
std::string shown(const GroupsFrame& frame) {
  const auto* integers = reinterpret_cast<const std::uint32_t*>(frame.head.data() + 24);
  std::string text = fmt::format("{}:", integers[0]);
  for (std::uint32_t i = 0; i < integers[1]; ++i) text += fmt::format(" {}", integers[2 + i]);
  text += fmt::format(" |{}", frame.body.view());
  for (char& byte : text) byte = byte == '\n' ? ' ' : byte;
  return text;
}

std::vector<std::string> frames_of(const Groups& groups, std::size_t frame_bytes) {
  FakeGroups source(groups);
  GroupsEncoder encoder(source, frame_bytes);
  GroupsFrame frame;
  std::vector<std::string> frames;
  while (encoder.next(frame).value()) frames.push_back(shown(frame));
  return frames;
}

TEST(GroupsEncoder, PutsGroupsIntoOneFrame) {
  EXPECT_THAT(frames_of({{"a", {"1", "2"}}, {"", {""}}}, 100), ElementsAre("0: 2 1 |a 1 2   "));
}

TEST(GroupsEncoder, MakesNoFrameOfNothing) { EXPECT_THAT(frames_of({}, 100), ElementsAre()); }

TEST(GroupsEncoder, BeginsANewFrameAfterAGroupThatFillsOne) {
  EXPECT_THAT(frames_of({{"a", {"11"}}, {"b", {"2"}}}, 5), ElementsAre("0: 1 |a 11 ", "0: 1 |b 2 "));
}

TEST(GroupsEncoder, GoesOnWithAGroupOverAnyNumberOfFrames) {
  EXPECT_THAT(frames_of({{"a", {"1", "2", "3"}}, {"b", {"4"}}}, 4),
              ElementsAre("4: 1 |a 1 ", "6: 1 |a 2 ", "2: 1 |a 3 ", "0: 1 |b 4 "));
  EXPECT_THAT(frames_of({{"a", {"1"}}, {"b", {"2", "3"}}}, 6), ElementsAre("4: 1 1 |a 1 b 2 ", "2: 1 |b 3 "));
}

TEST(GroupsEncoder, KnowsTheKeysAndWhichGroupsAFrameAnswers) {
  Groups groups = {{"a", {"1"}}, {"bb", {"2", "3"}}};
  FakeGroups source(groups);
  GroupsEncoder encoder(source, 6);
  GroupsFrame frame;
  ASSERT_TRUE(encoder.next(frame).value());
  EXPECT_EQ(frame.key(0), "a");
  EXPECT_EQ(frame.key(1), "bb");
  EXPECT_EQ(frame.answered_groups(), 1U);
  EXPECT_EQ(frame.values, 2U);
  ASSERT_TRUE(encoder.next(frame).value());
  EXPECT_EQ(frame.id, 2U);
  EXPECT_EQ(frame.key(0), "bb");
  EXPECT_EQ(frame.answered_groups(), 1U);
}

TEST(ParseOutput, RefusesWhatDoesNotFit) {
  GroupsOutput output;
  EXPECT_FALSE(parse_output("", 5, output).ok());
  EXPECT_FALSE(parse_output(std::string("\1\0\0", 3), 5, output).ok());
  EXPECT_FALSE(parse_output(std::string("\1\0\0\0\1\0\0", 7), 5, output).ok());
  EXPECT_FALSE(parse_output(std::string("\2\0\0\0\1\0\0\0\1\0\0\0", 12), 1, output).ok());
  EXPECT_FALSE(parse_output("\xff\xff\xff\xff", std::size_t{1} << 40, output).ok());
  const std::string good("\1\0\0\0\2\0\0\0a\nb\n", 12);
  ASSERT_TRUE(parse_output(good, 1, output).ok());
  EXPECT_THAT(output.line_counts, ElementsAre(2));
  EXPECT_EQ(output.lines, "a\nb\n");
}

TEST(TakeLines, TakesWholeLinesOnly) {
  std::string_view lines = "a\nb\nc";
  EXPECT_EQ(take_lines(lines, 2).value(), "a\nb\n");
  EXPECT_FALSE(take_lines(lines, 1).ok());
}

TEST(GroupLines, WritesAPairALineAndFillsAtLeastOne) {
  Groups groups = {{"a", {"1", ""}}, {"", {"2"}}};
  FakeGroups source(groups);
  GroupLines lines(source, "\t");
  Buffer buffer;
  std::vector<std::string> filled;
  do {
    ASSERT_TRUE(lines.fill(buffer, 5).ok());
    filled.emplace_back(buffer.view());
  } while (!buffer.empty());
  EXPECT_THAT(filled, ElementsAre("a\t1\na\t\n", "\t2\n", ""));
  GroupLines::Counts counts = lines.take_counts();
  EXPECT_EQ(counts.groups, 2U);
  EXPECT_EQ(counts.values, 3U);
}

}  // namespace
}  // namespace quern::reducer
