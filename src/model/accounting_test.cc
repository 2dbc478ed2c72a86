#include "model/accounting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Accounting done() {
  return {.outcome = Outcome::kDone, .inputs_found = 1, .inputs_mapped = 1, .records_read = 3, .records_mapped = 3};
}

TEST(Warnings, NamePathsThatNoRecordHas) {
  Accounting accounting = done();
  accounting.result_bytes = 1;
  accounting.paths = {{.setting = "mapper.key", .path = "country", .is_found = true},
                      {.setting = "mapper.value", .path = "amoun", .nearest = "amount"},
                      {.setting = "where", .path = "x", .first_record = "a, b"},
                      {.setting = "fields", .path = "y"}};
  EXPECT_THAT(warnings_of(accounting),
              ElementsAre("no record has amoun (mapper.value); did you mean amount?",
                          "no record has x (where); the first record has a, b", "no record has y (fields)"));
}

TEST(Warnings, SayWhyTheResultIsEmpty) {
  auto why = [](const Accounting& accounting) { return warnings_of(accounting).at(0); };
  Accounting accounting = done();
  EXPECT_EQ(why(accounting), "the result is empty: the mapper wrote nothing for any record");
  accounting.records_without_key = 2;
  EXPECT_EQ(why(accounting), "the result is empty: no record has a key and a value");
  accounting.records_dropped = 1;
  EXPECT_EQ(why(accounting), "the result is empty: no record that where left has a key and a value");
  accounting.records_dropped = 3;
  EXPECT_EQ(why(accounting), "the result is empty: where dropped every record");
  accounting.groups_reduced = 1;
  EXPECT_EQ(why(accounting), "the result is empty: the reducer wrote nothing for any group");
  accounting = {.outcome = Outcome::kDone, .inputs_found = 1, .inputs_mapped = 1};
  EXPECT_EQ(why(accounting), "the result is empty: no record was read");
  accounting = {.outcome = Outcome::kDoneWithLosses, .records_read = 2, .records_bad = 2};
  EXPECT_EQ(why(accounting), "the result is empty: every record is bad; quern look FILE shows the format of an input");
  accounting.outcome = Outcome::kFailed;
  EXPECT_THAT(warnings_of(accounting), IsEmpty());
}

TEST(Warnings, NameAKeyThatWasComparedAsText) {
  Accounting accounting = done();
  accounting.result_bytes = 1;
  accounting.groups_as_text = 2;
  accounting.first_as_text = "k";
  EXPECT_THAT(warnings_of(accounting),
              ElementsAre("keys without any number were compared as text: 2 in all, the first is 'k'"));
}

}  // namespace
}  // namespace quern
