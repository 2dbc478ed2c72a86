#include "services/json/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <span>

#include "model/limits.h"

namespace quern::json {
namespace {

using testing::ElementsAre;

Plan plan_of(const std::vector<std::string>& copied, const std::vector<std::string>& captured = {}) {
  Wanted wanted;
  for (const std::string& path : copied) wanted.copied.push_back(parse_path(path).value());
  for (const std::string& path : captured) wanted.captured.push_back(parse_path(path).value());
  return Plan(wanted);
}

std::string copy_of(const std::string& text, const std::vector<std::string>& fields) {
  Plan plan = plan_of(fields);
  JsonReader reader(plan);
  Buffer copy;
  if (!reader.read(text, copy)) return "bad: " + reader.flaw().what;
  return std::string(copy.view());
}

TEST(JsonReader, CopiesTheWantedPartsInTheirShape) {
  struct Row {
    const char* text;
    std::vector<std::string> fields;
    const char* copy;
  };
  const Row rows[] = {
      {R"({"x":1,"info":{"a":[1],"OS":"W"},"y":2})", {"info.OS"}, R"({"info":{"OS":"W"}})"},
      {R"({"a" : 1.50 , "b" : [ 1 , 2 ] })", {"b", "a"}, R"({"a":1.50,"b":[ 1 , 2 ]})"},
      {R"({"x":1})", {"info.OS"}, "{}"},
      {R"({"info":{"x":1}})", {"info.OS"}, R"({"info":{}})"},
      {R"({"info":null})", {"info.OS"}, R"({"info":null})"},
      {R"({"info":"text"})", {"info.OS"}, R"({"info":"text"})"},
      {R"({"info":[1,2]})", {"info.OS"}, R"({"info":[]})"},
      {R"({"a":{"x":1}})", {"a[0]"}, R"({"a":{}})"},
      {R"({"a":[1,2,3]})", {"a[1]"}, R"({"a":[null,2]})"},
      {R"({"a":[1]})", {"a[1]"}, R"({"a":[null]})"},
      {R"({"a":[]})", {"a[1]"}, R"({"a":[]})"},
      {R"({"a":[{"b":1,"c":2},{"c":3},4]})", {"a[*].b"}, R"({"a":[{"b":1},{},4]})"},
      {R"({"a":[{"b":1,"c":2},{"b":3,"c":4}]})", {"a[*].b", "a[1].c"}, R"({"a":[{"b":1},{"b":3,"c":4}]})"},
      {R"({"a":{"b":1,"c":2}})", {"a", "a.b"}, R"({"a":{"b":1,"c":2}})"},
      {R"({"a.b":{"c":1}})", {"'a.b'.c"}, R"({"a.b":{"c":1}})"},
      {R"({"inf\u006f":{"O\u0053":1}})", {"info.OS"}, R"({"inf\u006f":{"O\u0053":1}})"},
      {R"({"a":1,"a":2})", {"a"}, R"({"a":1,"a":2})"},
      {R"([{"a":1},2])", {"[0].a"}, R"([{"a":1}])"},
      {"5", {"a"}, "5"},
  };
  for (const Row& row : rows) EXPECT_EQ(copy_of(row.text, row.fields), row.copy) << row.text;
}

std::vector<std::string> captures_of(const std::string& text, const std::vector<std::string>& paths) {
  Plan plan = plan_of({}, paths);
  JsonReader reader(plan);
  Buffer nothing;
  EXPECT_TRUE(reader.read(text, nothing)) << reader.flaw().what;
  EXPECT_TRUE(nothing.empty());
  std::vector<std::string> found;
  for (const Capture& capture : reader.captures()) {
    found.push_back(std::to_string(capture.number) + ":" + std::string(capture.text));
  }
  return found;
}

TEST(JsonReader, CapturesValues) {
  EXPECT_THAT(captures_of(R"({"b":{"c":"x" },"a": 12 })", {"a", "b.c", "b"}),
              ElementsAre("1:\"x\"", "2:{\"c\":\"x\" }", "0:12"));
  EXPECT_THAT(captures_of(R"({"t":["x","y"]})", {"t[*]", "t[1]"}), ElementsAre("0:\"x\"", "1:\"y\"", "0:\"y\""));
  EXPECT_THAT(captures_of(R"({"t":5})", {"t[*]", "t.a", "u"}), ElementsAre());
}

TEST(JsonReader, TheLastOfSeveralMembersOfOneNameCounts) {
  EXPECT_THAT(captures_of(R"({"a":1,"a":2})", {"a"}), ElementsAre("0:2"));
  EXPECT_THAT(captures_of(R"({"a":{"b":1},"x":0,"a":{}})", {"a.b", "x"}), ElementsAre("1:0"));
  EXPECT_THAT(captures_of(R"([{"a":1},{"a":2,"a":3}])", {"[*].a"}), ElementsAre("0:1", "0:3"));
}

TEST(JsonReader, RefusesWhatIsNotJsonAlsoWhereNobodyLooks) {
  for (std::string text :
       {"",         " ",         "{",        "}",           "[1,]",    "[,1]",        "{\"a\":1,}", "{\"a\" 1}",
        "{a:1}",    "{\"a\":1]", "[1}",      "[1 2]",       "[1]]",    "01",          "1.",         ".5",
        "+1",       "1e",        "-",        "0x1",         "1a",      "truex",       "tru",        "nul",
        "NaN",      "Infinity",  "'a'",      "\"a",         "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"",  "[\"a\"\"b\"]",
        "1\"a\"",   "\"a\"1",    "[\"\t\"]", "{\"a\":1}{}", "[1,\\]",  "{\"a\\\":1}", "{1:2}",      "{\"a\"}",
        "{\"a\":}", "[1\x0c,2]", "\x1a"}) {
    EXPECT_EQ(copy_of(text, {"info.OS"}).substr(0, 4), "bad:") << text;
    EXPECT_EQ(copy_of(std::string("{\"skipped\":").append(text).append("}"), {"info.OS"}).substr(0, 4), "bad:") << text;
    EXPECT_EQ(copy_of(std::string("{\"info\":{\"OS\":").append(text).append("}}"), {"info.OS"}).substr(0, 4), "bad:")
        << text;
  }
}

TEST(JsonReader, LimitsTheDepth) {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(copy_of(nested(limits::kMaxJsonDepth), {"a"}), "[]");
  EXPECT_EQ(copy_of(nested(limits::kMaxJsonDepth + 2), {"a"}), "bad: it is nested too deep");
}

TEST(JsonReader, GrowsWithTheTextAndStaysUsable) {
  Plan plan = plan_of({"a"});
  JsonReader reader(plan);
  Buffer copy;
  std::string large = "{\"b\":[" + std::string(300'000, ' ') + "],\"a\":\"" + std::string(300'000, 'x') + "\"}";
  for (const std::string& text : {std::string("{\"a\":1}"), large, std::string("{\"a\":2}")}) {
    copy.clear();
    ASSERT_TRUE(reader.read(text, copy));
  }
  EXPECT_EQ(copy.view(), "{\"a\":2}");
}

// Random JSON, some of it invalid, compared with a library that parses everything.

using Json = nlohmann::json;

class RandomJson {
 public:
  explicit RandomJson(unsigned seed) : random_(seed) {}

  std::string value(int depth) {
    switch (below(depth > 0 ? 9 : 6)) {
      case 0:
        return string();
      case 1:
        return std::to_string(static_cast<int>(below(2000)) - 1000);
      case 2:
        return pick({"0", "-0", "1.5", "1e3", "-2.5E-2", "12345678901234567890"});
      case 3:
        return pick({"true", "false", "null"});
      case 4:
      case 5:
        return string();
      case 6:
        return array(depth);
      default:
        return object(depth);
    }
  }
  std::string path() {
    std::string path = letter();
    while (below(3) > 0) path.append(below(3) > 0 ? "." : pick({"[0].", "[1].", "[*]."})).append(letter());
    return path;
  }
  // Changes, removes or inserts one byte.
  std::string broken(std::string text) {
    std::size_t at = below(text.size());
    char byte = "{}[]:,\"\\ 0tn\x80"[below(13)];
    if (below(3) == 0) return text.erase(at, 1);
    if (below(2) == 0) return text.insert(at, 1, byte);
    text[at] = byte;
    return text;
  }
  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  std::string pick(std::initializer_list<const char*> words) { return *(words.begin() + below(words.size())); }
  std::string letter() { return pick({"a", "b", "c"}); }
  std::string blanks() { return pick({"", "", "", " ", "\t ", "\r"}); }
  std::string string() {
    return pick({"\"\"", "\"x\"", "\"\\\"\"", "\"\\\\\"", "\"\\u0041\"", "\"[{,:\"", "\"\xc3\xa9\""});
  }
  std::string object(int depth) {
    std::string text("{");
    text += blanks();
    // Duplicate members are tested elsewhere: here their order would matter.
    for (const char* name : {"\"a\"", "\"\\u0062\"", "\"c\"", "\"d\"", "\"a.b\""}) {
      if (below(2) == 0) continue;
      if (text.find(':') != std::string::npos) text += ",";
      text.append(blanks()).append(name).append(blanks()).append(":");
      text.append(blanks()).append(value(depth - 1)).append(blanks());
    }
    return text + "}";
  }
  std::string array(int depth) {
    std::string text("[");
    text += blanks();
    for (std::size_t i = 0, size = below(4); i < size; ++i) {
      text.append(i > 0 ? "," : "").append(blanks()).append(value(depth - 1)).append(blanks());
    }
    return text + "]";
  }

  std::mt19937 random_;
};

void find_all(const Json& json, std::span<const PathStep> path, std::vector<Json>& found) {
  if (path.empty()) {
    found.push_back(json);
    return;
  }
  const PathStep& step = path.front();
  auto rest = path.subspan(1);
  if (step.kind == PathStep::Kind::kName && json.is_object() && json.contains(step.name)) {
    find_all(json[step.name], rest, found);
  }
  if (step.kind == PathStep::Kind::kIndex && json.is_array() && step.index < json.size()) {
    find_all(json[step.index], rest, found);
  }
  if (step.kind == PathStep::Kind::kEvery && json.is_array()) {
    for (const Json& element : json) find_all(element, rest, found);
  }
}

std::vector<Json> values_at(const Json& json, const Path& path) {
  std::vector<Json> found;
  find_all(json, path, found);
  return found;
}

// The copy contains what is wanted exactly as in the text, and captures are the values at their paths.
TEST(JsonReader, AgreesWithALibraryThatParsesEverything) {
  RandomJson random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = random.value(4);
    if (random.below(3) == 0) text = random.broken(text);
    std::vector<std::string> fields;
    for (std::size_t i = 0, count = 1 + random.below(3); i < count; ++i) fields.push_back(random.path());
    Plan plan = plan_of(fields, fields);
    JsonReader reader(plan);
    Buffer copy;
    Json full = Json::parse(text, nullptr, false);
    ASSERT_EQ(reader.read(text, copy), !full.is_discarded()) << text << " " << reader.flaw().what;
    if (full.is_discarded()) {
      EXPECT_TRUE(copy.empty());
      continue;
    }
    Json reduced = Json::parse(copy.view(), nullptr, false);
    ASSERT_FALSE(reduced.is_discarded()) << text << " gave " << copy.view();
    EXPECT_LE(reduced.size(), full.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      Path path = parse_path(fields[i]).value();
      std::vector<Json> wanted = values_at(full, path);
      EXPECT_EQ(values_at(reduced, path), wanted) << fields[i] << " of " << text << " gave " << copy.view();
      std::vector<Json> captured;
      for (const Capture& capture : reader.captures()) {
        if (capture.number == i) captured.push_back(Json::parse(capture.text));
      }
      EXPECT_EQ(captured, wanted) << fields[i] << " of " << text;
    }
  }
}

}  // namespace
}  // namespace quern::json
