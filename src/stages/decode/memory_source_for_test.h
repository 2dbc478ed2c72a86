#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "stages/decode/stored_source.h"

namespace quern::decode {

// A stored file in memory, for tests and fuzz targets. Each read returns at most `chunk` bytes.
class MemorySource final : public StoredSource {
 public:
  explicit MemorySource(
      std::string bytes, std::function<std::size_t()> chunk = [] { return std::string::npos; })
      : bytes_(std::move(bytes)), chunk_(std::move(chunk)) {}

  Result<std::size_t> read(std::span<char> target) override {
    std::size_t most = std::min({target.size(), bytes_.size() - at_, std::max<std::size_t>(1, chunk_())});
    std::copy_n(bytes_.data() + at_, most, target.begin());
    at_ += most;
    return most;
  }
  Result<std::uint64_t> size() override { return bytes_.size(); }
  Result<void> seek(std::uint64_t offset) override {
    at_ = std::min<std::uint64_t>(offset, bytes_.size());
    return {};
  }

 private:
  const std::string bytes_;
  const std::function<std::size_t()> chunk_;
  std::size_t at_ = 0;
};

}  // namespace quern::decode
