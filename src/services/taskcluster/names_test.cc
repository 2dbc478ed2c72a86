#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "services/taskcluster/names.h"
#include "services/taskcluster/scopes.h"

namespace quern::taskcluster {
namespace {

TEST(RootUrl, IsStrippedOfItsSlashes) {
  struct Row {
    const char* name;
    const char* text;
    const char* normal;  // nullptr: refused
  };
  const std::array rows = {Row{"as it is", "https://tc.example.com", "https://tc.example.com"},
                           Row{"slashes", "https://tc.example.com///", "https://tc.example.com"},
                           Row{"upper case", "HTTPS://TC.Example.com/", "https://tc.example.com"},
                           Row{"port", "http://172.17.0.1:8081", "http://172.17.0.1:8081"},
                           Row{"own port", "https://tc.example.com:443/", "https://tc.example.com"},
                           Row{"path", "https://tc.example.com/api", nullptr},
                           Row{"query", "https://tc.example.com/?a", nullptr},
                           Row{"no scheme", "tc.example.com", nullptr},
                           Row{"password", "https://a:b@tc.example.com", nullptr},
                           Row{"empty", "", nullptr}};
  for (const Row& row : rows) {
    auto normal = normal_root_url(row.text);
    ASSERT_EQ(normal.ok(), row.normal != nullptr) << row.name;
    if (row.normal == nullptr) {
      EXPECT_EQ(normal.error().kind, ErrorKind::kBadConfig) << row.name;
    } else {
      EXPECT_EQ(normal.value(), row.normal) << row.name;
    }
  }
}

TEST(RootUrl, GivesServicesAndPages) {
  const std::string root = "https://tc.example.com";
  EXPECT_EQ(api_url(root, "queue", api_path({"task", "fOF8Cqj0QPKbvczC2dnXiQ", "status"})),
            root + "/api/queue/v1/task/fOF8Cqj0QPKbvczC2dnXiQ/status");
  EXPECT_EQ(artifact_url(root, "T", std::nullopt, "public/a b.txt"),
            root + "/api/queue/v1/task/T/artifacts/public%2Fa%20b.txt");
  EXPECT_EQ(artifact_url(root, "T", 3, "public/../x"), root + "/api/queue/v1/task/T/runs/3/artifacts/public%2F..%2Fx");
  EXPECT_EQ(task_page(root, "T"), root + "/tasks/T");
  EXPECT_EQ(run_page(root, "T", 0), root + "/tasks/T/runs/0");
  EXPECT_EQ(group_page(root, "G"), root + "/tasks/groups/G");
}

TEST(Slugid, IsAUuidOfVersionFourThatBeginsWithALetter) {
  EXPECT_EQ(make_slugid([](auto bytes) { std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0)); }),
            "AAAAAAAAQACAAAAAAAAAAA");
  EXPECT_EQ(make_slugid([](auto bytes) { std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(255)); }),
            "f_______T_-__________w");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    std::string id = make_slugid(system_random);
    EXPECT_TRUE(is_slugid(id)) << id;
    EXPECT_TRUE((id[0] >= 'A' && id[0] <= 'Z') || (id[0] >= 'a' && id[0] <= 'f')) << id;
    seen.insert(std::move(id));
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Slugid, IsToldFromOtherText) {
  struct Row {
    const char* name;
    const char* text;
    bool is_one;
  };
  const std::array rows = {Row{"one", "fOF8Cqj0QPKbvczC2dnXiQ", true},
                           Row{"not nice", "-OF8Cqj0QPKbvczC2dnXiQ", true},
                           Row{"version 1", "fOF8Cqj0EPKbvczC2dnXiQ", false},
                           Row{"variant", "fOF8Cqj0QPAbvczC2dnXiQ", false},
                           Row{"last letter", "fOF8Cqj0QPKbvczC2dnXiB", false},
                           Row{"short", "fOF8Cqj0QPKbvczC2dnXi", false},
                           Row{"long", "fOF8Cqj0QPKbvczC2dnXiQQ", false},
                           Row{"slash", "fOF8/qj0QPKbvczC2dnXiQ", false},
                           Row{"empty", "", false}};
  for (const Row& row : rows) EXPECT_EQ(is_slugid(row.text), row.is_one) << row.name;
}

TEST(Scopes, SatisfyByAStarAtTheirEndOnly) {
  struct Row {
    const char* name;
    const char* held;
    const char* needed;
    bool is_satisfied;
  };
  const std::array rows = {Row{"same", "a:b", "a:b", true},
                           Row{"longer", "a:b", "a:bc", false},
                           Row{"star", "a:*", "a:b", true},
                           Row{"star of nothing more", "a:*", "a:", true},
                           Row{"star alone", "*", "a:b", true},
                           Row{"star within", "a:*:c", "a:b:c", false},
                           Row{"star within itself", "a:*:c", "a:*:c", true},
                           Row{"star needed", "a:b", "a:*", false},
                           Row{"wider star needed", "a:b*", "a:*", false},
                           Row{"narrower star needed", "a:*", "a:b*", true}};
  for (const Row& row : rows) EXPECT_EQ(satisfies(row.held, row.needed), row.is_satisfied) << row.name;
}

TEST(Scopes, MissingOnesAreListedOnceInTheirOrder) {
  EXPECT_EQ(missing_scopes({"a:*", "c"}, {"d", "a:x", "b", "d", "c"}), (std::vector<std::string>{"d", "b"}));
  EXPECT_TRUE(missing_scopes({"*"}, {"d", "a:x"}).empty());
}

}  // namespace
}  // namespace quern::taskcluster
