#include "app/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

namespace quern::app {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void Signals::block() {
  sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<Signals>> Signals::listen(std::stop_source& stop, std::function<void(int)> said) {
  sigset_t set = stop_signals();
  Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  Fd ended(::eventfd(0, EFD_CLOEXEC));
  if (!signals.is_open() || !ended.is_open()) return os_error("listening for signals", errno);
  std::unique_ptr<Signals> listener(new Signals(std::move(signals), std::move(ended)));
  listener->thread_ =
      std::jthread([raw = listener.get(), &stop, said = std::move(said)] { raw->read_signals(stop, said); });
  return listener;
}

Signals::~Signals() {
  std::uint64_t one = 1;
  static_cast<void>(::write(ended_.number(), &one, sizeof one) + 0);
}

void Signals::read_signals(std::stop_source& stop, const std::function<void(int)>& said) {
  while (true) {
    pollfd watched[2] = {{.fd = signals_.number(), .events = POLLIN, .revents = 0},
                         {.fd = ended_.number(), .events = POLLIN, .revents = 0}};
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_.number(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    int signal = static_cast<int>(info.ssi_signo);
    int none = 0;
    if (!stopped_by_.compare_exchange_strong(none, signal)) ::_exit(128 + signal);
    said(signal);
    stop.request_stop();
  }
}

}  // namespace quern::app
