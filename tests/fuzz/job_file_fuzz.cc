#include <cstdint>
#include <string>

#include "base/result.h"
#include "job_file/job_file.h"

// A job file, then after a 0xff each a --set argument. Whatever they are, the answer is an error that names the place,
// or a job whose description is a job file that means the same.

namespace {

using namespace quern;

std::string values_of(const JobFile& job) {
  std::string values;
  for (const SettingOrigin& setting : job.settings) values += setting.key + ": " + setting.value + "\n";
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string rest(reinterpret_cast<const char*>(data), size);
  JobSources sources{.path = "job.yml", .folder = "/job", .has_python_reducer = true};
  bool is_first = true;
  while (true) {
    std::size_t end = rest.find('\xff');
    std::string part = rest.substr(0, end);
    if (is_first) {
      sources.text = part;
    } else {
      sources.settings.push_back(part);
    }
    is_first = false;
    if (end == std::string::npos) break;
    rest.erase(0, end + 1);
  }
  auto parsed = parse_job(sources);
  if (!parsed.ok()) {
    CHECK(parsed.error().kind == ErrorKind::kBadConfig);
    CHECK(parsed.error().message.starts_with("job.yml") || parsed.error().message.starts_with("--set"));
    return 0;
  }
  auto again = parse_job({.path = "again.yml", .folder = "/job", .text = describe(parsed.value())});
  // A path on the command line may be no UTF-8; YAML has no way to write it.
  if (!again.ok() && again.error().message.find("is not text") != std::string::npos) return 0;
  CHECK(again.ok());
  CHECK(values_of(again.value()) == values_of(parsed.value()));
  return 0;
}
