#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace quern {
namespace {

Result<Fd> open_raw(const std::string& path, int flags, unsigned mode) {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode);
  } while (number < 0 && errno == EINTR);
  if (number < 0) return os_error("opening " + path, errno);
  return Fd(number);
}

std::string_view name_of_kind(mode_t mode) {
  return S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
}

// Opening a FIFO or a terminal blocks until another process acts, unless O_NONBLOCK is set.
Result<Fd> open_to_read(const std::string& path, int flags) {
  TRY_ASSIGN(Fd fd, open_raw(path, flags | O_NONBLOCK, 0));
  struct stat status {};
  if (::fstat(fd.number(), &status) != 0) return os_error("opening " + path, errno);
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || path == "/dev/null") return fd;
  if (own_descriptor(path).has_value()) {
    if (::fcntl(fd.number(), F_SETFL, flags & ~O_NONBLOCK) != 0) return os_error("opening " + path, errno);
    return fd;
  }
  return bad_input(path + " is " + std::string(name_of_kind(status.st_mode)) +
                   ", not a file; write its bytes to a file first");
}

// Opening a FIFO that nobody reads would block.
Result<Fd> open_to_write(const std::string& path, int flags, unsigned mode) {
  auto fd = open_raw(path, flags | O_NONBLOCK, mode);
  if (!fd.ok() && fd.error().code == ENXIO) {
    return bad_input(path + " is a named pipe that nobody reads; start its reader first, or name a file");
  }
  if (fd.ok() && ::fcntl(fd.value().number(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return os_error("opening " + path, errno);
  }
  return fd;
}

Result<void> wait_until_writable(const Fd& fd) {
  pollfd entry{.fd = fd.number(), .events = POLLOUT, .revents = 0};
  if (::poll(&entry, 1, -1) < 0 && errno != EINTR) return os_error("waiting to write", errno);
  return {};
}

}  // namespace

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
  // Beyond the user's quota of pipe pages the kernel refuses, and the default capacity (64 KiB) stays: slower, but
  // correct.
  ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(capacity_bytes));
  return Pipe{.read_end = Fd(ends[0]), .write_end = Fd(ends[1])};
}

Result<void> open_standard_descriptors() {
  for (int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The lowest free number is this one. It is not close-on-exec: it replaces what the caller would have passed.
    // Writing to standard output must fail, or its data would be lost silently.
    if (::open("/dev/null", number == STDOUT_FILENO ? O_RDONLY : O_RDWR) != number) {
      return os_error("opening /dev/null", errno);
    }
  }
  return {};
}

Result<Fd> make_event() {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open()) return os_error("making an event", errno);
  return event;
}

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  return (flags & O_ACCMODE) == O_RDONLY ? open_to_read(path, flags) : open_to_write(path, flags, mode);
}

Result<std::size_t> read_some(const Fd& fd, std::span<char> target) {
  while (true) {
    ssize_t count = ::read(fd.number(), target.data(), target.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return os_error("reading", errno);
  }
}

Result<std::size_t> read_some(const Fd& fd, std::span<char> target, const std::stop_token& stop) {
  TRY_ASSIGN(const Fd event, make_event());
  const std::stop_callback wake(stop, [&event] { ::eventfd_write(event.number(), 1); });
  std::array<pollfd, 2> entries = {pollfd{.fd = fd.number(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = event.number(), .events = POLLIN, .revents = 0}};
  while (::poll(entries.data(), entries.size(), -1) < 0) {
    if (errno != EINTR) return os_error("waiting to read", errno);
  }
  if (stop.stop_requested()) return stopped();
  return read_some(fd, target);
}

Result<void> write_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      TRY(wait_until_writable(fd));
      continue;
    }
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

Result<NewFile> NewFile::create(const std::string& path, unsigned mode) {
  TRY_ASSIGN(Fd fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode));
  return NewFile(path, std::move(fd));
}

NewFile::~NewFile() {
  if (fd_.is_open()) ::unlink(path_.c_str());
}

Result<void> NewFile::write(std::string_view bytes) {
  TRY(write_all(fd_, bytes).context("writing " + path_));
  if (::fsync(fd_.number()) != 0) return os_error("syncing " + path_, errno);
  return {};
}

Result<void> set_nonblocking(const Fd& fd) {
  int flags = ::fcntl(fd.number(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK) != 0) return os_error("setting O_NONBLOCK", errno);
  return {};
}

std::optional<int> own_descriptor(std::string_view path) {
  if (path == "/dev/stdin") return STDIN_FILENO;
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (std::string_view prefix : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(prefix)) continue;
    int number = -1;
    auto [end, error] = std::from_chars(path.data() + prefix.size(), path.data() + path.size(), number);
    if (error == std::errc() && end == path.data() + path.size() && number >= 0) return number;
  }
  return std::nullopt;
}

}  // namespace quern
