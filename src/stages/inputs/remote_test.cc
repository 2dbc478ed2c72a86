#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/text_source_for_test.h"
#include "model/input.h"
#include "services/disk/files.h"
#include "services/s3/fake_client_for_test.h"
#include "services/s3/store.h"
#include "stages/inputs/inputs.h"

namespace quern::inputs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A bucket "data" in memory that records requests.
class FakeStore final : public s3::Store {
 public:
  Result<void> list(const s3::ListRequest& request, const std::function<Result<void>(const s3::Object&)>& take,
                    const std::stop_token& /*stop*/) override {
    asked.push_back("list " + request.prefix + (request.delimiter.empty() ? "" : " one level"));
    if (is_list_denied) return Error{.kind = ErrorKind::kDenied, .message = "denied", .code = 403};
    for (const auto& [key, size_bytes] : objects) {
      if (request.bucket != "data" || !key.starts_with(request.prefix)) continue;
      bool is_deeper = key.find('/', request.prefix.size()) != std::string::npos;
      if (!request.delimiter.empty() && is_deeper) continue;
      TRY(take({.key = key, .size_bytes = size_bytes, .etag = "\"e\""}));
    }
    return {};
  }
  Result<std::optional<s3::Object>> head(const std::string& bucket, const std::string& key,
                                         const std::stop_token& /*stop*/) override {
    asked.push_back("head " + key);
    if (key == "denied") return Error{.kind = ErrorKind::kDenied, .message = "denied", .code = 403};
    if (key == "expired") return Error{.kind = ErrorKind::kDenied, .message = "expired"};
    auto found = objects.find(key);
    if (bucket != "data" || found == objects.end()) return std::optional<s3::Object>();
    return std::optional<s3::Object>(s3::Object{.key = key, .size_bytes = found->second, .etag = "\"e\""});
  }
  Result<s3::ObjectRequest> object_request(const std::string& bucket, const std::string& key,
                                           const std::stop_token& /*stop*/) override {
    return s3::ObjectRequest{.request = {.url = "http://s3.test/" + bucket + "/" + key}};
  }
  Result<http::Response> change(const s3::ChangeRequest& /*request*/, const std::stop_token& /*stop*/) override {
    CHECK(false);
    return http::Response{};
  }
  Error explain(const http::Response& /*refusal*/, const std::string& /*bucket*/) override {
    CHECK(false);
    return {};
  }

  std::map<std::string, std::uint64_t> objects;
  bool is_list_denied = false;
  std::vector<std::string> asked;
};

http::Response answer(int status, std::vector<http::Header> headers = {}, std::string body = "") {
  return {.head = {.status = status, .headers = std::move(headers)}, .body = std::move(body)};
}

class RemoteInputs : public testing::Test {
 protected:
  RemoteInputs()
      : scratch_(disk::ScratchFolder::make("").value()),
        client_([this](const http::Request& request) { return web_(request); }) {}

  void put_all(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) store_.objects[key] = key.ends_with('/') ? 0 : key.size();
  }
  Pattern pattern(const std::string& text) const {
    return {.text = text, .folder = scratch_.path(), .origin = "job.yml"};
  }
  InputRequest request(const std::vector<std::string>& texts) {
    InputRequest result;
    for (const std::string& text : texts) result.patterns.push_back(pattern(text));
    result.peers = {.store = [this]() -> Result<s3::Store*> { return &store_; },
                    .client = [this]() -> Result<http::Client*> { return &client_; }};
    return result;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(scratch_.path() + "/" + name) << text;
  }
  static std::vector<std::string> names_of(const Result<InputList>& list) {
    if (!list.ok()) return {"error: " + list.error().message};
    std::vector<std::string> names;
    for (const InputView& input : list.value().inputs) names.emplace_back(input.name);
    return names;
  }
  std::vector<std::string> names(const std::vector<std::string>& texts) {
    return names_of(list_inputs(request(texts)));
  }
  std::string message(const std::vector<std::string>& texts) {
    auto list = list_inputs(request(texts));
    return list.ok() ? "no error" : list.error().message;
  }

  disk::ScratchFolder scratch_;
  FakeStore store_;
  std::function<Result<http::Response>(const http::Request&)> web_ = [](const http::Request&) { return answer(404); };
  http::FakeClient client_;
};

