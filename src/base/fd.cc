#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace quern {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = other.release();
  }
  return *this;
}

int Fd::release() { return std::exchange(number_, -1); }

void Fd::reset() {
  if (is_open()) ::close(release());
}

Result<void> Fd::close() {
  if (!is_open()) return {};
  // On Linux the descriptor is gone even when close() fails, so it is never called twice.
  if (::close(release()) != 0 && errno != EINTR) return os_error("closing", errno);
  return {};
}

Result<Pipe> make_pipe(std::size_t capacity_bytes) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error("making a pipe", errno);
  // Past the user's quota of pipe pages the kernel refuses and the default capacity (64 KiB) stays: slower, not wrong.
  ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(capacity_bytes));
  return Pipe{.read_end = Fd(ends[0]), .write_end = Fd(ends[1])};
}

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (number < 0 && errno == EINTR);
  if (number < 0) return os_error("opening " + path, errno);
  return Fd(number);
}

Result<std::size_t> read_some(const Fd& fd, std::span<char> target) {
  while (true) {
    ssize_t count = ::read(fd.number(), target.data(), target.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return os_error("reading", errno);
  }
}

Result<void> write_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("writing", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t most_bytes) {
  TRY_ASSIGN(Fd fd, open_file(path, O_RDONLY));
  std::string text;
  constexpr std::size_t kStep = std::size_t{64} << 10;
  while (true) {
    std::size_t used = text.size();
    text.resize(used + kStep);
    auto count = read_some(fd, std::span(text).subspan(used));
    if (!count.ok()) return std::move(count).error().with_context(path);
    text.resize(used + count.value());
    if (count.value() == 0) return text;
    if (text.size() > most_bytes) {
      return bad_input(path + " is longer than " + std::to_string(most_bytes) + " bytes");
    }
  }
}

Result<void> set_nonblocking(const Fd& fd) {
  int flags = ::fcntl(fd.number(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK) != 0) return os_error("setting O_NONBLOCK", errno);
  return {};
}

}  // namespace quern
