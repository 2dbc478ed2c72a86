#include "services/json/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern::json {
namespace {

WantedPath wanted(const char* path, const char* setting = "mapper.key") { return {.setting = setting, .path = path}; }

TEST(PathWatch, IsOverWhenEveryPathWasFound) {
  PathWatch watch({wanted("a"), wanted("b")});
  watch.look({{.number = 0, .text = "1"}}, {0, 1}, R"({"a":1})");
  EXPECT_FALSE(watch.is_over());
  watch.look({{.number = 0, .text = "1"}, {.number = 1, .text = "2"}}, {0, 2}, R"({"a":1,"b":2})");
  EXPECT_TRUE(watch.is_over());
  for (const WantedPath& path : watch.outcome()) EXPECT_TRUE(path.is_found) << path.path;
}

TEST(PathWatch, NamesTheNearestPathOfTheFirstRecord) {
  struct Row {
    const char* path;
    const char* line;
    const char* nearest;
  };
  const Row rows[] = {
      {"countri", R"({"amount":1,"country":2})", "country"},
      {"info.Os", R"({"info":{"version":1,"OS":2}})", "info.OS"},
      {"OS", R"({"info":{"version":1,"OS":2}})", "info.OS"},
      {"$.k", R"({"j":1,"k":2})", "k"},
      {"/k", R"({"j":1,"k":2})", "k"},
      {"/info/OS", R"({"info":{"OS":2}})", "info.OS"},
      {"a,b", R"({"a":1,"b":2})", "a"},
      {"country,device.os", R"({"country":1,"device":{"os":2}})", "device.os"},
      {"k", R"([{"k":1},{"k":2}])", "[*].k"},
      {"k", R"(id {"x":{"k":1}})", "x.k"},
      {"a.b", R"({"a.b":1})", R"("a.b")"},
  };
  for (const Row& row : rows) {
    PathWatch watch({wanted(row.path)});
    watch.look({}, {0, 1}, row.line);
    EXPECT_EQ(watch.outcome().at(0).nearest, row.nearest) << row.path << " in " << row.line;
  }
}

TEST(PathWatch, ListsWhatTheFirstRecordHasIfNothingIsNear) {
  PathWatch watch({wanted("zzz", "mapper.value")});
  watch.look({}, {3, 1}, R"({"of a later input":1})");
  watch.look({}, {1, 7}, R"({"later":1})");
  watch.look({}, {1, 2}, R"({"one":[{"two":2}]})");
  watch.look({}, {1, 3}, R"({"second":1})");
  EXPECT_EQ(watch.outcome().at(0).first_record, "one, one[0], one[0].two");
}

TEST(PathWatch, SaysNothingWithoutARecord) {
  PathWatch watch({wanted("a")});
  EXPECT_THAT(watch.outcome(), testing::IsEmpty());
}

}  // namespace
}  // namespace quern::json
