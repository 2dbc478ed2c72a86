#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "app/plan/plan.h"
#include "app/plan/plan_for_test.h"
#include "model/limits.h"

namespace quern::plan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string verdict(const PlanForTest& test) {
  auto checked = check_graph(test.graph());
  if (checked.ok()) return "taken";
  EXPECT_EQ(checked.error().kind, ErrorKind::kBadConfig);
  return checked.error().message;
}

TEST(Rules, TakeWhatIsPlanned) {
  for (const std::string more : {"", "reducer: {builtin: sum}\n", "reducer: {builtin: sum}\nreducers: 3\n"}) {
    PlanForTest test(more, "load: {files: 1}, fan_in: 3");
    test.add_many(20);
    EXPECT_EQ(verdict(test), "taken");
  }
}

TEST(Rules, NameTheFirstTaskThatIsTooLarge) {
  PlanForTest test("reducer: {builtin: sum}\n", "load: {files: 1}, fan_in: 300");
  test.add_many(1000);
  for (std::size_t input : {999, 530}) {
    const std::string url = "s3://telemetry/" + std::string(limits::kMaxTaskclusterBodyBytes, 'x');
    test.inputs[input].name = test.inputs[input].url = url;
    EXPECT_THAT(verdict(test),
                AllOf(HasSubstr(fmt::format("the task map {}/1000: its definition has 20972", input + 1)),
                      HasSubstr("less than 10485760")));
  }
}

TEST(Rules, KnowWhatAProgramCanBeStartedWith) {
  struct Row {
    std::string argument;
    std::map<std::string, std::string> environment;
    std::string message;
  };
  const std::vector<Row> rows = {
      {std::string(131'071, 'a'), {}, "taken"},
      {std::string(131'072, 'a'),
       {},
       "the task map: payload.command[3] has 131072 bytes; one argument or variable of a "
       "program may have 131071"},
      {std::string("a\0b", 3), {}, "the task map: payload.command[3] has a zero byte in it"},
      {"a", {{"A", std::string(131'069, 'a')}}, "taken"},
      {"a",
       {{"A", std::string(131'070, 'a')}},
       "the task map: payload.env.A has 131072 bytes; one argument or variable"},
      {"a", {{"A", std::string("a\0", 2)}}, "the task map: payload.env.A has a zero byte in it"}};
  for (const Row& row : rows) {
    PlanForTest test;
    test.add_many(1);
    test.set_arguments = {row.argument};
    test.settings.environment = row.environment;
    EXPECT_THAT(verdict(test), HasSubstr(row.message)) << row.message;
  }
  PlanForTest test;
  test.add_many(1);
  test.set_arguments = std::vector<std::string>(40, std::string(60'000, 'a'));
  EXPECT_THAT(verdict(test), HasSubstr("the task map: payload: its command and environment have 24"));
}

TEST(Rules, CountTheLettersOfTheDescription) {
  PlanForTest test;
  for (const auto& [letters, message] :
       std::map<std::size_t, std::string>{{32'600, "taken"}, {32'768, "the task map: metadata.description has 328"}}) {
    std::string letter_of_two_bytes;
    for (std::size_t i = 0; i < letters; ++i) letter_of_two_bytes += "\xc3\xa4";
    test.inputs.clear();
    test.add("s3://telemetry/" + letter_of_two_bytes);
    EXPECT_THAT(verdict(test), HasSubstr(message)) << letters;
  }
}

TEST(Rules, KnowHowLongAnOwnerMayBe) {
  PlanForTest test;
  test.add_many(1);
  test.job.owner = std::string(255, 'a');
  EXPECT_EQ(verdict(test), "taken");
  test.job.owner += 'a';
  EXPECT_THAT(test.failure(), HasSubstr("owner: metadata.owner has 256 characters; it must have 0 to 255"));
}

}  // namespace
}  // namespace quern::plan
