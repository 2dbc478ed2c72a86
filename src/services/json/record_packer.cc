#include "services/json/record_packer.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "model/limits.h"
#include "services/json/record_line.h"

namespace quern::json {
namespace {

// Few enough that the objects of a group stay in the processor's cache, and enough that names are shared.
constexpr std::size_t kGroupBytes = 64 * limits::kKiB;
// With fewer bytes of JSON for each object or array, packing gains nothing (docs/decisions/0037).
constexpr std::size_t kLeastBytesOfContainer = 14;
// That is judged from as many bytes at least.
constexpr std::size_t kJudgedBytes = 64 * limits::kKiB;
constexpr std::size_t kSkippedUnits = 15;

}  // namespace

bool RecordPacker::pays() {
  if (skipped_units_ > 0) {
    --skipped_units_;
    return false;
  }
  if (packed_bytes_ < kJudgedBytes) return true;
  const std::uint64_t containers = writer_.containers() - std::exchange(judged_containers_, writer_.containers());
  const bool pays = containers * kLeastBytesOfContainer <= std::exchange(packed_bytes_, 0);
  if (!pays) skipped_units_ = kSkippedUnits - 1;
  return pays;
}

void RecordPacker::pack(std::string_view lines, Buffer& target) {
  packed_bytes_ += lines.size();
  while (!lines.empty()) lines = pack_group(lines, target);
}

// Returns the lines that are left.
std::string_view RecordPacker::pack_group(std::string_view lines, Buffer& target) {
  const std::size_t start = target.size();
  std::uint32_t size = 0;
  target.resize(start + sizeof size);
  writer_.begin(target);
  for (std::size_t packed = 0; !lines.empty() && packed < kGroupBytes;) {
    const std::size_t end = lines.find('\n');
    add(lines.substr(0, end));
    packed += end + 1;
    lines.remove_prefix(end + 1);
  }
  writer_.end();
  size = static_cast<std::uint32_t>(target.size() - start - sizeof size);
  std::memcpy(target.data() + start, &size, sizeof size);
  return lines;
}

void RecordPacker::add(std::string_view line) {
  const std::size_t start = is_keyed_ && !line.empty() ? record_start(line) : 0;
  const std::string_view key = start > 0 && start <= line.size() ? line.substr(0, start - 1) : "";
  if (start <= line.size() && utf8::is_valid(key) && writer_.add_json(line.substr(start))) {
    writer_.add_string(key);
  } else {
    writer_.add_bytes(line);
    writer_.add_none();
  }
}

PackedSample packed_sample() {
  PackedSample sample{
      .lines =
          "key\t{\"text\": \"a\", \"text\": \"b\", \"\": \"\", \"caf\u00e9\": [\"\u20ac \\u20ac\", \"\\ud800\"], "
          "\"numbers\": [0, -1, 2147483647, -2147483648, 4294967296, -12345678901234567890123, 0.1, -0.0, 1e300]}\n"
          "{\"text\": [true, false, null, {}, [], [[]], {\"text\": {\"numbers\": 1}}], \"long\": \"" +
          std::string(300, '-') + "\"}\n"};
  Buffer packed;
  RecordPacker(RecordKind::kKeyedJson).pack(sample.lines, packed);
  sample.packed = packed.view();
  return sample;
}

}  // namespace quern::json