TEST_F(RemoteInputs, AreNotWhatHadoopWritesNextToData) {
  put_all({"out/part-0", "out/_SUCCESS", "out/_temporary/0/part-0", "out/_mine"});
  auto list = list_inputs(request({"s3://data/out/**"}));
  EXPECT_THAT(names_of(list), ElementsAre("s3://data/out/_mine", "s3://data/out/part-0"));
  EXPECT_THAT(list.value().notes, ElementsAre(HasSubstr("2 files or folders of Hadoop's own were left out")));
  EXPECT_THAT(names({"s3://data/out/_temporary/"}), ElementsAre("s3://data/out/_temporary/0/part-0"));
  EXPECT_THAT(names({"s3://data/**/_temp*/**"}), ElementsAre("s3://data/out/_temporary/0/part-0"));
}

TEST_F(RemoteInputs, KnowsNamesUrlsSizesAndTags) {
  put_all({"p/a b.gz"});
  auto list = list_inputs(request({"s3://data/p/*.gz"}));
  ASSERT_TRUE(list.ok()) << list.error().message;
  ASSERT_EQ(list.value().inputs.size(), 1U);
  const Input input = list.value().inputs[0];
  EXPECT_EQ(input.name, "s3://data/p/a b.gz");
  EXPECT_EQ(input.url, "s3://data/p/a b.gz");
  EXPECT_EQ(input.path, "");
  EXPECT_EQ(input.stored_bytes, 8U);
  EXPECT_EQ(input.etag, "\"e\"");
  EXPECT_TRUE(input.size_is_known && input.is_remote());
}

TEST_F(RemoteInputs, MatchesPatternsAndListsNoMoreThanNeeded) {
  put_all({"p/", "p/1/a.gz", "p/1/b.xz", "p/2/deep/a.gz", "p/top.gz", "q/a.gz", "p/.hidden.gz"});
  struct Row {
    const char* pattern;
    std::vector<std::string> keys;
    std::vector<std::string> asked;
  };
  for (const Row& row : {
           Row{"p/", {"p/1/a.gz", "p/1/b.xz", "p/2/deep/a.gz", "p/top.gz"}, {"list p/"}},
           Row{"p/*", {"p/top.gz"}, {"list p/ one level"}},
           Row{"p/?/*.gz", {"p/1/a.gz"}, {"list p/"}},
           Row{"p/**/a.gz", {"p/1/a.gz", "p/2/deep/a.gz"}, {"list p/"}},
           Row{"{p/1,q}/a*", {"p/1/a.gz", "q/a.gz"}, {"list p/1/a one level", "list q/a one level"}},
           Row{"{p/top.gz,p/missing,q/*}",
               {"p/top.gz", "q/a.gz"},
               {"head p/top.gz", "head p/missing", "list q/ one level"}},
           Row{"p/top.gz", {"p/top.gz"}, {"head p/top.gz"}},
           Row{"p/.*", {"p/.hidden.gz"}, {"list p/. one level"}},
       }) {
    store_.asked.clear();
    std::vector<std::string> expected;
    for (const std::string& key : row.keys) expected.push_back("s3://data/" + key);
    EXPECT_EQ(names({std::string("s3://data/") + row.pattern}), expected) << row.pattern;
    EXPECT_EQ(store_.asked, row.asked) << row.pattern;
  }
  EXPECT_EQ(names({"s3://data"}).size(), 5U);
  EXPECT_EQ(client_.asked.size(), 2U) << "several that are named are asked for at once; here they are not found";
}

