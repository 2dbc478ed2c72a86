#include "stages/inputs/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace quern::inputs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string with(const std::string& dimensions) { return R"({"version": 1, "dimensions": [)" + dimensions + "]}"; }
std::string dimension(const std::string& allowed) {
  return R"({"field_name": "f", "allowed_values": )" + allowed + "}";
}

TEST(Filter, LooksAtOnePartForEachDimension) {
  const std::string any = dimension("\"*\"");
  const std::string x = dimension("\"x\"");
  const std::string list = dimension(R"(["z", "x"])");
  const std::string range = dimension(R"({"min": "2", "max": "4"})");
  struct Row {
    const char* name;
    std::string dimensions;
    const char* path;
    bool is_accepted;
  };
  for (const Row& row : {
           Row{"none", "", "a/b", true},
           Row{"one value", x, "x/a", true},
           Row{"another value", x, "y/a", false},
           Row{"a longer value", x, "xx/a", false},
           Row{"a list", any + "," + list, "q/z/a", true},
           Row{"not in the list", any + "," + list, "q/y/a", false},
           Row{"an empty list", dimension("[]"), "q/a", false},
           Row{"a range's first", range, "2/a", true},
           Row{"a range's last", range, "4/a", true},
           Row{"before a range", range, "1/a", false},
           Row{"behind a range", range, "40/a", false},
           Row{"text in a range", range, "3.9/a", true},
           Row{"open above", dimension(R"({"min": "2"})"), "9/a", true},
           Row{"open below", dimension(R"({"max": "2"})"), "1/a", true},
           Row{"pieces of the file name", any + "," + x + "," + range, "q/x.3.gz", true},
           Row{"a piece that is wrong", any + "," + x + "," + range, "q/x.5.gz", false},
           Row{"a name without dots", x, "x", true},
           Row{"no folder at all", x + "," + list, "x.z.log.gz", true},
           Row{"too few pieces", x + "," + list, "x", false},
           Row{"too few pieces, but any will do", x + "," + any + "," + any, "x", true},
           Row{"more folders than dimensions", x, "x/y/z/a.b", true},
           Row{"dots in a folder are no matter", dimension("\"33.0\"") + "," + x, "33.0/x.gz", true},
           Row{"an empty piece", x + "," + dimension("\"\""), "x.", true},
       }) {
    auto filter = Filter::parse(with(row.dimensions), "Filter.json");
    ASSERT_TRUE(filter.ok()) << row.name << ": " << filter.error().message;
    EXPECT_EQ(filter.value().accepts(row.path), row.is_accepted) << row.name;
  }
}

TEST(Filter, SaysWhatIsWrong) {
  struct Row {
    std::string json;
    const char* message;
  };
  for (const Row& row : {
           Row{"", "it is not JSON"},
           Row{"{", "it is not JSON"},
           Row{"[]", "it must be an object"},
           Row{R"({"dimensions": []})", "its \"version\" must be 1"},
           Row{R"({"version": 2, "dimensions": []})", "its \"version\" must be 1"},
           Row{R"({"version": 1})", "its \"dimensions\" must be a list"},
           Row{R"({"version": 1, "dimensions": [], "x": 1})", "it has the unknown key \"x\""},
           Row{with("1"), "dimension 1 must be an object"},
           Row{with(R"({"allowed_values": "*"})"), "dimension 1 has no \"field_name\""},
           Row{with(R"({"field_name": 1, "allowed_values": "*"})"), "dimension 1 has no \"field_name\""},
           Row{with(R"({"field_name": "f"})"), "dimension 1 (f) has no \"allowed_values\""},
           Row{with(R"({"field_name": "f", "allowed_values": "*", "y": 1})"), "the unknown key \"y\""},
           Row{with(dimension("3")), "dimension 1 (f): allowed_values must be"},
           Row{with(dimension("[1]")), "may hold strings only"},
           Row{with(dimension(R"({"min": 1})")), "\"min\" must be a string"},
           Row{with(dimension(R"({"mini": "1"})")), "unknown key \"mini\""},
           Row{with(dimension(R"({"min": "b", "max": "a"})")), "its min \"b\" comes behind its max \"a\""},
       }) {
    auto filter = Filter::parse(row.json, "Filter.json");
    ASSERT_FALSE(filter.ok()) << row.json;
    EXPECT_EQ(filter.error().kind, ErrorKind::kBadConfig);
    EXPECT_THAT(filter.error().message, StartsWith("Filter.json: "));
    EXPECT_THAT(filter.error().message, HasSubstr(row.message));
  }
}

TEST(Filter, KnowsWhatAllPathsBeginWith) {
  auto prefixes = [](const std::string& dimensions, std::size_t most = 100) {
    std::string list;
    std::size_t number = 0;
    std::string json = R"({"version": 1, "dimensions": [)";
    for (std::size_t begin = 0; begin < dimensions.size(); ++number) {
      std::size_t end = std::min(dimensions.find(';', begin), dimensions.size());
      json += (begin == 0 ? "" : ", ") + std::string(R"({"field_name": "f", "allowed_values": )") +
              dimensions.substr(begin, end - begin) + "}";
      begin = end + 1;
    }
    return Filter::parse(json + "]}", "F").value().prefixes(most);
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(prefixes(""), Texts{""});
  EXPECT_EQ(prefixes(R"("*";"a")"), Texts{""});
  EXPECT_EQ(prefixes(R"({"min": "a"})"), Texts{""});
  EXPECT_EQ(prefixes(R"("a")"), Texts{"a"});
  EXPECT_EQ(prefixes(R"(["b", "ab", "a"])"), (Texts{"a", "b"}));
  EXPECT_EQ(prefixes(R"("a";"b";{"max": "c"};"d")"), (Texts{"a.b", "a/b"}));
  EXPECT_EQ(prefixes(R"("a";"b";"c")"), (Texts{"a.b.c", "a/b.c", "a/b/c"}));
  EXPECT_EQ(prefixes(R"("a";["b", "c"])", 3), Texts{"a"});
  EXPECT_EQ(prefixes("[]"), Texts{});
}

}  // namespace
}  // namespace quern::inputs
