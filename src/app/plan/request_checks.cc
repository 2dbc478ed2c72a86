#include <fmt/format.h>

#include <algorithm>

#include "app/plan/parts.h"
#include "app/plan/patterns.h"
#include "base/shown_url.h"
#include "base/text.h"
#include "base/utf8.h"
#include "model/image_name.h"
#include "model/limits.h"
#include "services/json/structure.h"
#include "services/taskcluster/s3_requests.h"
#include "services/taskcluster/services.h"

namespace quern::plan {
namespace {

Error bad(const Request& request, std::string_view what) {
  return bad_config(fmt::format("{}: {}", request.job.file, what));
}

Result<void> check_settings(const Request& request) {
  TRY(check_required(request.job, request.settings, request.root_url));
  bool is_address = request.job.owner.find('@') != std::string::npos && is_printable_ascii(request.job.owner) &&
                    request.job.owner.find(' ') == std::string::npos;
  if (request.job.notify.via == NotifyVia::kTaskcluster && !is_address) {
    return bad(request,
               fmt::format("owner is '{}'; Taskcluster can send a mail to an address only", request.job.owner));
  }
  return {};
}

Result<void> check_results(const Request& request) {
  const Job& job = request.job;
  bool has_reducer = job.steps.back().reducer.has_value();
  if (!has_reducer || job.reducers == 1) return {};
  if (job.keep_parts && job.output == "-") {
    return bad(request, "with result.parts: keep there are several results, which cannot all go to standard output");
  }
  if (job.keep_parts && job.steps.size() > 1) {
    return bad(request, "as tasks, a job with `steps` has one result; take out result.parts: keep, or the reducers");
  }
  if (job.steps.size() == 1 && job.reducers > request.settings.fan_in) {
    return bad(request, fmt::format("reducers is {}, and one task may wait for {} others only; lower it, or raise "
                                    "taskcluster.fan_in",
                                    job.reducers, request.settings.fan_in));
  }
  return {};
}

// The definition of a task is public.
Result<void> check_url(const Request& request, std::string_view url) {
  const std::string shown = shown_url(url);
  if (shown == url || request.job.downloads.show_query) return {};
  return bad(request,
             fmt::format("the URL {} has a query that may hold a secret, and everybody may read what a task is "
                         "to do; name the input without it, or say downloads.show_query: yes",
                         shown));
}

// Checks that an input can be named in a task's definition, and is found by that name.
Result<void> check_input(const Request& request, const InputView& input) {
  if (!input.is_remote()) {
    return bad(request, fmt::format("{} is a file of this machine, which no task can read; put the inputs into S3 or "
                                    "behind HTTP, and name them with s3:// or https://",
                                    input.name));
  }
  bool is_object = input.url.starts_with("s3://");
  if (!is_object) TRY(check_url(request, input.url));
  if (is_object && input.name.ends_with('/')) {
    return bad(request, fmt::format("the object {} ends with /, which would mean everything below", input.name));
  }
  if (!json::is_utf8(input.name)) {
    return bad(request, fmt::format("the name of the input {} is not UTF-8, as all texts in a task are", input.name));
  }
  return {};
}

Result<void> check_inputs(const Request& request) {
  if (request.inputs.empty()) return bad(request, "it has no inputs, so there is nothing for tasks to do");
  PackedInputs::Reader reader(request.inputs);
  while (const InputView* input = reader.next()) TRY(check_input(request, *input));
  // The job file is sent as well, whatever the inputs are.
  for (const std::string& input : request.job.inputs) TRY(check_url(request, input));
  if (request.job.index.has_value()) TRY(check_url(request, *request.job.index));
  return {};
}

Result<void> check_texts(const Request& request) {
  for (const std::string& argument : request.set_arguments) {
    if (!json::is_utf8(argument)) return bad(request, fmt::format("--set {} is not UTF-8", argument));
  }
  if (!json::is_utf8(request.job.owner)) return bad(request, "owner is not UTF-8");
  if (const std::size_t count = utf8::count_characters(request.job.owner); count > limits::kMaxTaskName) {
    return bad(request, fmt::format("owner: metadata.owner has {} characters; it must have 0 to {}", count,
                                    limits::kMaxTaskName));
  }
  return {};
}

Result<void> check_access(const Request& request) {
  S3Access access = s3_access_of(request);
  if (access == S3Access::kSealed && request.sealed_credentials.empty()) {
    return bad(request,
               "taskcluster.s3_credentials is sealed, and the variable CREDENTIALS is not set; quern "
               "credentials seal and quern credentials federate print a value for it");
  }
  if (access != S3Access::kTaskcluster) return {};
  taskcluster::S3RequestsMaker maker;
  PackedInputs::Reader reader(request.inputs);
  while (const InputView* input = reader.next()) maker.add(input->url);
  for (const taskcluster::S3Request& one : maker.requests()) {
    if (auto checked = taskcluster::check_s3_request(one); !checked.ok()) return bad(request, checked.error().message);
  }
  return {};
}

}  // namespace

S3Access s3_access_of(const Request& request) {
  return request.settings.s3_access.value_or(request.sealed_credentials.empty() ? S3Access::kNone : S3Access::kSealed);
}

Result<void> check_request(const Request& request) {
  TRY(check_inputs(request));
  TRY(check_settings(request));
  TRY(check_results(request));
  TRY(check_texts(request));
  return check_access(request);
}

Result<void> check_required(const Job& job, const Settings& settings, std::string_view root_url) {
  const Image& image = settings.image;
  bool has_image = !image.name.empty() || !image.task_id.empty() || !image.name_space.empty();
  std::vector<std::string_view> missing;
  if (root_url.empty()) {
    missing.emplace_back(
        "neither taskcluster.root_url nor TASKCLUSTER_ROOT_URL is set; it names the deployment, as in "
        "https://tc.example.com");
  }
  if (settings.task_queue.empty()) {
    missing.emplace_back(
        "taskcluster.task_queue is not set; it names the workers that are to do the tasks, as in proj-example/linux");
  }
  if (!has_image) {
    missing.emplace_back(
        "taskcluster.image is not set; it names an image that has quern in it, as in "
        "registry.example.com/quern@sha256:...");
  }
  if (job.owner.empty()) {
    missing.emplace_back(
        "owner is not set; Taskcluster wants to know who a task belongs to, as in owner: someone@example.com");
  }
  if (!missing.empty()) return bad_config(fmt::format("{}: {}", job.file, fmt::join(missing, "; ")));
  if (image.name.empty()) return {};
  auto name = parse_image_name(image.name);
  return name.ok() ? Result<void>()
                   : bad_config(fmt::format("{}: taskcluster.image: {}", job.file, name.error().message));
}

}  // namespace quern::plan
