#include "app/group/group_target.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "app/job/load_job.h"
#include "app/plan/plan.h"
#include "base/fd.h"
#include "model/json_fields.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "services/taskcluster/names.h"

namespace quern::app {
namespace {

std::string path_in(const std::string& folder) { return folder + "/.quern-group"; }

Result<GroupTarget> read_group_file(const std::string& folder) {
  const std::string path = path_in(folder);
  auto text = read_file(path, limits::kMaxGroupFileBytes);
  if (!text.ok() && text.error().kind == ErrorKind::kNotFound) {
    return bad_config(
        fmt::format("{} is not there, so no task group of this job was submitted from here; name the group by "
                    "its id",
                    path));
  }
  if (!text.ok()) return std::move(text).error();
  const auto json = parse_json(text.value());
  if (!json.has_value() || !json->is_object()) {
    return bad_config(path + " is not a JSON object; name the group by its id");
  }
  JsonFields fields(*json);
  GroupTarget target{.group_id = fields.text("group_id"), .root_url = fields.text("root_url")};
  if (!fields.failure().empty()) {
    return bad_config(fmt::format("{}: {}; name the group by its id", path, fields.failure()));
  }
  if (taskcluster::is_slugid(target.group_id)) return target;
  return bad_config(path + ": group_id is not the id of a task group");
}

}  // namespace

Result<GroupTarget> find_group(const std::optional<std::string>& word) {
  // If a file or folder has this name, the word means that job.
  if (word.has_value() && taskcluster::is_slugid(*word) && ::access(word->c_str(), F_OK) != 0) {
    GroupTarget target{.group_id = *word};
    auto here = find_group(std::nullopt);
    if (here.ok() && here.value().group_id == *word) {
      target.patience = here.value().patience;
      target.job = std::move(here.value().job);
    }
    return target;
  }
  auto loaded = load_job(word, {});
  if (!loaded.ok() && word.has_value() && ::access(word->c_str(), F_OK) != 0) {
    return bad_config(fmt::format("{} is neither the id of a task group nor a job that is there", *word));
  }
  if (!loaded.ok()) return std::move(loaded).error();
  const Job& job = loaded.value().file.job;
  TRY_ASSIGN(GroupTarget target, read_group_file(job.folder));
  target.output = job.output;
  TRY_ASSIGN(plan::Settings settings, plan::read_settings(job));
  target.patience = settings.patience;
  target.job = job;
  return target;
}

Result<void> remember_group(const std::string& folder, const GroupTarget& target) {
  TRY_ASSIGN(auto file, disk::AtomicFile::create(path_in(folder)));
  TRY(file->write(dump_json(Json{{"group_id", target.group_id}, {"root_url", target.root_url}}) + "\n"));
  return file->commit();
}

}  // namespace quern::app
