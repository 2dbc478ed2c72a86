#include "stages/decode/block_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "model/limits.h"
#include "stages/decode/encode_for_test.h"
#include "stages/decode/memory_source_for_test.h"

namespace quern::decode {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

struct Events final : EventSink {
  void emit(const event::Event& event) override { all.push_back(event); }
  template <typename T>
  std::vector<T> of() const {
    std::vector<T> found;
    for (const auto& event : all) {
      if (const T* it = std::get_if<T>(&event)) found.push_back(*it);
    }
    return found;
  }
  std::vector<event::Event> all;
};

// The output of a block source, by input.
struct Given {
  std::vector<std::string> blocks;
  std::vector<BlockAddress> addresses;
  std::map<InputOrdinal, std::string> texts;          // the text of each input, put together again
  std::map<InputOrdinal, std::uint64_t> next_line;    // the line after its last segment
  std::map<InputOrdinal, std::uint32_t> block_count;  // blocks that it leads
  std::map<InputOrdinal, std::uint32_t> decoded;      // as reported by InputDecoded
  std::map<InputOrdinal, std::string> failed;
  std::set<InputOrdinal> begun;  // failed inputs of which blocks were returned
  std::vector<event::RecordBad> bad;
  std::uint64_t stored_bytes = 0;
  std::uint64_t decoded_bytes = 0;
  std::optional<Error> error;
};

struct Reading {
  std::vector<std::string> stored;
  std::size_t block_bytes = 100;
  std::size_t max_record_bytes = 1000;
  RecordKind record = RecordKind::kKeyedJson;
  std::function<std::size_t()> chunk = [] { return std::string::npos; };
  InputOrdinal first = 5;
  bool verifies_first = false;
};

void take_block(Given& given, const Block& block, std::size_t block_bytes) {
  given.blocks.emplace_back(block.bytes.view());
  given.addresses.push_back(block.address);
  ASSERT_FALSE(block.segments.empty());
  EXPECT_EQ(block.address.input, block.segments[0].input);
  EXPECT_EQ(block.address.number, given.block_count[block.address.input]++);
  std::string_view rest = block.bytes.view();
  std::uint64_t lines = 0;
  for (const Segment& segment : block.segments) {
    std::string_view part = rest.substr(0, segment.size_bytes);
    rest.remove_prefix(segment.size_bytes);
    EXPECT_EQ(part.back(), '\n');
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(part.begin(), part.end(), '\n')),
              segment.lines * block.record_lines);
    // Lines that are left out leave a gap.
    EXPECT_GE(segment.first_line, given.next_line.try_emplace(segment.input, 1).first->second);
    given.next_line[segment.input] = segment.first_line + segment.lines;
    given.texts[segment.input] += part;
    lines += segment.lines;
  }
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(block.bytes.size() <= block_bytes || lines == 1) << block.bytes.size();
}

void take_events(Given& given, const Events& events) {
  for (const auto& decoded : events.of<event::InputDecoded>()) {
    EXPECT_TRUE(given.decoded.emplace(decoded.input, decoded.blocks).second) << "twice: " << decoded.input;
  }
  for (const auto& failed : events.of<event::InputFailed>()) {
    EXPECT_TRUE(given.failed.emplace(failed.input, failed.error.message).second) << "twice: " << failed.input;
    EXPECT_FALSE(given.decoded.contains(failed.input));
    EXPECT_EQ(failed.was_begun, given.block_count.contains(failed.input));
    if (failed.was_begun) given.begun.insert(failed.input);
  }
  for (const auto& progress : events.of<event::InputProgress>()) {
    given.stored_bytes += progress.stored_bytes;
    given.decoded_bytes += progress.decoded_bytes;
  }
  given.bad = events.of<event::RecordBad>();
  for (const auto& [input, blocks] : given.decoded) EXPECT_EQ(blocks, given.block_count[input]) << input;
}

