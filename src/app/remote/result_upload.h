#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "app/cli/command_line.h"
#include "app/remote/remote_access.h"
#include "base/result.h"
#include "model/event.h"
#include "model/job.h"
#include "services/disk/files.h"
#include "services/s3/address.h"

namespace quern::app {

// A result that goes to S3. It is written to a temporary file in the working folder, and uploaded once that is
// complete. Main thread only.
class ResultUpload {
 public:
  // What is borrowed must outlive the upload.
  struct Options {
    const CommandLine& line;
    const Downloads& downloads;  // how often and how long a request is repeated, and how buckets are addressed
    std::string url;             // s3://bucket/key
    EventSink& events;           // receives notes
  };
  // Finds out whether the upload will be permitted, so that a run does not fail at its end. Blocks.
  static Result<std::unique_ptr<ResultUpload>> open(Options options, const std::stop_token& stop);

  // The path of the file, with an ending that compresses as that of the object.
  const std::string& path() const { return path_; }
  // Uploads the complete file (s3::upload). If that fails, the file is kept as kNotUploadedName. Blocks.
  Result<void> send(const std::stop_token& stop);

 private:
  void keep();
  ResultUpload(Options options, s3::ObjectName name, disk::ScratchFolder folder);

  const Options options_;
  const s3::ObjectName name_;
  const disk::ScratchFolder folder_;
  const std::string path_;
  // Not that of the inputs, which belongs to the thread that fetches them.
  RemoteAccess access_;
  s3::Store* store_ = nullptr;
};

}  // namespace quern::app
