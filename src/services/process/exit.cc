#include <fmt/format.h>

#include <cctype>
#include <csignal>
#include <cstring>

#include "base/text.h"
#include "services/process/child.h"

namespace quern::process {
namespace {

// Returns "SIGSEGV, segmentation fault"; "" for signals without a name.
std::string name_of_signal(int signal) {
  const char* abbreviation = ::sigabbrev_np(signal);
  if (abbreviation == nullptr) return "";
  std::string name = fmt::format("SIG{}", abbreviation);
  const char* description = ::sigdescr_np(signal);
  if (signal == SIGKILL || description == nullptr) return name;
  std::string words = description;
  // "Segmentation fault" begins like a sentence; "CPU time limit exceeded" begins with an abbreviation.
  if (words.size() > 1 && std::islower(static_cast<unsigned char>(words[1])) != 0) {
    words[0] = lower_case(words[0]);
  }
  return name + ", " + words;
}

}  // namespace

std::string Exit::in_words() const {
  if (killed_by_us) return "ended by quern";
  if (signal == 0) return fmt::format("exit status {}", status);
  std::string name = name_of_signal(signal);
  std::string words = fmt::format("killed by signal {}", signal);
  if (!name.empty()) words += fmt::format(" ({})", name);
  if (signal != SIGKILL) return words;
  if (out_of_memory) return words + ": the kernel killed it for memory";
  return words + ", not by quern; the usual cause is the kernel's out-of-memory killer (see dmesg)";
}

}  // namespace quern::process