Given read_blocks(const Reading& reading) {
  PackedInputs inputs;
  for (InputOrdinal i = 0; i < reading.first; ++i) inputs.append({.name = "before the run"});
  for (std::size_t i = 0; i < reading.stored.size(); ++i) inputs.append({.name = std::to_string(i), .path = ""});
  auto open = [&](InputOrdinal, const InputView& input) -> Result<std::unique_ptr<StoredSource>> {
    const std::string& bytes = reading.stored[std::stoul(std::string(input.name))];
    if (bytes == "missing") return Error{.kind = ErrorKind::kNotFound, .message = "there is no such file"};
    return std::unique_ptr<StoredSource>(std::make_unique<MemorySource>(bytes, reading.chunk));
  };
  DecodeOptions options{.record = reading.record,
                        .block_bytes = reading.block_bytes,
                        .max_record_bytes = reading.max_record_bytes,
                        .verifies_first = reading.verifies_first};
  BufferPool pool(4, limits::kMiB);
  Events events;
  auto source =
      make_block_source(open, inputs, {.first = reading.first, .count = reading.stored.size()}, options, pool, events);
  Given given;
  Block block;
  while (true) {
    auto next = source->next(block);
    if (!next.ok()) given.error = next.error();
    if (!next.ok() || !next.value()) break;
    take_block(given, block, reading.block_bytes);
  }
  EXPECT_FALSE(source->next(block).ok() && source->next(block).value());
  take_events(given, events);
  EXPECT_EQ(given.decoded.size() + given.failed.size(), reading.stored.size());
  return given;
}

std::string with_final_newline(std::string text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

std::string random_lines(std::mt19937& random, std::size_t lines, std::size_t longest) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    // Mostly short lines, some long and some empty.
    std::size_t length = random() % 4 == 0 ? random() % (longest + 1) : random() % (longest / 8 + 2);
    for (std::size_t j = 0; j < length; ++j) text += static_cast<char>('a' + random() % 26);
    if (i + 1 < lines || random() % 2 == 0) text += '\n';
  }
  return text;
}

TEST(BlockSource, CutsAtTheLastLineThatFits) {
  Given given = read_blocks({.stored = {"aaa\nbb\nccccc\nd"}, .block_bytes = 8});
  EXPECT_THAT(given.blocks, ElementsAre("aaa\nbb\n", "ccccc\nd\n"));
  EXPECT_THAT(given.addresses, ElementsAre(BlockAddress{5, 0}, BlockAddress{5, 1}));
  EXPECT_EQ(given.decoded[5], 2U);
}

TEST(BlockSource, GivesALongRecordABlockOfItsOwn) {
  Given given = read_blocks({.stored = {"a\n" + std::string(50, 'b') + "\nc\nd\n"}, .block_bytes = 8});
  EXPECT_THAT(given.blocks, ElementsAre("a\n", std::string(50, 'b') + "\n", "c\nd\n"));
}

TEST(BlockSource, LeavesOutARecordThatIsTooLong) {
  std::string longest(1000, 'b');
  std::string too_long(1001, 'c');
  std::string text = "a\n" + longest + "\n" + too_long + "\nd";
  for (std::size_t block_bytes : {8, 100, 5000}) {
    Given given = read_blocks({.stored = {text}, .block_bytes = block_bytes});
    EXPECT_EQ(given.texts[5], "a\n" + longest + "\nd\n");
    ASSERT_EQ(given.bad.size(), 1U);
    EXPECT_EQ(given.bad[0].line, 3U);
    EXPECT_EQ(given.bad[0].record, too_long);
    EXPECT_EQ(given.next_line[5], 5U);
    EXPECT_EQ(given.bad[0].reason, "the record is longer than 1000 bytes");
  }
}

TEST(BlockSource, LeavesOutRecordsThatAreTooLongAtTheEnds) {
  std::string too_long(3000, 'x');
  for (const std::string& end : {""s, "\n"s}) {
    Given given = read_blocks({.stored = {too_long + end}, .max_record_bytes = 2999});
    EXPECT_TRUE(given.blocks.empty());
    EXPECT_EQ(given.decoded[5], 0U);
    ASSERT_EQ(given.bad.size(), 1U);
    EXPECT_EQ(given.bad[0].line, 1U);
  }
}

TEST(BlockSource, KeepsTheBeginningOfAVeryLongRecord) {
  std::string huge(3 * limits::kMiB, 'x');
  huge[limits::kKeptOfLongRecordBytes - 1] = 'y';
  Given given = read_blocks({.stored = {huge}, .block_bytes = 1000, .max_record_bytes = 2 * limits::kMiB});
  ASSERT_EQ(given.bad.size(), 1U);
  EXPECT_EQ(given.bad[0].record, huge.substr(0, limits::kKeptOfLongRecordBytes));
  EXPECT_EQ(given.bad[0].reason, "the record is longer than 2 MiB");
  EXPECT_EQ(given.decoded_bytes, huge.size());
}

