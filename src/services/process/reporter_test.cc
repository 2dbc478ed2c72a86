#include "services/process/reporter.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace quern::process {
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
