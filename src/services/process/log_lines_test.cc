#include "services/process/log_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

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

namespace {

// The event as text, for use in a table.
std::string shown(const std::string& line) {
  event::Event result = event_of_log_line(event::Role::kMapper, 3, line);
  if (auto* counted = std::get_if<event::Counted>(&result)) {
    return "count " + counted->group + "/" + counted->name + " " + std::to_string(counted->amount);
  }
  if (auto* status = std::get_if<event::Status>(&result)) return "status " + status->text;
  return "line " + std::get<event::ModuleLine>(result).line;
}

TEST(EventOfLogLine, UnderstandsWhatHadoopStreamingDoes) {
  struct Row {
    const char* name;
    const char* line;
    const char* event;
  };
  const Row rows[] = {
      {"counter", "reporter:counter:words,bad lines,2", "count words/bad lines 2"},
      {"negative amount", "reporter:counter:a,b,-7", "count a/b -7"},
      {"blanks around", "reporter:counter: a , b , 7 \r", "count a/b 7"},
      {"status", "reporter:status: half way ", "status half way"},
      {"empty status", "reporter:status:", "status "},
      {"no amount", "reporter:counter:a,b", "line reporter:counter:a,b"},
      {"no name", "reporter:counter:a", "line reporter:counter:a"},
      {"amount that is not a number", "reporter:counter:a,b,many", "line reporter:counter:a,b,many"},
      {"amount with something behind it", "reporter:counter:a,b,1,2", "line reporter:counter:a,b,1,2"},
      {"amount beyond 64 bits", "reporter:counter:a,b,99999999999999999999",
       "line reporter:counter:a,b,99999999999999999999"},
      {"other reporter line", "reporter:progress:1", "line reporter:progress:1"},
      {"not at the start", " reporter:status:x", "line  reporter:status:x"},
      {"anything", "hello", "line hello"},
      {"nothing", "", "line "},
  };
  for (const Row& row : rows) EXPECT_EQ(shown(row.line), row.event) << row.name;
}

}  // namespace

}  // namespace quern::process
