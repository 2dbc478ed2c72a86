#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/text.h"

namespace quern {

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  auto wrong = [&] {
    return bad_config(fmt::format("'{}' is not a size; write a number and a unit, as in 512MiB or 1GiB", text));
  };
  double number = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (status != std::errc{} || number < 0) return wrong();
  std::string unit;
  for (const char* at = end; at != text.data() + text.size(); ++at) {
    if (*at != ' ') unit.push_back(lower_case(*at));
  }
  constexpr std::string_view kPrefixes = "kmgtp";
  double scale = 1;
  if (!unit.empty() && unit != "b") {
    std::size_t power = kPrefixes.find(unit[0]);
    std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || (rest != "" && rest != "b" && rest != "ib" && rest != "i")) return wrong();
    double base = rest == "b" ? 1000 : 1024;
    for (std::size_t i = 0; i <= power; ++i) scale *= base;
  }
  double bytes = number * scale;
  if (bytes > 9e18) return wrong();
  return static_cast<std::uint64_t>(bytes);
}

void Buffer::Free::operator()(char* bytes) const { std::free(bytes); }

Buffer::Buffer(Buffer&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void Buffer::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  // realloc moves large blocks by remapping their pages instead of copying them.
  char* longer = static_cast<char*>(std::realloc(bytes_.get(), capacity));
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(bytes_.release());
  bytes_.reset(longer);
  capacity_ = capacity;
}

Buffer BufferPool::take(std::size_t capacity) {
  Buffer buffer;
  {
    std::lock_guard lock(mutex_);
    if (!kept_.empty()) {
      buffer = std::move(kept_.back());
      kept_.pop_back();
    }
  }
  buffer.clear();
  buffer.reserve(capacity);
  return buffer;
}

void BufferPool::give(Buffer buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > largest_kept_bytes_) return;
  std::lock_guard lock(mutex_);
  if (kept_.size() < most_kept_) kept_.push_back(std::move(buffer));
}

}  // namespace quern
