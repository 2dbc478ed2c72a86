#include "app/plan/plan.h"

namespace quern::plan {

std::vector<Load> cut_loads(const PackedInputs& inputs, std::uint64_t most_bytes, std::size_t most_files) {
  std::vector<Load> loads;
  PackedInputs::Reader reader(inputs);
  for (std::size_t i = 0; const InputView* input = reader.next(); ++i) {
    std::uint64_t bytes = input->stored_bytes;
    bool fits = !loads.empty() && loads.back().count < most_files && bytes <= most_bytes &&
                loads.back().bytes <= most_bytes - bytes;
    if (!fits) loads.push_back({.first = i});
    ++loads.back().count;
    loads.back().bytes += bytes;
  }
  return loads;
}

}  // namespace quern::plan
