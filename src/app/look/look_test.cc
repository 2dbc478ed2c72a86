#include "app/look/look.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "app/look/suggestion.h"
#include "stages/decode/memory_source_for_test.h"

namespace quern::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Inputs in memory, and which of them were opened.
class Inputs {
 public:
  void add(const std::string& name, const std::string& text) {
    list_.push_back({.name = name, .path = name, .stored_bytes = text.size()});
    texts_.push_back(text);
  }
  Look look(std::uint64_t most_records = 10'000) {
    auto open = [&](std::size_t position, const InputView& input) -> Result<std::unique_ptr<decode::StoredSource>> {
      opened_.emplace(input.name);
      return std::unique_ptr<decode::StoredSource>(std::make_unique<decode::MemorySource>(texts_[position]));
    };
    return look_at(list_, inputs_to_read(list_), open, most_records);
  }
  std::vector<Input>& list() { return list_; }
  const std::set<std::string>& opened() const { return opened_; }

 private:
  std::vector<Input> list_;
  std::vector<std::string> texts_;
  std::set<std::string> opened_;
};

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{{\"n\": {:06}}}\n", 100000 + i);
  return text;
}

TEST(Look, IsExactIfEverythingWasRead) {
  Inputs inputs;
  inputs.add("a", lines(3));
  inputs.add("b", "");
  inputs.add("c", lines(2));
  const Look look = inputs.look();
  EXPECT_TRUE(look.is_exact);
  EXPECT_EQ(look.records, 5U);
  EXPECT_EQ(look.decoded_bytes, 70U);
  EXPECT_EQ(look.stored_bytes, 70U);
  EXPECT_EQ(look.read_inputs, 3U);
  EXPECT_THAT(look.paths, SizeIs(1));
  EXPECT_THAT(look.examples, SizeIs(5));
  EXPECT_EQ(look.examples[0], "{\"n\": 100000}");
}

