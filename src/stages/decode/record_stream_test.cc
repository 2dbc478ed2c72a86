#include "stages/decode/record_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/limits.h"
#include "stages/decode/block_source.h"
#include "stages/decode/encode_for_test.h"
#include "stages/decode/memory_source_for_test.h"

namespace quern::decode {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct SeenOfRecords final : EventSink {
  void emit(const event::Event& event) override {
    if (const auto* one = std::get_if<event::RecordBad>(&event)) {
      bad.push_back(std::to_string(one->input) + ":" + std::to_string(one->line) + ": " + one->record);
      reasons.push_back(one->reason);
    }
    if (const auto* one = std::get_if<event::InputFailed>(&event)) failed.push_back(one->error.message);
    if (const auto* one = std::get_if<event::InputProgress>(&event)) decoded_bytes += one->decoded_bytes;
  }
  std::vector<std::string> bad;
  std::vector<std::string> reasons;  // of these
  std::vector<std::string> failed;
  std::uint64_t decoded_bytes = 0;
  std::uint64_t bytes_of_blocks = 0;
  std::string text;  // of all blocks
};

struct FormatReading {
  std::vector<std::string> stored;
  RecordFormat format = {.kind = RecordFormat::Kind::kCsv};
  std::size_t block_bytes = 64;
  std::size_t max_record_bytes = 1000;
  bool verifies_first = false;
  std::optional<Compression> compression = {};
  std::vector<std::string> wanted_members = {};
};

SeenOfRecords read_format(const FormatReading& reading) {
  PackedInputs inputs;
  for (std::size_t i = 0; i < reading.stored.size(); ++i) inputs.append({.name = std::to_string(i), .path = ""});
  auto open = [&](InputOrdinal, const InputView& input) -> Result<std::unique_ptr<StoredSource>> {
    const std::string& bytes = reading.stored[std::stoul(std::string(input.name))];
    return std::unique_ptr<StoredSource>(std::make_unique<MemorySource>(bytes, [] { return 100; }));
  };
  DecodeOptions options{.compression = reading.compression,
                        .record = RecordKind::kJson,
                        .format = reading.format,
                        .wanted_members = reading.wanted_members,
                        .content = Content::kLines,
                        .block_bytes = reading.block_bytes,
                        .max_record_bytes = reading.max_record_bytes,
                        .verifies_first = reading.verifies_first};
  BufferPool pool(4, limits::kMiB);
  SeenOfRecords seen;
  auto source = make_block_source(open, inputs, {.first = 0, .count = inputs.size()}, options, pool, seen);
  Block block;
  while (true) {
    auto more = source->next(block);
    if (!more.ok() || !more.value()) break;
    std::uint64_t lines = 0;
    for (const Segment& segment : block.segments) lines += segment.lines;
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(block.bytes.view().begin(), block.bytes.view().end(), '\n')),
              lines);
    seen.text += block.bytes.view();
    seen.bytes_of_blocks += block.decoded_bytes();
  }
  return seen;
}

std::string many_rows() {
  std::string rows = "a,b\n";
  for (int i = 0; i < 200; ++i) rows += i % 10 == 3 ? "bad\n" : std::to_string(i) + ",\"x\ny\"\n";
  return rows;
}

TEST(RecordStream, ComesTheSameInBlocksOfAnySize) {
  const SeenOfRecords whole = read_format({.stored = {many_rows()}, .block_bytes = 100000});
  EXPECT_EQ(std::count(whole.text.begin(), whole.text.end(), '{'), 180);
  EXPECT_EQ(whole.bad.size(), 20U);
  EXPECT_EQ(whole.bad[1], "0:27: bad");
  EXPECT_EQ(whole.decoded_bytes, many_rows().size());
  for (const std::size_t block_bytes : {3U, 20U, 64U, 1000U}) {
    for (const bool verifies_first : {false, true}) {
      const SeenOfRecords seen =
          read_format({.stored = {many_rows()}, .block_bytes = block_bytes, .verifies_first = verifies_first});
      EXPECT_EQ(seen.text, whole.text) << block_bytes;
      EXPECT_EQ(seen.bad, whole.bad) << block_bytes;
      EXPECT_THAT(seen.failed, IsEmpty());
    }
  }
}

TEST(RecordStream, CountsWhatABlockWasDecodedFrom) {
  for (const std::size_t block_bytes : {20U, 64U, 100000U}) {
    for (const std::vector<std::string>& wanted : {std::vector<std::string>{}, {"a"}}) {
      const SeenOfRecords seen = read_format(
          {.stored = {many_rows(), "a,b\n\"1", "a,b\n1,2"}, .block_bytes = block_bytes, .wanted_members = wanted});
      EXPECT_EQ(seen.bytes_of_blocks, seen.decoded_bytes);
    }
  }
}

TEST(RecordStream, LeavesOutWhatNothingReads) {
  const SeenOfRecords seen = read_format({.stored = {"a,b\n1,2\n3,4\n", "b,a\n5,6\n7,8\n"}, .wanted_members = {"a"}});
  EXPECT_EQ(seen.text, "\n{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\"}\n\n{\"b\":\"5\",\"a\":\"6\"}\n{\"a\":\"8\"}\n");
}

