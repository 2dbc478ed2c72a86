#include <gmock/gmock.h>

#include <csignal>
#include <string_view>

#include "services/process/guard.h"

// The guard is this program itself, as it is quern itself in production.
int main(int count, char** arguments) {
  if (count == 3 && std::string_view(arguments[1]) == "guard") return quern::process::run_guard(arguments[2]);
  std::signal(SIGPIPE, [](int) {});  // as in quern, so that children do not ignore it
  ::testing::InitGoogleMock(&count, arguments);
  return RUN_ALL_TESTS();
}