TEST_F(RemoteInputs, SaysWhatIsThereInstead) {
  put_all({"p/a.xz", "p/b.xz", "dir/x"});
  EXPECT_EQ(message({"s3://data/p/*.gz"}),
            "job.yml: s3://data/p/*.gz matches no object; there are 2 others, such as s3://data/p/a.xz");
  EXPECT_EQ(message({"s3://data/x*"}), "job.yml: s3://data/x* matches no object: none begins with s3://data/x");
  EXPECT_EQ(message({"s3://data/nothing"}), "job.yml: there is no object s3://data/nothing");
  EXPECT_EQ(
      message({"s3://data/dir"}),
      "job.yml: there is no object s3://data/dir; there is s3://data/dir/x: end the name with / to take everything "
      "below");
  store_.is_list_denied = true;
  EXPECT_EQ(message({"s3://data/dir"}), "job.yml: there is no object s3://data/dir");
  EXPECT_EQ(message({"s3://data/p/*"}), "job.yml: denied");
  EXPECT_THAT(message({"s3://da*/p"}), HasSubstr("a pattern may begin behind the bucket's name"));
}

TEST_F(RemoteInputs, TakesBareNamesFromTheBucket) {
  put_all({"p/a.gz", "p/b.gz"});
  InputRequest own = request({"p/*", "s3://data/p/a.gz"});
  own.bucket = "data";
  auto list = list_inputs(own);
  EXPECT_THAT(names_of(list), ElementsAre("p/a.gz", "p/b.gz"));
  EXPECT_EQ(list.value().inputs[1].url, "s3://data/p/b.gz");
  EXPECT_THAT(list.value().notes, ElementsAre(HasSubstr("1 name is that of a file or object")));
  own.bucket = "bad/bucket";
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre(HasSubstr("cannot be the name of a bucket")));
}

TEST_F(RemoteInputs, AsksTheServerForTheSizeOfAUrl) {
  struct Row {
    const char* name;
    Result<http::Response> response;
    bool is_known;
    std::uint64_t size_bytes;
  };
  const Row rows[] = {
      {"known", answer(200, {{.name = "content-length", .value = "77"}, {.name = "etag", .value = "\"t\""}}), true, 77},
      {"no length", answer(200), false, 0},
      {"no body, no length", answer(200, {{.name = "content-length", .value = "0"}}), false, 0},
      {"bad length", answer(200, {{.name = "content-length", .value = "x"}}), false, 0},
      {"compressed on its way",
       answer(200, {{.name = "content-length", .value = "7"}, {.name = "content-encoding", .value = "gzip"}}), false,
       0},
      {"missing", answer(404), false, 0},
      {"no HEAD", answer(405), false, 0},
      {"denied", answer(403), false, 0},
      {"unreachable", Error{.kind = ErrorKind::kRetry, .message = "connection refused"}, false, 0},
  };
  for (const Row& row : rows) {
    web_ = [&](const http::Request& asked) {
      EXPECT_EQ(asked.method, "HEAD");
      return row.response;
    };
    InputRequest own = request({"https://host/a.gz?x=1"});
    own.peers.asks_sizes = true;
    auto list = list_inputs(own);
    ASSERT_TRUE(list.ok()) << row.name;
    const Input input = list.value().inputs[0];
    EXPECT_EQ(input.given_name(), "https://host/a.gz?x=1");
    EXPECT_EQ(input.url, "https://host/a.gz?x=1");
    EXPECT_EQ(input.size_is_known, row.is_known) << row.name;
    EXPECT_EQ(input.stored_bytes, row.size_bytes) << row.name;
    EXPECT_FALSE(row.is_known && input.size_binds) << row.name;
  }
}

TEST_F(RemoteInputs, AsksAHostThatIsSilentOnlyOnce) {
  web_ = [](const http::Request&) { return Error{.kind = ErrorKind::kRetry, .message = "connection refused"}; };
  InputRequest own = request({"http://a/1", "http://a/2", "http://b/1"});
  own.peers.parallel = 1;
  own.peers.asks_sizes = true;
  EXPECT_EQ(names_of(list_inputs(own)).size(), 3U);
  EXPECT_EQ(client_.asked.size(), 2U);
}

