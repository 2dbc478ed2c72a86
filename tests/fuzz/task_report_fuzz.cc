#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/accounting.h"
#include "model/taskcluster/task_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  auto report = quern::parse_task_report({reinterpret_cast<const char*>(data), size});
  if (!report.ok()) {
    CHECK(report.error().kind == quern::ErrorKind::kBadInput && !report.error().message.empty());
    return 0;
  }
  // What was understood is the same when it is written and read once more.
  const std::string again = quern::task_report_json(report.value());
  auto reread = quern::parse_task_report(again);
  CHECK(reread.ok() && quern::task_report_json(reread.value()) == again);
  quern::Accounting sum;
  quern::add_accounting(report.value().accounting, sum);
  return 0;
}
