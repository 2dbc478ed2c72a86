#include "views/terminal/findings_text.h"

#include <gtest/gtest.h>

namespace quern::view {
namespace {

using State = Finding::State;

TEST(FindingText, IsOneLineWithStateAndFix) {
  EXPECT_EQ(finding_text({State::kOk, "processors", "2"}, false), "ok       processors: 2\n");
  EXPECT_EQ(finding_text({State::kNote, "inputs", "none are named", "-i"}, false),
            "note     inputs: none are named  -> -i\n");
  EXPECT_EQ(finding_text({State::kMissing, "node", "not on PATH", "apt-get install nodejs"}, false),
            "missing  node: not on PATH  -> apt-get install nodejs\n");
}

TEST(FindingText, LetsNothingThroughThatATerminalObeys) {
  EXPECT_EQ(finding_text({State::kMissing, "a", "b\x1b[31m\nc\td", "e\x07"}, false).find_first_of("\x1b\x07\t"),
            std::string::npos);
}

TEST(FindingText, HasColorsOnlyWhereTheyAreWanted) {
  const Finding finding{State::kMissing, "node", "not on PATH"};
  EXPECT_NE(finding_text(finding, true).find("\x1b["), std::string::npos);
  EXPECT_EQ(finding_text(finding, false).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace quern::view
