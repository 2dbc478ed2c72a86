#include "base/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace quern {

std::string_view variable_value(const EnvironmentLookup& environment, const char* name) {
  const char* value = environment(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Result<std::string> certificate_authorities(std::initializer_list<const char*> variables) {
  for (const char* name : variables) {
    const char* path = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing in quern changes the environment
    if (path == nullptr || *path == '\0') continue;
    struct stat status {};
    if (::stat(path, &status) != 0) {
      Error error = os_error(std::string(name) + " names " + path, errno);
      error.kind = ErrorKind::kBadConfig;
      return error;
    }
    return std::string(path);
  }
  return std::string();
}

}  // namespace quern
