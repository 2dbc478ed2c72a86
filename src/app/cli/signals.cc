#include "app/cli/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "app/cli/console.h"
#include "base/task_group.h"

namespace quern::app {
namespace {

constexpr std::array kStopSignals = {SIGINT, SIGTERM, SIGHUP};

bool is_ignored(int signal) {
  struct sigaction current {};
  return ::sigaction(signal, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : kStopSignals) {
    if (!is_ignored(signal)) ::sigaddset(&set, signal);
  }
  return set;
}

void unblock() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// How many signals will still be ignored.
volatile std::sig_atomic_t without_effect = 0;

// All other threads block the signals, so the kernel delivers them to this thread and interrupts whatever it waits for.
void end_after(int count) {
  without_effect = count;
  for (int signal : kStopSignals) {
    if (is_ignored(signal)) continue;
    handle(signal, [](int number) {
      if (without_effect == 0) ::_exit(128 + number);
      without_effect = without_effect - 1;
    });
  }
  unblock();
}

}  // namespace

// Sets a handler rather than SIG_IGN, because exec resets handlers: children find these signals as quern found them.
void Signals::prepare() {
  for (int signal : {SIGPIPE, SIGXFSZ}) {
    if (!is_ignored(signal)) handle(signal, [](int) {});
  }
  if (is_ignored(SIGCHLD)) handle(SIGCHLD, SIG_DFL);
}

void Signals::block() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<std::unique_ptr<Signals>> Signals::listen(std::stop_source& stop, std::function<void(int)> said) {
  const sigset_t set = stop_signals();
  Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.is_open()) return os_error("listening for signals", errno);
  TRY_ASSIGN(Fd ended, make_event());
  std::unique_ptr<Signals> listener(new Signals(std::move(signals), std::move(ended)));
  auto read = [raw = listener.get(), &stop, said = std::move(said)](const std::stop_token&) {
    raw->read_signals(stop, said);
  };
  TRY_ASSIGN(listener->thread_, start_thread("signals", std::move(read)));
  return listener;
}

Signals::~Signals() {
  std::uint64_t one = 1;
  static_cast<void>(::write(ended_.number(), &one, sizeof one) + 0);
  thread_ = {};
  // The work is done and reported: the first signal comes too late to change the exit status.
  if (stopped_by() == 0) end_after(1);
}

void Signals::read_signals(std::stop_source& stop, const std::function<void(int)>& said) {
  pollfd watched[2] = {{.fd = ended_.number(), .events = POLLIN, .revents = 0},
                       {.fd = signals_.number(), .events = POLLIN, .revents = 0}};
  while (watched[0].revents == 0) {
    // After the first one, signals go to their handler.
    if (::poll(watched, stopped_by() == 0 ? 2 : 1, -1) < 0 || watched[0].revents != 0 || stopped_by() != 0) continue;
    signalfd_siginfo info{};
    if (::read(signals_.number(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    stopped_by_ = static_cast<int>(info.ssi_signo);
    end_after(0);
    static_cast<void>(without_exceptions([&]() -> Result<void> {
                        said(stopped_by());
                        return {};
                      }).ok());
    stop.request_stop();
  }
}

int interruptible(const std::function<int(const std::stop_token&)>& command) {
  std::stop_source stop;
  Signals::block();
  const auto signals = Signals::listen(stop, [](int) {});
  if (!signals.ok()) return print_error(signals.error());
  const int status = command(stop.get_token());
  const int signal = signals.value()->stopped_by();
  return signal != 0 ? 128 + signal : status;
}

}  // namespace quern::app
