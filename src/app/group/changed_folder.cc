#include "app/group/changed_folder.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "app/job/result_folder.h"
#include "app/plan/plan.h"
#include "model/accounting.h"
#include "model/limits.h"
#include "services/archive/job_pack.h"
#include "services/disk/files.h"

namespace quern::app {
namespace {

// Returns the names of quern's files in the job's folder, if the result goes there.
std::vector<std::string> left_by_quern(const Job& job) {
  std::error_code ignored;
  ResultPaths paths = result_paths(job.output, 1);
  const std::filesystem::path folder = disk::folder_of(paths.bad_records);
  if (job.output == "-" || !std::filesystem::equivalent(folder, job.folder, ignored)) return {};
  Accounting accounting;
  ResultFolder(std::move(paths)).describe(accounting);
  return accounting.files;
}

}  // namespace

Result<bool> has_folder_changed(const Job& job, const std::string& packed) {
  TRY_ASSIGN(plan::Settings settings, plan::read_settings(job));
  archive::PackOptions options{.left_out = settings.pack_leaves_out,
                               .most_text_bytes = limits::kMaxJobFolderBytes,
                               .most_folder_bytes = limits::kMaxJobFolderBytes};
  for (std::string& name : left_by_quern(job)) options.left_out.push_back(std::move(name));
  TRY_ASSIGN(disk::ScratchFolder scratch, disk::ScratchFolder::make(""));
  const std::string before = scratch.path() + "/job";
  TRY(disk::make_folders(before));
  TRY(archive::unpack_folder(packed, before, limits::kMaxJobFolderBytes));
  // Packs both again, because another version of zstd may have produced the packed text.
  TRY_ASSIGN(std::string then, archive::pack_folder(before, options));
  TRY_ASSIGN(std::string now, archive::pack_folder(job.folder, options));
  return then != now;
}

}  // namespace quern::app
