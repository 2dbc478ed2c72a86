#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "model/groups.h"
#include "model/pair.h"
#include "stages/shuffle/pair_keys.h"

// Pairs that claim to be terms of columns, as a damaged part of another task has them (docs/formats/part.md).

namespace {

using quern::Aggregation;
using Kind = Aggregation::Kind;

const Aggregation kColumns{.kind = Kind::kColumns,
                           .columns = {{.kind = Kind::kCount},
                                       {.kind = Kind::kMean},
                                       {.kind = Kind::kQuantile, .quantile_ppm = 500'000},
                                       {.kind = Kind::kDistinct},
                                       {.kind = Kind::kTop, .top_count = 2},
                                       {.kind = Kind::kUnique},
                                       {.kind = Kind::kMin},
                                       {.kind = Kind::kStddev},
                                       {.kind = Kind::kFirst},
                                       {.kind = Kind::kLast},
                                       {.kind = Kind::kList},
                                       {.kind = Kind::kTop, .top_count = 2, .has_label = true}},
                           .key_parts = 1};

// Each pair is a group of its own.
class FuzzPairs final : public quern::GroupSource {
 public:
  explicit FuzzPairs(std::string_view bytes) : rest_(bytes) {}
  quern::Result<bool> next_group() override {
    if (rest_.empty()) return false;
    pair_ = quern::take_pair(rest_, quern::kBetweenInside);
    is_unread_ = true;
    return true;
  }
  quern::Result<bool> next_value() override { return std::exchange(is_unread_, false); }
  std::string_view key() const override { return pair_.key; }
  std::string_view value() const override { return pair_.value; }

 private:
  std::string_view rest_;
  quern::PairView pair_;
  bool is_unread_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto to = (data[0] & 1) == 0 ? quern::AggregatedTo::kResult : quern::AggregatedTo::kTerms;
  auto groups = quern::shuffle::aggregate_sorted(std::make_unique<FuzzPairs>(bytes),
                                                 {.memory_bytes = 1 << 20,
                                                  .scratch_folder = std::filesystem::temp_directory_path().string(),
                                                  .aggregation = kColumns,
                                                  .aggregated_from = quern::AggregatedFrom::kTerms,
                                                  .aggregated_to = to});
  if (!groups.ok()) {
    CHECK(groups.error().kind == quern::ErrorKind::kBadInput && !groups.error().message.empty());
    return 0;
  }
  while (groups.value()->next_group().value()) {
    std::size_t values = 0;
    while (groups.value()->next_value().value()) ++values;
    CHECK(to == quern::AggregatedTo::kTerms || values == kColumns.columns.size());
  }
  return 0;
}