TEST_F(RemoteInputs, AsksForSizesOnlyWhereTheyAreWantedAndSeveralAtOnce) {
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += "http://host/" + std::to_string(i) + "\ns3://data/" + std::to_string(i) + "\n";
  web_ = [](const http::Request& asked) {
    return answer(200, {{.name = "content-length", .value = asked.url.starts_with("http://s3.") ? "3" : "7"}});
  };
  for (bool asks : {false, true}) {
    InputRequest own = request({"-"});
    TextSource text(lines);
    own.standard_input = &text;
    own.peers.parallel = 6;
    own.peers.asks_sizes = asks;
    auto list = list_inputs(own);
    ASSERT_TRUE(list.ok()) << list.error().message;
    EXPECT_EQ(client_.asked.size(), asks ? 100U : 0U);
    EXPECT_EQ(client_.most_running, asks ? 6U : 0U);
    for (const InputView& input : list.value().inputs) {
      EXPECT_EQ(input.size_is_known, asks);
      EXPECT_EQ(input.stored_bytes, !asks ? 0U : input.name.starts_with("s3") ? 3U : 7U) << input.name;
    }
  }
  EXPECT_THAT(store_.asked, IsEmpty());
}

TEST_F(RemoteInputs, AsksForNamedObjectsSeveralAtOnce) {
  put_all({"a", "b", "c", "denied"});
  web_ = [](const http::Request& asked) {
    EXPECT_EQ(asked.method, "HEAD");
    if (asked.url.ends_with("/c")) return answer(404);
    return answer(200, {{.name = "content-length", .value = "7"}, {.name = "etag", .value = "\"e\""}});
  };
  auto list = list_inputs(request({"s3://data/a", "s3://data/{b,c}"}));
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_THAT(names_of(list), ElementsAre("s3://data/a", "s3://data/b", "s3://data/c"));
  EXPECT_EQ(list.value().inputs[0].stored_bytes, 7U);
  EXPECT_EQ(list.value().inputs[0].etag, "\"e\"");
  EXPECT_EQ(client_.most_running, 3U);
  EXPECT_THAT(store_.asked, ElementsAre("head c")) << "what was not there is asked for again, for the reason";
}

TEST_F(RemoteInputs, BoundsSizesThatAreNone) {
  InputRequest own = request({"-"});
  TextSource text("http://host/a\t18446744073709551615\nhttp://host/b\t9223372036854775807\nhttp://host/c\t1\n");
  own.standard_input = &text;
  auto list = list_inputs(own);
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_EQ(list.value().inputs[0].stored_bytes, limits::kMaxInputBytes + 1);
  EXPECT_EQ(list.value().inputs[1].stored_bytes, limits::kMaxInputBytes + 1);
  EXPECT_EQ(list.value().inputs[2].stored_bytes, 1U);
}

TEST_F(RemoteInputs, KeepsSecretsOfUrlsOutOfNames) {
  web_ = [](const http::Request&) { return answer(403); };
  auto list = list_inputs(request({"https://host/a.gz?X-Amz-Signature=abc&X-Amz-Date=1"}));
  ASSERT_TRUE(list.ok());
  EXPECT_THAT(list.value().inputs[0].name.str(), testing::MatchesRegex("https://host/a.gz\\?…[0-9a-f]{8}"));
  EXPECT_EQ(list.value().inputs[0].given_name(), list.value().inputs[0].url);
  EXPECT_EQ(list.value().inputs[0].file_name(), "https://host/a.gz");
  EXPECT_EQ(list.value().inputs[0].url, "https://host/a.gz?X-Amz-Signature=abc&X-Amz-Date=1");
  EXPECT_THAT(message({"https://me:pass@host/a.gz"}), Not(HasSubstr("pass@")));
}

TEST_F(RemoteInputs, RefusesUrlsThatAreNone) {
  for (const char* bad : {"https://", "http://host:x/", "https://ho st/", "https://host/a b"}) {
    auto list = list_inputs(request({bad}));
    ASSERT_FALSE(list.ok()) << bad;
    EXPECT_EQ(list.error().kind, ErrorKind::kBadConfig) << bad;
  }
  EXPECT_THAT(message({"gs://b/k"}), HasSubstr("quern reads local files, and s3://, https:// and http:// URLs"));
  EXPECT_THAT(message({"file:///a"}), HasSubstr("write the path without file://"));
}