TEST(BlockSource, PacksWholeInputs) {
  Given given = read_blocks({.stored = {"a\n", "", "bbb", "cccc\n", "d\n"}, .block_bytes = 10});
  EXPECT_THAT(given.blocks, ElementsAre("a\nbbb\n", "cccc\nd\n"));
  EXPECT_THAT(given.addresses, ElementsAre(BlockAddress{5, 0}, BlockAddress{8, 0}));
  EXPECT_THAT(given.decoded, ElementsAre(Pair(5, 1), Pair(6, 0), Pair(7, 0), Pair(8, 1), Pair(9, 0)));
}

TEST(BlockSource, CutsAnInputThatIsLargerThanABlock) {
  Given given = read_blocks({.stored = {"a\n", "bb\ncc\ndd\nee\n", "f\n", "g"}, .block_bytes = 7});
  EXPECT_THAT(given.blocks, ElementsAre("a\n", "bb\ncc\n", "dd\nee\n", "f\ng\n"));
  EXPECT_THAT(given.decoded, ElementsAre(Pair(5, 1), Pair(6, 2), Pair(7, 1), Pair(8, 0)));
}

TEST(BlockSource, LeavesFailedInputsOutOfAPack) {
  std::string cut = encode(Compression::kGzip, "bb\n");
  cut.pop_back();
  std::string large_cut = encode(Compression::kGzip, "eeeee\nfffff\nggggg\n");
  large_cut.resize(large_cut.size() - 4);
  Given given = read_blocks({.stored = {"a\n", cut, "missing", "d\n", large_cut, "h\n"}, .block_bytes = 10});
  EXPECT_FALSE(given.error.has_value());
  EXPECT_THAT(given.failed, ElementsAre(Pair(6, HasSubstr("gz: the data ends in the middle of a member")),
                                        Pair(7, "there is no such file"), Pair(9, HasSubstr("truncated"))));
  EXPECT_EQ(given.texts[5] + given.texts[8] + given.texts[10], "a\nd\nh\n");
  EXPECT_EQ(given.blocks.front(), "a\nd\n");
}

TEST(BlockSource, ReturnsNoBlockOfADamagedInputThatIsVerifiedFirst) {
  for (Compression compression : {Compression::kGzip, Compression::kXz, Compression::kZstd}) {
    std::string cut = encode(compression, "eeeee\nfffff\nggggg\n");
    cut.resize(cut.size() - 4);
    for (bool verifies_first : {true, false}) {
      Given given = read_blocks({.stored = {cut}, .block_bytes = 10, .verifies_first = verifies_first});
      EXPECT_THAT(given.failed[5], HasSubstr("truncated"));
      EXPECT_EQ(given.begun.contains(5), !given.blocks.empty());
      EXPECT_TRUE(!verifies_first || given.blocks.empty());
    }
  }
}

TEST(BlockSource, ReturnsTheSameWhetherOrNotInputsAreVerifiedFirst) {
  const std::string long_record(30, 'x');
  for (const std::string& text : {"\xef\xbb\xbf"
                                  "a\nbb\nccc\ndddd\n"s,
                                  long_record + "\nb\n", "a\n" + long_record, "a\nb"s}) {
    for (std::size_t block_bytes : {3, 7, 100}) {
      Reading reading{.stored = {text, encode(Compression::kGzip, text), "z\n"},
                      .block_bytes = block_bytes,
                      .max_record_bytes = 20};
      Given once = read_blocks(reading);
      reading.verifies_first = true;
      Given verified = read_blocks(reading);
      EXPECT_EQ(verified.blocks, once.blocks);
      EXPECT_EQ(verified.decoded, once.decoded);
      EXPECT_EQ(verified.bad.size(), once.bad.size());
      EXPECT_EQ(verified.stored_bytes, once.stored_bytes);
      EXPECT_EQ(verified.decoded_bytes, once.decoded_bytes);
    }
  }
}

TEST(BlockSource, ReturnsTheFailureOfASingleInput) {
  std::string cut = encode(Compression::kXz, "bb\n");
  cut.pop_back();
  for (const std::string& stored : {cut, "missing"s}) {
    Given given = read_blocks({.stored = {stored}});
    ASSERT_TRUE(given.error.has_value());
    EXPECT_EQ(given.failed[5], given.error->message);
    EXPECT_TRUE(given.blocks.empty());
  }
}