TEST(Look, OpensAFewOfManyInputs) {
  Inputs inputs;
  for (int i = 0; i < 1000; ++i) inputs.add(fmt::format("{:04}", i), lines(10));
  const Look look = inputs.look();
  EXPECT_THAT(inputs.opened(), SizeIs(24));
  EXPECT_TRUE(inputs.opened().contains("0000"));
  EXPECT_TRUE(inputs.opened().contains("0999"));
  EXPECT_FALSE(look.is_exact);
  EXPECT_EQ(look.records, 10'000U);
  EXPECT_EQ(look.read_records, 240U);
}

TEST(Look, ReadsTheMiddleAndTheEndOfALargeFile) {
  Inputs inputs;
  inputs.add("a", lines(400'000));
  const Look look = inputs.look(3000);
  EXPECT_FALSE(look.is_exact);
  EXPECT_EQ(look.read_records, 3000U);
  EXPECT_NEAR(static_cast<double>(look.records), 400'000, 100);
  EXPECT_EQ(look.paths.at(0).smallest, "100000");
  EXPECT_GT(look.paths.at(0).largest, "420000");
  EXPECT_THAT(look.bad_reason, IsEmpty());
}

TEST(Look, NamesWhatCannotBeReadAndWhatIsOther) {
  Inputs inputs;
  inputs.add("a.json", lines(2));
  inputs.add("b.gz", "\x1f\x8b damaged");
  inputs.add("c.csv", "a,b\n1,2\n");
  inputs.add("d.json", "{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}\n{\"n\": 4}\n{\"n\":\n");
  inputs.add("e.zip", "PK\x03\x04rest");
  const Look look = inputs.look();
  ASSERT_THAT(look.failed, SizeIs(2));
  EXPECT_EQ(look.failed[0].name, "b.gz");
  EXPECT_THAT(look.failed[1].reason, HasSubstr("it is a zip archive"));
  ASSERT_THAT(look.others, SizeIs(1));
  EXPECT_EQ(look.others[0].name, "c.csv");
  EXPECT_EQ(look.bad_records, 1U);
  EXPECT_EQ(look.read_records, 7U);
  EXPECT_EQ(look.read_inputs, 3U);
}

TEST(Look, IsOfTheFormatThatMostInputsHave) {
  Inputs inputs;
  inputs.add("a", "");
  inputs.add("b", "text\n");
  inputs.add("c", lines(1));
  inputs.add("d", lines(1));
  const Look look = inputs.look();
  EXPECT_EQ(look.format.kind, RecordKind::kJson);
  EXPECT_EQ(look.records, 2U);
}

TEST(Look, DoesNotTakeAByteOrderMarkForARecord) {
  Inputs inputs;
  inputs.add("a", "\xef\xbb\xbf" + lines(2));
  EXPECT_EQ(inputs.look().bad_records, 0U);
  EXPECT_EQ(inputs.look().format.kind, RecordKind::kJson);
}

TEST(Look, ChoosesFewAndModerateRemoteInputs) {
  Inputs inputs;
  for (int i = 0; i < 10; ++i) {
    inputs.add(fmt::format("s3://b/{}", i), "");
    inputs.list().back().url = inputs.list().back().name;
    inputs.list().back().stored_bytes = 1000;
  }
  inputs.list()[0].stored_bytes = std::uint64_t{1} << 30;
  inputs.list()[9].size_is_known = false;
  EXPECT_THAT(inputs_to_read(inputs.list()), ElementsAre(1, 4, 8));
}

TEST(Spread, HasTheFirstAndTheLast) {
  EXPECT_THAT(spread(0, 3), IsEmpty());
  EXPECT_THAT(spread(3, 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(spread(10, 3), ElementsAre(0, 4, 9));
  EXPECT_THAT(spread(10, 1), ElementsAre(0));
}

struct Suggested {
  std::string key;
  std::string number;
};
Suggested suggested(const std::vector<std::string>& records, bool plain = false) {
  Inputs inputs;
  std::string text;
  for (const std::string& record : records) text += record + "\n";
  inputs.add("a", text);
  const Look look = inputs.look();
  const Suggestion suggestion = suggest(look.paths, look.read_records, plain);
  return {suggestion.key == nullptr ? "" : suggestion.key->text,
          suggestion.number == nullptr ? "" : suggestion.number->text};
}

TEST(Suggestion, GroupsByAFieldWithFewValues) {
  std::vector<std::string> records;
  for (int i = 0; i < 50; ++i) {
    records.push_back(fmt::format(R"({{"id": "u{}", "v": 1, "rare": {}, "geo": {{"country": "{}"}}, "ms": {}}})", i,
                                  i == 3 ? "\"x\"" : "null", i % 3 == 0 ? "DE" : "FR", i % 20));
  }
  const Suggested both = suggested(records);
  EXPECT_EQ(both.key, "geo.country");
  EXPECT_EQ(both.number, "ms");
}

TEST(Suggestion, TakesElementsOnlyIfAskedTo) {
  const std::vector<std::string> records(5, R"([{"k": "a"}, {"k": "b"}])");
  EXPECT_EQ(suggested(records).key, "[*].k");
  EXPECT_EQ(suggested(records, true).key, "");
}

TEST(Suggestion, LeavesOutWhatHasOtherTypes) {
  EXPECT_EQ(suggested({R"({"a": "x"})", R"({"a": {}})", R"({"a": true})"}).key, "");
  EXPECT_EQ(suggested({R"({"a": "x"})", R"({"a": null})"}).key, "a");
  EXPECT_EQ(suggested({R"({"n": 1})", R"({"n": "x"})"}).number, "");
  EXPECT_EQ(suggested({R"({"a": "x", "b": "y"})", R"({"a": "x\ny", "b": "z"})"}).key, "b");
  EXPECT_EQ(suggested({R"([{"n": 1}, {"n": 2}])"}).number, "");
}

TEST(JobLines, QuoteWhatNeedsIt) {
  json::ProfiledPath key{.text = "a b", .path = {{.name = "a b"}}};
  json::ProfiledPath number{.text = "the n.x", .path = {{.name = "the n"}, {.name = "x"}}};
  EXPECT_EQ(job_lines({.is_empty = false, .kind = RecordKind::kJson}, {.key = &key, .number = &number},
                      {.inputs = {"data/*.gz"}}),
            "mapper: {builtin: pairs, key: \"a b\", value: 1}  # value: \"\\\"the n\\\".x\" adds up its numbers\n"
            "reducer: {builtin: sum}\n"
            "record: json\n"
            "inputs: [\"data/*.gz\"]\n");
  EXPECT_EQ(job_lines({.is_empty = false}, {}, {.inputs = std::vector<std::string>(10, "a")}),
            "record: text\ninputs: [a, a, a, a, a, a, a, a]  # and 2 more: a pattern in quotes names them all\n");
  EXPECT_EQ(job_lines({.is_empty = false}, {}, {.inputs = {}, .manifest = "names"}), "record: text\nmanifest: names\n");
}

TEST(FromWords, AreForAShell) {
  EXPECT_EQ(from_words({.inputs = {"a b", "c"}}), " 'a b' c");
  EXPECT_EQ(from_words({.inputs = std::vector<std::string>(10, "a")}), "");
  EXPECT_EQ(from_words({.inputs = {}, .manifest = "names"}), "");
}

}  // namespace
}  // namespace quern::app
