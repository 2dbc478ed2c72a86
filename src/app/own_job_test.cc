#include "app/own_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "job_file/job_file.h"
#include "stages/decode/memory_source_for_test.h"

namespace quern::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

OwnJob job_over(const std::string& text, Language language = Language::kPython) {
  const std::vector<Input> inputs = {{.name = "a", .path = "a", .stored_bytes = text.size()}};
  auto open = [&](std::size_t, const InputView&) -> Result<std::unique_ptr<decode::StoredSource>> {
    return std::unique_ptr<decode::StoredSource>(std::make_unique<decode::MemorySource>(text));
  };
  return own_job(look_at(inputs, {0}, open, 10'000), language, {"../data/*.gz", "s3://b/it's"});
}

const std::string kOrders =
    "{\"id\": \"o1\", \"geo\": {\"land\": null}, \"ms\": 1}\n"
    "{\"id\": \"o2\", \"geo\": {\"land\": \"it's \\\"D\\\"\\t\"}, \"ms\": 250, \"more\": [1, 2]}\n"
    "{\"id\": \"o3\", \"geo\": {\"land\": \"it's \\\"D\\\"\\t\"}, \"ms\": 250}\n"
    "{\"id\": \"o4\", \"geo\": {\"land\": \"FR\"}, \"ms\": 3}\n";

TEST(OwnJob, HasAJobFileThatIsValid) {
  for (Language language : {Language::kPython, Language::kJavascript}) {
    const OwnJob made = job_over(kOrders, language);
    std::string text = made.files[0].text;
    for (std::size_t at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1)) {
      if (text[at + 2] != ' ') text.erase(at + 1, 1);  // what the comments offer is right
    }
    auto job = parse_job({.path = "j", .folder = "/", .text = text});
    ASSERT_TRUE(job.ok()) << job.error().message << text;
    EXPECT_THAT(job.value().job.inputs, ElementsAre("../data/*.gz", "s3://b/it's"));
    EXPECT_EQ(job.value().job.record, RecordKind::kJson);
    EXPECT_THAT(job.value().job.fields, ElementsAre("geo.land", "ms"));
    EXPECT_EQ(job.value().job.where_json, R"({"geo.land":"it's \"D\"\t"})");
    EXPECT_EQ(job.value().job.steps[0].mapper.module->script, made.files[1].name);
    EXPECT_EQ(job.value().job.steps[0].mapper.module->language, language);
  }
}

TEST(OwnJob, ReadsTwoFieldsAndTestsThemOnARecord) {
  const OwnJob made = job_over(kOrders);
  EXPECT_EQ(made.does, "adds up ms for each geo.land");
  EXPECT_THAT(made.files[1].text, AllOf(HasSubstr("    group = part(record, \"geo\", \"land\")\n"),
                                        HasSubstr("    value = part(record, \"ms\")\n"),
                                        HasSubstr("    if group is None or value is None:\n")));
  EXPECT_THAT(made.files[2].text, AllOf(HasSubstr(R"(json.loads('{"geo":{"land":"it\'s \\"D\\"\\t"},"ms":250}'))"),
                                        HasSubstr(R"(, ("it's \"D\"\x09", 250)))")));
}

TEST(OwnJob, TakesEmptyFieldsOfATableForMissing) {
  const OwnJob made = job_over("town,n\nRome,\n\"Bad, \"\"Ems\"\"\",7\nRome,8\n");
  EXPECT_EQ(made.does, "adds up n for each town");
  EXPECT_THAT(made.files[0].text, HasSubstr("\nrecord: csv\n"));
  EXPECT_THAT(made.files[1].text, HasSubstr("    if not group or not value:\n"));
  EXPECT_THAT(made.files[2].text, HasSubstr(R"(, ("Bad, \"Ems\"", "7")))"));
}

TEST(OwnJob, CountsRecordsIfNoFieldIsKnown) {
  for (Language language : {Language::kPython, Language::kJavascript}) {
    const OwnJob made = job_over("Call me\n\"Ishmael\"\n", language);
    EXPECT_EQ(made.does, "counts the records of each input");
    EXPECT_THAT(made.files[0].text, AllOf(HasSubstr("\nrecord: text\n"), Not(HasSubstr("where"))));
    EXPECT_THAT(made.files[1].text, AllOf(HasSubstr("file, 1"), Not(HasSubstr("part("))));
    EXPECT_THAT(made.files[2].text, HasSubstr("record = \"Call me\""));
  }
}

TEST(OwnJob, LeavesNoPlaceholder) {
  for (const std::string& text : {kOrders, std::string("{\"a\": \"x@Y@z\"}\n"), std::string("[1]\n[2]\n")}) {
    for (Language language : {Language::kPython, Language::kJavascript}) {
      for (const OwnJobFile& file : job_over(text, language).files) {
        EXPECT_THAT(file.text, AllOf(Not(HasSubstr("?key")), Not(HasSubstr("@GROUP")), Not(HasSubstr("@EXAMPLE"))));
        EXPECT_TRUE(file.text.ends_with('\n'));
      }
    }
  }
}

}  // namespace
}  // namespace quern::app
