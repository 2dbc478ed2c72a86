#include "services/json/number_run.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/json/json_reader.h"
#include "services/json/path.h"

namespace quern::json {
namespace {

NumberRun run_in(std::string_view text) { return number_run(text.data(), text.data() + text.size()); }

class NumberRuns : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_number_runs()) GTEST_SKIP() << "this processor has no AVX2";
  }
};

// Longer than one block, and not a number.
const std::string kRest(64, 'x');

TEST_F(NumberRuns, TakesNumbersUpToTheLastCommaBeforeAnythingElse) {
  const std::vector<std::pair<std::string, std::size_t>> runs = {
      {"0,", 1},    {"0, ", 1},    {" 1,", 1},      {"0, -1, 25, ", 3}, {"-0,", 1},       {"10.50,-0.25,", 2},
      {"1,2,3", 2}, {"1,[2,", 1},  {"1,\"2\",", 1}, {"1, null,", 1},    {"1, 1e5,", 1},   {"1,2]", 1},
      {"", 0},      {"]", 0},      {"1", 0},        {"1 ,", 0},         {"  1,", 0},      {"1,  2,", 1},
      {",", 0},     {"1,,", 1},    {"1, ,", 1},     {"01,", 0},         {"1,-01,", 1},    {"1.,", 0},
      {".5,", 0},   {"1.2.3,", 0}, {"1,1..2,", 1},  {"--1,", 0},        {"1-2,", 0},      {"-,", 0},
      {"+1,", 0},   {"- 1,", 0},   {"1 2,", 0},     {"1,2 3,", 1},      {"0x1,", 0},      {"1.-2,", 0},
      {"1\t,", 0},  {"1,\n2,", 1}, {"1/,", 0},      {"1:,", 0},         {"1.5,00.5,", 1}, {"-.5,", 0},
  };
  for (const auto& [text, elements] : runs) EXPECT_EQ(run_in(text + kRest).elements, elements) << text;
}

TEST_F(NumberRuns, GoesOnOverManyBlocks) {
  std::string numbers;
  for (int i = 0; i < 1000; ++i) numbers += std::to_string(i * i - 7) + (i % 3 == 0 ? ".25, " : ",");
  NumberRun run = run_in(numbers + kRest);
  EXPECT_EQ(run.elements, 1000U);
  EXPECT_EQ(numbers.substr(run.bytes), " ");
}

TEST_F(NumberRuns, DoesNotLookBehindTheEnd) {
  const std::string text = "1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,";
  ASSERT_EQ(text.size(), 64U);
  EXPECT_EQ(run_in(text).elements, 32U);
  EXPECT_EQ(run_in(std::string_view(text).substr(1)).elements, 0U);
}

// A run contains only what the grammar allows, and all of that, as far as 64 bytes are available.
TEST_F(NumberRuns, AgreesWithTheGrammar) {
  const std::regex element(" ?-?(0|[1-9][0-9]*)(\\.[0-9]+)?,");
  const std::vector<std::string> pieces = {"0",  "0", "1", "7", ",", ",", ", ",
                                           ", ", "-", ".", " ", "e", "]", "12345678"};
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same cases each time
  std::size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    // Mostly valid, so that runs are long.
    for (std::size_t count = random() % 40; count > 0; --count) text += random() % 2 == 0 ? "10.5, " : "-3,";
    for (std::size_t count = random() % 12; count > 0; --count) text += pieces[random() % pieces.size()];
    for (std::size_t count = random() % 20; count > 0; --count) text += "4, ";
    std::size_t bytes = 0;
    std::size_t elements = 0;
    std::smatch found;
    auto rest = text.cbegin();
    while (std::regex_search(rest, text.cend(), found, element, std::regex_constants::match_continuous)) {
      rest += found.length();
      bytes += static_cast<std::size_t>(found.length());
      ++elements;
    }
    NumberRun run = run_in(text + kRest);
    EXPECT_EQ(run.elements, elements) << text;
    EXPECT_EQ(run.bytes, bytes) << text;
    run = run_in(text);
    EXPECT_LE(run.elements, elements) << text;
    EXPECT_LE(run.bytes, bytes) << text;
    taken += run.elements;
  }
  EXPECT_GT(taken, 100'000U);
}

bool is_json(const std::string& text) {
  const Plan plan({.copied = {}, .captured = {parse_path("wanted").value()}});
  JsonReader reader(plan);
  Buffer nothing;
  return reader.read(text, nothing);
}

// An error in a long array is found at any position, and valid arrays are accepted.
TEST(NumberRun, LeavesAReaderNoLessStrict) {
  std::vector<std::string> numbers;
  for (int i = 0; i < 60; ++i) numbers.push_back(std::to_string(i % 4 * i - 1));
  auto array = [&](std::string_view comma) {
    std::string text = "{\"skipped\":[";
    for (const std::string& number : numbers) text.append(number).append(comma);
    return text + "5],\"wanted\":1}";
  };
  for (std::size_t place = 0; place < numbers.size(); ++place) {
    const std::string kept = numbers[place];
    for (std::string_view comma : {",", ", ", " , "}) {
      for (const char* right :
           {"null", "\"a,b\"", "[1,2,3,4,5,6,7,8,9,0,1,2]", "{\"a\":[1,2]}", "1e5", "-0.5E-3", "0.0"}) {
        numbers[place] = right;
        EXPECT_TRUE(is_json(array(comma))) << array(comma);
      }
      for (const char* wrong :
           {"", "01", "-", "1.", ".1", "1.2.3", "1 2", "--1", "1e", "nul", "1,", "]", "[1", "{1}"}) {
        numbers[place] = wrong;
        EXPECT_FALSE(is_json(array(comma))) << array(comma);
      }
    }
    numbers[place] = kept;
  }
}

}  // namespace
}  // namespace quern::json
