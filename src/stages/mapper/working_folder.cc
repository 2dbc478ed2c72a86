#include "stages/mapper/working_folder.h"

#include <fmt/format.h>

#include "services/disk/files.h"
#include "services/process/job_links.h"

namespace quern::mapper {

Result<void> prepare_working_folder(const std::string& path, const MapperOptions& options, EventSink& events) {
  disk::remove_folder(path);
  TRY(disk::make_folders(path));
  TRY_ASSIGN(bool linked, process::link_job_folder(options.job_folder, path));
  if (!linked) {
    events.emit(
        event::Note{event::Level::kWarning,
                    fmt::format("{} has more than {} entries, so the mapper's working folder has no links to them; "
                                "QUERN_JOB_FOLDER names the folder",
                                options.job_folder, std::size_t{process::kMostJobLinks})});
  }
  return {};
}

}  // namespace quern::mapper
