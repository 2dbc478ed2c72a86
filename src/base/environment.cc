#include "base/environment.h"

namespace quern {

std::string_view variable_value(const EnvironmentLookup& environment, const char* name) {
  const char* value = environment(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace quern
