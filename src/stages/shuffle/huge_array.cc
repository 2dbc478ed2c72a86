#include "stages/shuffle/huge_array.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/bytes.h"

namespace quern::shuffle {
namespace {

Error no_memory(std::size_t size_bytes) {
  return Error{.kind = ErrorKind::kNoSpace,
               .message = fmt::format("the system gives no further {} of memory to the shuffle; lower limits.memory "
                                      "(--memory), or end other programs",
                                      format_bytes(size_bytes)),
               .code = ENOMEM};
}

// Linux uses huge pages only for whole, aligned ones. So this maps more than needed and unmaps what is outside of them.
char* map_aligned(std::size_t size_bytes) {
  std::size_t wide_bytes = size_bytes + kHugePageBytes;
  void* wide = ::mmap(nullptr, wide_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (wide == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(wide);
  std::size_t before = (kHugePageBytes - reinterpret_cast<std::uintptr_t>(begin) % kHugePageBytes) % kHugePageBytes;
  if (before > 0) ::munmap(begin, before);
  char* aligned = begin + before;
  if (before < kHugePageBytes) ::munmap(aligned + size_bytes, kHugePageBytes - before);
  ::madvise(aligned, size_bytes, MADV_HUGEPAGE);  // Only a hint: without huge pages it is slower, not wrong.
  return aligned;
}

}  // namespace

void HugeMemory::Free::operator()(void* bytes) const {
  if (mapped_bytes > 0) {
    ::munmap(bytes, mapped_bytes);
  } else {
    std::free(bytes);
  }
}

Result<HugeMemory> HugeMemory::make(std::size_t size_bytes) {
  HugeMemory memory;
  if (size_bytes == 0) return memory;
  bool is_huge = size_bytes >= kHugePageBytes;
  std::size_t mapped_bytes = is_huge ? (size_bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes : 0;
  void* bytes = is_huge ? map_aligned(mapped_bytes) : std::malloc(size_bytes);
  if (bytes == nullptr) return no_memory(size_bytes);
  memory.bytes_ = std::unique_ptr<void, Free>(bytes, Free{mapped_bytes});
  return memory;
}

Result<HugeMemory> HugeMemory::make_zeroed(std::size_t size_bytes) {
  TRY_ASSIGN(HugeMemory memory, make(size_bytes));
  // What comes from the kernel is zero already.
  const bool is_mapped = memory.bytes_.get_deleter().mapped_bytes > 0;
  if (size_bytes > 0 && !is_mapped) std::memset(memory.data(), 0, size_bytes);
  return memory;
}

}  // namespace quern::shuffle
