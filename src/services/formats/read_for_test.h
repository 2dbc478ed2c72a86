#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "services/formats/record_reader.h"

namespace quern::formats {

// What a reader made of one input.
struct ReadForTest {
  std::string lines;
  std::vector<std::string> bad;  // "LINE: REASON [RECORD]"
  std::string error;             // of the input; "" if there was none
  bool operator==(const ReadForTest&) const = default;
};

// Gives the reader `chunk` bytes at a time, as decode's RecordStream does.
inline ReadForTest read_in_chunks(RecordReader& reader, std::string_view text, std::size_t chunk,
                                  std::size_t max_record_bytes) {
  reader.begin();
  ReadForTest all;
  std::string waiting;
  bool is_end = false;
  while (true) {
    Records records;
    auto taken = reader.take(waiting, is_end, records);
    if (!taken.ok()) all.error = taken.error().message;
    std::size_t count = taken.ok() ? taken.value() : 0;
    EXPECT_LE(count, waiting.size());
    if (taken.ok() && count == 0 && waiting.size() > max_record_bytes) {
      count = reader.drop(waiting, "too long", records);
      EXPECT_GT(count, 0U);
    }
    waiting.erase(0, count);
    all.lines += records.lines.view();
    for (const BadRecord& bad : records.bad) {
      all.bad.push_back(std::to_string(bad.line) + ": " + bad.reason + " [" + bad.record + "]");
    }
    if (!taken.ok() || (count == 0 && is_end)) break;
    if (count > 0) continue;
    const std::size_t more = std::min({chunk, text.size(), max_record_bytes + 1 - waiting.size()});
    waiting += text.substr(0, more);
    text.remove_prefix(more);
    is_end = more == 0;
  }
  EXPECT_TRUE(!all.error.empty() || waiting.empty());
  return all;
}

// What is left of each record: where it is, and the members `names` of it.
inline std::vector<std::string> members_for_test(const std::string& lines, const WantedMembers& names) {
  std::vector<std::string> records;
  std::string line;
  for (std::istringstream rest(lines); std::getline(rest, line);) {
    std::string& record = records.emplace_back(line.empty() ? "" : "record");
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded()) continue;
    for (const std::string& name : names) record += json.contains(name) ? " " + name + json[name].dump() : "";
  }
  return records;
}

// Reads the text, and checks that neither how it arrives nor what was read before changes anything, and that members
// which nobody wants change no other.
inline ReadForTest read_for_test(const RecordFormat& format, std::string_view text,
                                 std::size_t max_record_bytes = 10000) {
  const auto reader = make_record_reader(format);
  const ReadForTest whole = read_in_chunks(*reader, text, text.size() + 1, max_record_bytes);
  for (const std::size_t chunk : {1U, 2U, 7U, 8U, 64U}) {
    const ReadForTest cut = read_in_chunks(*reader, text, chunk, max_record_bytes);
    EXPECT_EQ(cut.lines, whole.lines) << chunk;
    EXPECT_EQ(cut.bad, whole.bad) << chunk;
    EXPECT_EQ(cut.error, whole.error) << chunk;
  }
  for (const WantedMembers& wanted :
       {WantedMembers{"a"}, WantedMembers{"b", "status"}, WantedMembers{"path", "agent", "a"}, WantedMembers{"none"}}) {
    if (!is_flat(format)) break;
    const ReadForTest read = read_in_chunks(*make_record_reader(format, wanted), text, 7, max_record_bytes);
    EXPECT_EQ(read.bad, whole.bad);
    EXPECT_EQ(read.error, whole.error);
    EXPECT_EQ(members_for_test(read.lines, wanted), members_for_test(whole.lines, wanted));
  }
  return whole;
}

}  // namespace quern::formats
