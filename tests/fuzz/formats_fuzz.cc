#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "services/formats/record_reader.h"
#include "services/json/path.h"
#include "services/json/record_line.h"

// Three bytes of options, then an input. Whatever it is, what is read does not depend on the pieces in which it comes,
// every record has the number of its line, and all bytes are taken.

namespace {

using namespace quern;

struct ReadFormat {
  std::string lines;
  std::string bad;
  std::string error;
  bool operator==(const ReadFormat&) const = default;
};

ReadFormat read(formats::RecordReader& reader, std::string_view text, std::size_t chunk, std::size_t most_bytes) {
  reader.begin();
  ReadFormat all;
  std::string waiting;
  for (bool is_end = false; true;) {
    formats::Records records;
    auto taken = reader.take(waiting, is_end, records);
    std::size_t count = taken.ok() ? taken.value() : 0;
    CHECK(count <= waiting.size());
    if (taken.ok() && count == 0 && waiting.size() > most_bytes) {
      count = reader.drop(waiting, "too long", records);
      CHECK(count > 0);
    }
    waiting.erase(0, count);
    all.lines += records.lines.view();
    CHECK(all.lines.empty() || all.lines.back() == '\n');
    for (const formats::BadRecord& bad : records.bad) {
      CHECK(bad.record.find('\n') == std::string::npos);
      all.bad += std::to_string(bad.line) + bad.reason + bad.record + "\n";
    }
    if (!taken.ok()) all.error = taken.error().message;
    if (!taken.ok() || (count == 0 && is_end)) break;
    if (count > 0) continue;
    const std::size_t more = std::min({chunk, text.size(), most_bytes + 1 - waiting.size()});
    waiting += text.substr(0, more);
    text.remove_prefix(more);
    is_end = more == 0;
  }
  CHECK(!all.error.empty() || waiting.empty());
  return all;
}

RecordFormat format_of(std::uint8_t choice) {
  using Kind = RecordFormat::Kind;
  using Header = RecordFormat::Header;
  const std::array formats = {
      RecordFormat{.kind = Kind::kJsonDocument},
      RecordFormat{.kind = Kind::kCsv},
      RecordFormat{.kind = Kind::kTsv, .delimiter = '\t', .header = Header::kNone},
      RecordFormat{
          .kind = Kind::kCsv, .delimiter = ';', .quote = '\0', .header = Header::kGiven, .columns = {"a", "b"}},
      RecordFormat{.kind = Kind::kCombined},
      RecordFormat{.kind = Kind::kCommon},
      RecordFormat{.kind = Kind::kRegex, .regex = "(?P<a>[a-z]+)(?P<b>\\d)?"},
      RecordFormat{.kind = Kind::kStart, .regex = "^\\S"},
  };
  return formats[choice % formats.size()];
}

// FlatRecordReader, which reads only a part of each record that quern has written, finds the same values in it.
void check_flat(std::string_view lines) {
  json::Wanted wanted;
  for (const char* name : {"a", "status", "column2", "missing"})
    wanted.captured.push_back(json::parse_path(name).value());
  const json::Plan plan(wanted);
  json::RecordLineReader any(plan, RecordKind::kJson);
  json::RecordLineReader flat(plan, RecordKind::kJson, true);
  Buffer copy;
  for (std::string_view line : lines_of(lines)) {
    const auto outcome = any.read(line, copy);
    CHECK(flat.read(line, copy) == outcome);
    if (outcome != json::RecordLineReader::Outcome::kRecord) continue;
    CHECK(std::equal(
        flat.captures().begin(), flat.captures().end(), any.captures().begin(), any.captures().end(),
        [](const auto& left, const auto& right) { return left.number == right.number && left.text == right.text; }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 3) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::size_t most_bytes = 3U + data[2];
  const auto reader = formats::make_record_reader(format_of(data[0]));
  const ReadFormat whole = read(*reader, text, text.size() + 1, most_bytes);
  CHECK(read(*reader, text, 1U + data[1], most_bytes) == whole);
  CHECK(read(*reader, text, 1, most_bytes) == whole);
  if (is_flat(format_of(data[0]))) check_flat(whole.lines);
  return 0;
}