TEST_F(RemoteInputs, BelievesTheSizesOfAManifest) {
  put_all({"p/a"});
  write("files.txt", "s3://data/gone\t7\nhttps://host/x\t8\ns3://data/p/a\ns3://data/missing\n");
  InputRequest own = request({});
  own.manifest = pattern("files.txt");
  own.peers.asks_sizes = true;
  web_ = [](const http::Request& asked) {
    return asked.url.ends_with("p/a") ? answer(200, {{.name = "content-length", .value = "3"}}) : answer(404);
  };
  auto list = list_inputs(own);
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_THAT(names_of(list), ElementsAre("https://host/x", "s3://data/gone", "s3://data/missing", "s3://data/p/a"));
  EXPECT_EQ(list.value().inputs[0].stored_bytes, 8U);
  EXPECT_EQ(list.value().inputs[1].stored_bytes, 7U);
  EXPECT_FALSE(list.value().inputs[2].size_is_known);
  EXPECT_EQ(list.value().inputs[3].stored_bytes, 3U);
  EXPECT_EQ(client_.asked.size(), 2U);
}

TEST_F(RemoteInputs, KeepsInAManifestWhatTheServerRefusesAlone) {
  InputRequest own = request({"-"});
  own.bucket = "data";
  own.peers.asks_sizes = true;
  web_ = [](const http::Request& asked) -> Result<http::Response> {
    if (asked.url.ends_with("denied")) return answer(403);
    return Error{.kind = ErrorKind::kDenied, .message = "expired"};
  };
  TextSource denied("denied\n");
  own.standard_input = &denied;
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre("denied"));
  TextSource expired("expired\n");
  own.standard_input = &expired;
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre("error: expired"));
}

TEST_F(RemoteInputs, AsksNobodyWhereAllFilesAreLocal) {
  write("a.gz", "x");
  InputRequest own{.patterns = {pattern("*.gz")}};
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre("a.gz"));
}

constexpr const char* kFilter = R"({"version": 1, "dimensions": [
    {"field_name": "app", "allowed_values": ["Firefox"]},
    {"field_name": "day", "allowed_values": {"min": "20261101", "max": "20261130"}}]})";

TEST_F(RemoteInputs, FiltersBelowThePrefixOfEachPattern) {
  put_all({"t/idle/Firefox/20261102.v1.gz", "t/idle/Firefox/20261202.v1.gz", "t/idle/Fennec/20261102.v1.gz"});
  write("Filter.json", kFilter);
  for (const char* text : {"s3://data/t/idle/", "s3://data/t/idle/*/*.gz", "s3://data/t/idle/F*/*"}) {
    InputRequest own = request({text});
    own.filter = pattern("Filter.json");
    auto list = list_inputs(own);
    EXPECT_THAT(names_of(list), ElementsAre("s3://data/t/idle/Firefox/20261102.v1.gz")) << text;
    ASSERT_TRUE(list.ok());
    // What does not begin as the filter requires was not even listed.
    EXPECT_THAT(list.value().notes, ElementsAre("the filter left out 1 input"));
    EXPECT_THAT(store_.asked, Contains("list t/idle/Firefox"));
    EXPECT_THAT(store_.asked, Not(Contains("list t/idle/")));
  }
  InputRequest none = request({"s3://data/t/"});
  none.filter = pattern("Filter.json");
  EXPECT_THAT(names_of(list_inputs(none)),
              ElementsAre("error: job.yml: the filter Filter.json leaves none of 3 inputs"));
}

TEST_F(RemoteInputs, ListsWhatTheFilterFixesInAllItsForms) {
  put_all({"t/b/1/x", "t/b.1.x", "t/a/2/x", "t/ab/2/x", "t//a/1/y", "t/a/3/x", "t/c/1/x", "t/a/1"});
  write("Filter.json", R"({"version": 1, "dimensions": [{"field_name": "f", "allowed_values": ["b", "a"]},
                          {"field_name": "g", "allowed_values": ["1", "2"]}, {"field_name": "h", "allowed_values": "*"}]})");
  InputRequest own = request({"s3://data/t/"});
  own.filter = pattern("Filter.json");
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre("s3://data/t//a/1/y", "s3://data/t/a/1", "s3://data/t/a/2/x",
                                                      "s3://data/t/b.1.x", "s3://data/t/b/1/x"));
  EXPECT_THAT(store_.asked, ElementsAre("list t//", "list t/a.1", "list t/a.2", "list t/a/1", "list t/a/2",
                                        "list t/b.1", "list t/b.2", "list t/b/1", "list t/b/2"));
}

