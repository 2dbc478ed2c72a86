#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stages/decode/block_source.h"
#include "stages/decode/memory_source_for_test.h"

// Four bytes of options, then inputs, each of which ends at a 0xff; they are given in random pieces. Whatever they are,
// the blocks together hold every line that is not too long, in order, with its number.

namespace {

using namespace quern;

struct SeenEvents final : EventSink {
  void emit(const event::Event& event) override {
    if (const auto* bad = std::get_if<event::RecordBad>(&event)) bad_lines[bad->input].push_back(bad->line);
    if (std::get_if<event::InputDecoded>(&event) != nullptr) ++decoded;
    CHECK(std::get_if<event::InputFailed>(&event) == nullptr);
  }
  std::map<InputOrdinal, std::vector<std::uint64_t>> bad_lines;
  std::size_t decoded = 0;
};

struct Lines {
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  std::vector<std::uint64_t> too_long;
  bool operator==(const Lines&) const = default;
};

Lines expected(std::string_view text, std::size_t max_record_bytes) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Lines result;
  for (std::uint64_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.size() > max_record_bytes) {
      result.too_long.push_back(number);
    } else {
      result.lines.emplace_back(number, line);
    }
  }
  return result;
}

void take(std::vector<Lines>& given, const Block& block, std::size_t block_bytes) {
  std::string_view rest = block.bytes.view();
  CHECK(rest.size() <= block_bytes || std::count(rest.begin(), rest.end(), '\n') == 1);
  for (const Segment& segment : block.segments) {
    for (std::uint64_t i = 0; i < segment.lines; ++i) {
      std::size_t end = rest.find('\n');
      CHECK(end != std::string_view::npos);
      given[segment.input].lines.emplace_back(segment.first_line + i, rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
  }
  CHECK(rest.empty());
}

std::vector<std::string> split_inputs(std::string_view bytes) {
  std::vector<std::string> inputs;
  do {
    std::size_t end = std::min(bytes.find('\xff'), bytes.size());
    inputs.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(bytes.size(), end + 1));
  } while (!bytes.empty());
  return inputs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 4) return 0;
  std::vector<std::string> texts = split_inputs({reinterpret_cast<const char*>(data) + 4, size - 4});
  PackedInputs inputs;
  for (std::size_t i = 0; i < texts.size(); ++i) inputs.append({.name = std::to_string(i), .path = ""});
  std::uint32_t random = data[0];
  auto chunk = [&]() -> std::size_t { return 1 + (random = random * 1664525 + 1013904223) % (1 + data[3]); };
  auto open = [&](InputOrdinal, const InputView& input) -> Result<std::unique_ptr<decode::StoredSource>> {
    return std::unique_ptr<decode::StoredSource>(
        std::make_unique<decode::MemorySource>(texts[std::stoul(std::string(input.name))], chunk));
  };
  decode::DecodeOptions options{
      .compression = Compression::kNone, .block_bytes = 3U + data[1], .max_record_bytes = 3U + data[2]};
  BufferPool pool(2, 4096);
  SeenEvents events;
  auto source = decode::make_block_source(open, inputs, {.first = 0, .count = inputs.size()}, options, pool, events);
  std::vector<Lines> given(texts.size());
  Block block;
  while (source->next(block).value()) take(given, block, options.block_bytes);
  for (auto& [input, lines] : events.bad_lines) given[input].too_long = lines;
  CHECK(events.decoded == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(given[i] == expected(texts[i], options.max_record_bytes));
  return 0;
}