TEST(RecordStream, ReadsPackedAndCompressedInputsEachWithItsOwnState) {
  const std::string marked =
      "\xef\xbb\xbf"
      "a\n1\n";
  const SeenOfRecords seen =
      read_format({.stored = {marked, "b\n\"2", encode(Compression::kGzip, "c\n3\n"), "", "d\n4\n"}});
  EXPECT_EQ(seen.text, "\n{\"a\":\"1\"}\n\n\n\n{\"c\":\"3\"}\n\n{\"d\":\"4\"}\n");
  EXPECT_THAT(seen.bad, ElementsAre("1:2: \"2"));
}

TEST(RecordStream, ReportsNoBadRecordOfAnInputThatFailsBeforeItsFirstBlock) {
  const RecordFormat document{.kind = RecordFormat::Kind::kJsonDocument};
  std::string array = "[";
  for (int i = 0; i < 100; ++i) array += "{\"a\": 1}, , ";
  for (const std::size_t block_bytes : {64U, 100000U}) {
    const SeenOfRecords seen =
        read_format({.stored = {array}, .format = document, .block_bytes = block_bytes, .verifies_first = true});
    EXPECT_EQ(seen.text, "");
    EXPECT_THAT(seen.bad, IsEmpty());
    EXPECT_THAT(seen.failed, ElementsAre(HasSubstr("it ends too early, after byte 1201")));
  }
}

TEST(RecordStream, RefusesForeignContentUnlessBytesAreTakenAsTheyAre) {
  const std::string zip = "PK\x03\x04,b\n1,2\n";
  EXPECT_THAT(read_format({.stored = {zip}}).failed, ElementsAre(HasSubstr("a zip archive")));
  EXPECT_THAT(read_format({.stored = {encode(Compression::kGzip, zip)}}).failed,
              ElementsAre(HasSubstr("it holds a zip archive")));
  EXPECT_THAT(read_format({.stored = {zip}, .compression = Compression::kNone}).failed, IsEmpty());
}

struct NotUtf8Row {
  const char* name;
  RecordFormat format;
  std::string stored;
  std::string text;
  std::vector<std::string> bad;
  std::vector<std::string> reasons;
};

const std::vector<NotUtf8Row> kNotUtf8 = {
    {"a table",
     {},
     "a,b\nx,caf\xe9\n\nbad\n\"1\n\xc3\xa9\xff\",2\n\xc3\xa9,4\n",
     "\n\n\n\n\n\n{\"a\":\"\xc3\xa9\",\"b\":\"4\"}\n",
     {"0:2: x,caf\xe9", "0:4: bad", "0:5: \"1 \xc3\xa9\xff\",2"},
     {"the record is not UTF-8: column 6: byte 0xe9", "the record has 1 column instead of 2",
      "the record is not UTF-8: line 6, column 3: byte 0xff"}},
    {"line ends of all kinds",
     {.kind = RecordFormat::Kind::kTsv, .delimiter = '\t'},
     "a\r\n1\r\"2\r\xff\"\r\n\xfe",
     "\n{\"a\":\"1\"}\n\n\n\n",
     {"0:3: \"2 \xff\"", "0:5: \xfe"},
     {"the record is not UTF-8: line 4, column 1: byte 0xff", "the record is not UTF-8: column 1: byte 0xfe"}},
    {"a header", {}, "a,\xe9\n1,2\n", "\n\n", {"0:2: 1,2"}, {"the names of the columns are not UTF-8"}},
    {"an expression",
     {.kind = RecordFormat::Kind::kRegex, .regex = "(?P<a>.*)"},
     "x\ny\r\xe9\n",
     "{\"a\":\"x\"}\n\n",
     {"0:2: y\r\xe9"},
     {"the record is not UTF-8: column 3: byte 0xe9"}},
    {"texts of several lines",
     {.kind = RecordFormat::Kind::kStart, .regex = "^-"},
     "-a\n\"\r\xe9\n-b\n",
     "\n\n\"-b\"\n",
     {"0:1: -a \" \xe9"},
     {"the record is not UTF-8: line 2, column 3: byte 0xe9"}},
    {"a document",
     {.kind = RecordFormat::Kind::kJsonDocument},
     "[1,\n \"\xe9\", 2]",
     "1\n\"\xe9\"\n2\n",  // the mapper refuses it
     {},
     {}},
};

TEST(RecordStream, LeavesOutRecordsThatAreNotUtf8WithTheirPlacesInTheInput) {
  for (const NotUtf8Row& row : kNotUtf8) {
    for (const std::size_t block_bytes : {3U, 20U, 1000U}) {
      const SeenOfRecords seen =
          read_format({.stored = {row.stored}, .format = row.format, .block_bytes = block_bytes});
      EXPECT_EQ(seen.text, row.text) << row.name;
      EXPECT_EQ(seen.bad, row.bad) << row.name;
      EXPECT_EQ(seen.reasons, row.reasons) << row.name;
      EXPECT_THAT(seen.failed, IsEmpty()) << row.name;
    }
  }
}

TEST(RecordStream, LeavesOutRecordsThatAreTooLongBeforeOrAfterTheyAreLines) {
  const std::string text = "a\n" + std::string(200, 'x') + "\n" + std::string(30, '\x01') + "\n1\n";
  const SeenOfRecords seen = read_format({.stored = {text}, .max_record_bytes = 100});
  EXPECT_EQ(seen.text, "\n\n{\"a\":\"1\"}\n");
  EXPECT_THAT(seen.bad, ElementsAre("0:2: " + std::string(101, 'x'), HasSubstr("0:3: {\"a\":\"\\u0001")));
}

}  // namespace
}  // namespace quern::decode
