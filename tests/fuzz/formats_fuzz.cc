#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

bool same(const std::vector<json::Capture>& left, const std::vector<json::Capture>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const auto& one, const auto& other) {
    return one.number == other.number && one.text == other.text;
  });
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

const formats::WantedMembers kWanted = {"a", "status", "column2"};

// What a reader leaves out, because nothing reads it, changes neither the other members nor what is bad.
void check_wanted(const RecordFormat& format, std::string_view text, std::size_t most_bytes, const ReadFormat& whole) {
  const ReadFormat some = read(*formats::make_record_reader(format, kWanted), text, text.size() + 1, most_bytes);
  CHECK(some.bad == whole.bad && some.error == whole.error);
  json::Wanted wanted;
  for (const std::string& name : kWanted) wanted.captured.push_back(json::parse_path(name).value());
  const json::Plan plan(wanted);
  json::RecordLineReader of_some(plan, RecordKind::kJson);
  json::RecordLineReader of_whole(plan, RecordKind::kJson);
  Buffer copy;
  const auto some_lines = lines_of(some.lines);
  const auto whole_lines = lines_of(whole.lines);
  CHECK(some_lines.size() == whole_lines.size());
  for (std::size_t i = 0; i < some_lines.size(); ++i) {
    CHECK(of_some.read(some_lines[i], copy) == of_whole.read(whole_lines[i], copy));
    CHECK(same(of_some.captures(), of_whole.captures()));
  }
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
    CHECK(same(flat.captures(), any.captures()));
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
  if (is_flat(format_of(data[0]))) {
    check_flat(whole.lines);
    check_wanted(format_of(data[0]), text, most_bytes, whole);
  }
  return 0;
}