TEST(BlockSource, RemovesAByteOrderMarkUnlessRecordsArePairs) {
  std::string mark = "\xef\xbb\xbf";
  std::string marked_lines = mark + "{}\n" + mark + "x\n";
  for (std::size_t chunk : {1, 2, 100}) {
    for (std::size_t block_bytes : {3, 4, 5, 100}) {
      Reading reading{.stored = {marked_lines, mark, "\xef\xbb", mark + "y"}, .block_bytes = block_bytes};
      reading.chunk = [=] { return chunk; };
      Given given = read_blocks(reading);
      EXPECT_EQ(given.texts[5], marked_lines.substr(mark.size()));
      EXPECT_EQ(given.texts[6], "");
      EXPECT_EQ(given.texts[7], "\xef\xbb\n");
      EXPECT_EQ(given.texts[8], "y\n");
      reading.record = RecordKind::kText;
      EXPECT_EQ(read_blocks(reading).texts[5], marked_lines.substr(mark.size()));
      Reading pair{.stored = {marked_lines}, .block_bytes = block_bytes, .record = RecordKind::kPairs};
      pair.chunk = reading.chunk;
      EXPECT_EQ(read_blocks(pair).texts[5], marked_lines);
    }
  }
}

TEST(BlockSource, NeverCutsAPair) {
  EXPECT_THAT(read_blocks({.stored = {"ab\ncd\nef\n\n\ngh\n"}, .block_bytes = 11, .record = RecordKind::kPairs}).blocks,
              ElementsAre("ab\ncd\nef\n\n", "\ngh\n"));
  EXPECT_THAT(
      read_blocks({.stored = {"a\n1\nlonger\nthan a block\nb\n2\n"}, .block_bytes = 8, .record = RecordKind::kPairs})
          .blocks,
      ElementsAre("a\n1\n", "longer\nthan a block\n", "b\n2\n"));
}

TEST(BlockSource, LeavesOutPairsThatAreTooLong) {
  for (const std::string_view key : {"k", "key of more bytes than are allowed"}) {
    Given given = read_blocks({.stored = {"a\n1\n" + std::string(key) + "\n" + std::string(40, 'v') + "\nb\n2\n"},
                               .block_bytes = 8,
                               .max_record_bytes = 20,
                               .record = RecordKind::kPairs});
    EXPECT_EQ(given.texts[5], "a\n1\nb\n2\n") << key;
    ASSERT_EQ(given.bad.size(), 1) << key;
    EXPECT_EQ(given.bad[0].line, 2);
  }
}

TEST(BlockSource, LeavesCarriageReturnsAndEmptyLinesAlone) {
  std::string text = "a\r\n\r\n\n\nb\r";
  EXPECT_EQ(read_blocks({.stored = {text}}).texts[5], text + "\n");
}

TEST(BlockSource, CountsStoredAndDecodedBytes) {
  std::string text(100000, 'a');
  std::string stored = encode(Compression::kZstd, text);
  Given given = read_blocks({.stored = {stored, "plain\n"}, .max_record_bytes = 1000000});
  EXPECT_EQ(given.stored_bytes, stored.size() + 6);
  EXPECT_EQ(given.decoded_bytes, text.size() + 6);
}

TEST(BlockSource, GivesTheSameBlocksHoweverBytesArrive) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    Reading reading{.block_bytes = 3 + random() % 200, .max_record_bytes = 400};
    std::size_t inputs = 1 + random() % 6;
    for (std::size_t i = 0; i < inputs; ++i) {
      std::string text = random_lines(random, random() % 40, random() % 8 == 0 ? 350 : 60);
      reading.stored.push_back(encode(static_cast<Compression>(random() % 7), text));
    }
    Given whole = read_blocks(reading);
    reading.chunk = [&] { return 1 + random() % 50; };
    Given pieces = read_blocks(reading);
    EXPECT_EQ(whole.blocks, pieces.blocks);
    EXPECT_EQ(whole.addresses, pieces.addresses);
    EXPECT_TRUE(pieces.failed.empty());
  }
}

TEST(BlockSource, LosesNoByte) {
  std::mt19937 random(12);
  for (int round = 0; round < 500; ++round) {
    Reading reading{.block_bytes = 3 + random() % 300, .max_record_bytes = 200 + random() % 200};
    std::vector<std::string> texts(1 + random() % 6);
    for (std::string& text : texts) {
      text = random_lines(random, random() % 60, 200);
      reading.stored.push_back(text);
    }
    reading.chunk = [&] { return 1 + random() % 100; };
    Given given = read_blocks(reading);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto input = static_cast<InputOrdinal>(5 + i);
      std::string text = with_final_newline(texts[i]);
      EXPECT_EQ(given.texts[input], text);
      auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
      EXPECT_EQ(given.next_line.try_emplace(input, 1).first->second, lines + 1);
    }
  }
}

}  // namespace
}  // namespace quern::decode
