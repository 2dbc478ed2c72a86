#include <cstdint>
#include <string>
#include <vector>

#include "app/plan/plan.h"
#include "base/result.h"
#include "job_file/job_file.h"

// A `taskcluster:` map with the tasks that it makes.

namespace {

using namespace quern;

const UtcTime kNow = *parse_utc("2026-01-31T12:00:00Z");

// Settings that are taken make tasks that are taken, or the reason is one that only the whole of a task can show.
void plan_with(const std::string& text) {
  auto job = parse_job({.path = "job.yml",
                        .folder = "/job",
                        .text = "mapper: {builtin: pairs, key: a}\nreducer: {builtin: sum}\nowner: a@example.com\n",
                        .settings = {"taskcluster=" + text}});
  if (!job.ok()) return;
  auto settings = plan::read_settings(job.value().job);
  if (!settings.ok()) {
    CHECK(settings.error().message.starts_with("job.yml: taskcluster."));
    return;
  }
  const std::vector<std::string> no_arguments;
  const std::string nothing;
  PackedInputs inputs;
  for (const char* url : {"s3://bucket/a", "s3://bucket/b", "https://host/c"}) {
    inputs.append({.name = url, .path = "", .stored_bytes = 10, .url = url});
  }
  auto graph = plan::TaskGraph::make({.job = job.value().job,
                                      .inputs = inputs,
                                      .settings = settings.value(),
                                      .set_arguments = no_arguments,
                                      .packed_job = nothing,
                                      .sealed_credentials = nothing,
                                      .bucket = "",
                                      .root_url = "https://tc.example.com",
                                      .group_id = "Q3GkR1sXTx2mV0c7b1yZ5A",
                                      .now = kNow});
  if (graph.ok()) static_cast<void>(plan::check_graph(graph.value()).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plan_with(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
