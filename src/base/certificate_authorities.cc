#include "base/certificate_authorities.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace quern {

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
