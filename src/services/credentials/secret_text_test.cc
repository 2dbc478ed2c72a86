#include "services/credentials/secret_text.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace quern::credentials {
namespace {

std::string shown(std::string_view json) {
  auto members = read_secret_object(json);
  if (!members.ok()) return "error: " + members.error().message;
  std::string text;
  for (const SecretMember& member : members.value()) {
    text += member.name + "=" + std::string(member.value.reveal()) + ";";
  }
  return text;
}

TEST(SecretObject, ReadsTextsOfMembers) {
  struct Row {
    const char* what;
    std::string json;
    std::string members;
  };
  const std::vector<Row> rows = {
      {"empty", "{}", ""},
      {"blanks", " \t\r\n{ \"a\" : \"b\" , \"c\":\"d\" } \n", "a=b;c=d;"},
      {"other kinds", R"({"a":1,"b":-0.5e+10,"c":true,"d":false,"e":null,"f":[1,{"x":[]}],"g":"h"})", "g=h;"},
      {"within", R"({"A":{"b":"c","D":{"e":"f"}},"g":"h"})", "A.b=c;A.D.e=f;g=h;"},
      {"texts in arrays", R"({"a":["b",{"c":"d"}]})", "a[]=b;a[].c=d;"},
      {"escapes", R"({"a":"\"\\\/\b\f\n\r\t"})", "a=\"\\/\b\f\n\r\t;"},
      {"unicode", "{\"a\":\"\\u00e9\\u20AC\\ud83d\\ude00\xc3\xa9\"}",
       "a=\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9;"},
      {"zero", R"({"a":"\u0000"})", std::string("a=\0;", 4)},
      {"twice", R"({"a":"1","a":"2"})", "a=1;a=2;"},
      {"empty names", R"({"":""})", "=;"},
  };
  for (const Row& row : rows) EXPECT_EQ(shown(row.json), row.members) << row.what;
}

TEST(SecretObject, RefusesWhatIsNoObject) {
  for (std::string_view json : {"",
                                " ",
                                "null",
                                "[]",
                                "\"a\"",
                                "{",
                                "}",
                                "{\"a\"}",
                                "{\"a\":}",
                                "{\"a\":\"b}",
                                "{\"a\":\"b\"",
                                "{\"a\":\"b\",}",
                                "{,}",
                                "{\"a\":\"b\"}x",
                                "{\"a\":\"b\"}{}",
                                "{a:\"b\"}",
                                "{'a':'b'}",
                                "{\"a\":01}",
                                "{\"a\":.5}",
                                "{\"a\":1.}",
                                "{\"a\":1e}",
                                "{\"a\":+1}",
                                "{\"a\":-}",
                                "{\"a\":nul}",
                                "{\"a\":\"\\x\"}",
                                "{\"a\":\"\\u12\"}",
                                "{\"a\":\"\\ud83d\"}",
                                "{\"a\":\"\\ud83d\\u0041\"}",
                                "{\"a\":\"\\ude00\"}",
                                "{\"a\":\"\n\"}",
                                "{\"a\":\"\xff\"}",
                                "{\"a\":\"\xc0\x80\"}",
                                "{\"a\":\"\xed\xa0\x80\"}",
                                "{\"a\":\"\\",
                                "{\"a\":[1,]}",
                                "{\"a\":[1 2]}",
                                "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}"}) {
    EXPECT_EQ(shown(json), "error: it is not a JSON object") << json;
  }
}

TEST(SecretObject, FindsTheLastOfAName) {
  auto members = read_secret_object(R"({"a":"1","b":"2","a":"3"})").value();
  ASSERT_NE(find_member(members, "a"), nullptr);
  EXPECT_EQ(find_member(members, "a")->reveal(), "3");
  EXPECT_EQ(find_member(members, "c"), nullptr);
}

TEST(JsonText, IsReadBack) {
  std::string all;
  for (int byte = 0; byte < 128; ++byte) all += static_cast<char>(byte);
  all += "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  std::string json;
  json.reserve(2000);
  json += "{\"a\":";
  append_json_text(json, all);
  json += "}";
  EXPECT_EQ(shown(json), "a=" + all + ";");
}

TEST(ReadSecret, TakesAllUpToItsLimit) {
  for (std::size_t size : {0, 1, 99, 100, 101}) {
    Pipe pipe = make_pipe(4096).value();
    ASSERT_TRUE(write_all(pipe.write_end, std::string(size, 'x')).ok());
    pipe.write_end.reset();
    auto secret = read_secret(pipe.read_end, 100, "standard input");
    EXPECT_EQ(secret.ok(), size <= 100);
    if (secret.ok()) {
      EXPECT_EQ(secret.value().reveal().size(), size);
    } else {
      EXPECT_EQ(secret.error().message, "standard input is longer than 100 bytes");
    }
  }
}

}  // namespace
}  // namespace quern::credentials
