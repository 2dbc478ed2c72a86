#include "app/run/suggested_fields.h"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using Counters = std::map<std::pair<std::string, std::string>, std::int64_t>;

std::string last_line(const std::string& text) { return text.substr(text.rfind('\n') + 1); }

TEST(SuggestedFields, NamesEachPartOnce) {
  const Counters counters = {{{"fields read", "info"}, 3},        {{"fields read", "info.OS"}, 9},
                             {{"fields read", "information"}, 1}, {{"fields read", "x.y"}, 2},
                             {{"fields read", "\"a.b\""}, 2},     {{"mine", "(whole record)"}, 1}};
  EXPECT_EQ(last_line(suggested_fields(counters)), R"(fields: ["\"a.b\"", info, information, x.y])");
}

TEST(SuggestedFields, HasNothingToSuggest) {
  EXPECT_NE(suggested_fields({{{"fields read", "(whole record)"}, 1}, {{"fields read", "a"}, 1}}).find("whole records"),
            std::string::npos);
  EXPECT_NE(suggested_fields({{{"mine", "a"}, 1}}).find("read nothing"), std::string::npos);
}

}  // namespace
}  // namespace quern::app
