#include "views/json/findings_json.h"

#include <gtest/gtest.h>

#include <vector>

namespace quern::view {
namespace {

TEST(FindingsJson, IsAnArrayWithOneObjectALine) {
  const std::vector<Finding> findings = {{Finding::State::kOk, "processors", "2"},
                                         {Finding::State::kNote, "a\"b", "c"},
                                         {Finding::State::kMissing, "node", "not on PATH", "apt-get install nodejs"}};
  EXPECT_EQ(
      findings_json(findings),
      "[\n {\"state\":\"ok\",\"what\":\"processors\",\"found\":\"2\",\"fix\":\"\"},\n"
      " {\"state\":\"note\",\"what\":\"a\\\"b\",\"found\":\"c\",\"fix\":\"\"},\n"
      " {\"state\":\"missing\",\"what\":\"node\",\"found\":\"not on PATH\",\"fix\":\"apt-get install nodejs\"}\n]\n");
  EXPECT_EQ(findings_json({}), "[]\n");
}

TEST(FindingsJson, TakesNamesThatAreNoUtf8) {
  const std::vector<Finding> findings = {{Finding::State::kOk, "job file", "\xff.yml"}};
  EXPECT_EQ(findings_json(findings),
            "[\n {\"state\":\"ok\",\"what\":\"job file\",\"found\":\"\xef\xbf\xbd.yml\",\"fix\":\"\"}\n]\n");
}

}  // namespace
}  // namespace quern::view