TEST_F(RemoteInputs, SaysWhichObjectsADotHides) {
  put_all({"p/.a.gz", "p/.git/b.gz", "p/c.gz", "p/.d.txt"});
  auto list = list_inputs(request({"s3://data/p/**/*.gz"}));
  EXPECT_THAT(names_of(list), ElementsAre("s3://data/p/c.gz"));
  EXPECT_THAT(list.value().notes,
              ElementsAre("2 objects were left out, as a part of the key begins with a dot, such as "
                          "s3://data/p/.a.gz"));
}

TEST_F(RemoteInputs, SaysHowToNameWhatLooksLikeAPattern) {
  put_all({"p/brack[1].txt", "p/brack[2].txt"});
  EXPECT_EQ(message({"s3://data/p/brack[1].txt"}),
            "job.yml: s3://data/p/brack[1].txt matches no object; there is one of this very name: write "
            "s3://data/p/brack\\[1].txt");
  EXPECT_THAT(names({"s3://data/p/brack\\[1].txt"}), ElementsAre("s3://data/p/brack[1].txt"));
}

TEST_F(RemoteInputs, FiltersLocalFilesAndListsAlike) {
  write("Filter.json", kFilter);
  write("Firefox.20261102.gz", "x");
  write("Firefox.20251102.gz", "x");
  InputRequest local{.patterns = {pattern("*.gz")}, .filter = pattern("Filter.json")};
  EXPECT_THAT(names_of(list_inputs(local)), ElementsAre("Firefox.20261102.gz"));

  InputRequest own = request({"-"});
  own.filter = pattern("Filter.json");
  TextSource lines(
      "s3://data/Firefox/20261102\t1\nhttps://host/Firefox/20261103.x\t1\nhttps://host/Fennec/20261103\t1\n");
  own.standard_input = &lines;
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre("https://host/Firefox/20261103.x", "s3://data/Firefox/20261102"));
}

TEST_F(RemoteInputs, TellsThatAFilterCannotBeRead) {
  InputRequest own = request({"s3://data/p/"});
  own.filter = pattern("missing.json");
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre(HasSubstr("error: job.yml: reading the filter: ")));
}

TEST_F(RemoteInputs, TakesWhatAnIndexNames) {
  write("Filter.json", R"({"version": 1, "dimensions": [{"field_name": "a", "allowed_values": "x"}]})");
  web_ = [](const http::Request&) {
    return answer(200, {}, R"([{"file_name": "p/b", "size": 5}, {"file_name": "s3://other/a", "size": 6}])");
  };
  InputRequest own = request({});
  own.index = pattern("http://index.test/files");
  own.filter = pattern("Filter.json");
  own.bucket = "data";
  auto list = list_inputs(own);
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_THAT(names_of(list), ElementsAre("p/b", "s3://other/a"));
  EXPECT_EQ(list.value().inputs[0].url, "s3://data/p/b");
  EXPECT_EQ(list.value().inputs[0].stored_bytes, 5U);
  EXPECT_THAT(store_.asked, IsEmpty());
  EXPECT_EQ(client_.asked.at(0).body,
            R"({"filter":{"dimensions":[{"allowed_values":"x","field_name":"a"}],"version":1}})");
  own.bucket = "";
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre(HasSubstr("the index names p/b, which is a key; say of which")));
}

TEST_F(RemoteInputs, TellsThatAnIndexNamesNothing) {
  web_ = [](const http::Request&) { return answer(200, {}, "[]"); };
  InputRequest own = request({});
  own.index = pattern("http://index.test/files?token=abc");
  EXPECT_THAT(
      names_of(list_inputs(own)),
      ElementsAre(AllOf(HasSubstr("error: job.yml: the index http://index.test/files?…"), Not(HasSubstr("abc")))));
  EXPECT_EQ(client_.asked.at(0).body, R"({"filter":{"version":1,"dimensions":[]}})");
  own.index = pattern("index.test");
  EXPECT_THAT(names_of(list_inputs(own)), ElementsAre(HasSubstr("the index must be an http:// or https:// URL")));
}

}  // namespace
}  // namespace quern::inputs
