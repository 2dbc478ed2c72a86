#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

// An open file descriptor. Move-only; always close-on-exec; the raw number is for system calls only.
// Not safe for use by two threads at once.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }
  int release();
  // Closes and ignores the outcome: for descriptors that were only read.
  void reset();
  // Closes and reports what the kernel says (delayed write errors on NFS and quota).
  Result<void> close();

 private:
  int number_ = -1;
};

struct Pipe {
  Fd read_end;
  Fd write_end;
};

// Opens /dev/null in place of each standard descriptor that is closed, or else a file or a pipe of ours would get its
// number, and what is meant for the standard descriptor would be written there. Before anything else is opened.
Result<void> open_standard_descriptors();

// A counter that poll(2) can wait for (eventfd); it does not block.
Result<Fd> make_event();

// A close-on-exec pipe whose buffer is as near to `capacity_bytes` as the kernel allows.
Result<Pipe> make_pipe(std::size_t capacity_bytes);

// Opens with O_CLOEXEC; `flags` and `mode` as for open(2). The message names the path. To read, it opens only what has
// its bytes at once, so that it never blocks: a file or a folder, and what another process holds open for us
// (/dev/stdin, /dev/fd/N, as <(...) in a shell). It refuses a FIFO that is named otherwise, a socket and a device. To
// write, it refuses a FIFO that nobody reads.
Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0666);

// One read(2), retried on EINTR; 0 at the end of the file. Blocks as the descriptor does.
Result<std::size_t> read_some(const Fd& fd, std::span<char> target);
// Writes everything, retrying short writes and EINTR. Blocks also where another process has made the descriptor
// non-blocking.
Result<void> write_all(const Fd& fd, std::string_view bytes);
// The whole file, which must be no larger than `most_bytes`.
Result<std::string> read_file(const std::string& path, std::size_t most_bytes);

Result<void> set_nonblocking(const Fd& fd);

// N of /dev/fd/N, /dev/stdout and so on: the descriptor of this process that a path names.
std::optional<int> own_descriptor(std::string_view path);

}  // namespace quern
