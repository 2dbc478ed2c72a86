#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/stream.h"

namespace quern {

// An open file descriptor. Move-only; always close-on-exec. Use the raw number only for system calls. Not thread-safe.
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
  // Closes and ignores the result. Use it for descriptors that were only read.
  void reset();
  // Closes and reports the kernel's error, such as a delayed write error on NFS or an exceeded quota.
  Result<void> close();

 private:
  int number_ = -1;
};

struct Pipe {
  Fd read_end;
  Fd write_end;
};

// Opens /dev/null for each standard descriptor that is closed. Otherwise a file or pipe of quern would get its number
// and receive what is meant for the standard descriptor. Call it before anything else is opened.
Result<void> open_standard_descriptors();

// Creates a non-blocking counter (eventfd) that poll(2) can wait for.
Result<Fd> make_event();

// Creates a close-on-exec pipe whose buffer is as close to `capacity_bytes` as the kernel allows.
Result<Pipe> make_pipe(std::size_t capacity_bytes);

// Opens with O_CLOEXEC; `flags` and `mode` are those of open(2). The error names the path. Never blocks. For reading,
// it opens only what has its bytes available: a file, a folder, or what another process holds open for quern
// (/dev/stdin, /dev/fd/N, as the shell's <(...)). It refuses any other FIFO, sockets and devices. For writing, it
// refuses a FIFO that nobody reads.
Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0666);

// One read(2), retried on EINTR; returns 0 at the end of the file. Blocks if the descriptor does.
Result<std::size_t> read_some(const Fd& fd, std::span<char> target);
// The same for a pipe or a terminal, but returns kStopped once `stop` is requested, however long the bytes let wait.
Result<std::size_t> read_some(const Fd& fd, std::span<char> target, const std::stop_token& stop);

// The bytes of a descriptor, up to the end of the file.
class FdSource final : public ByteSource {
 public:
  explicit FdSource(Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> read(std::span<char> target) override { return read_some(fd_, target); }

 private:
  const Fd fd_;
};

// Writes everything; retries short writes and EINTR. Blocks even if another process has made the descriptor
// non-blocking.
Result<void> write_all(const Fd& fd, std::string_view bytes);
// Reads the whole file, which must not exceed `most_bytes`.
Result<std::string> read_file(const std::string& path, std::size_t most_bytes);

// A file that did not exist before, and is removed on destruction unless keep() was called. Not thread-safe; blocks on
// the disk.
class NewFile {
 public:
  // Never overwrites: if anything has that name, even a dangling link, the error is EEXIST. `mode` is that of open(2).
  static Result<NewFile> create(const std::string& path, unsigned mode = 0666);
  NewFile(NewFile&&) = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();
  // Writes and syncs.
  Result<void> write(std::string_view bytes);
  void keep() { fd_.reset(); }

 private:
  NewFile(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  Fd fd_;
};

Result<void> set_nonblocking(const Fd& fd);

// Returns the descriptor of this process that a path names: N for /dev/fd/N, 1 for /dev/stdout and so on.
std::optional<int> own_descriptor(std::string_view path);

}  // namespace quern
