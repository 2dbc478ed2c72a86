#include "app/remote/result_upload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "app/job/result_folder.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "model/compression.h"
#include "services/s3/upload.h"

namespace quern::app {
namespace {

// A key may be too long for a file's name, so only what its ending means is kept.
std::string staged_name(const s3::ObjectName& name) {
  const Compression compression = compression_of_name(name.key);
  return fmt::format("result.{}", compression == Compression::kNone ? "txt" : name_of(compression));
}

Result<void> read_fully(const Fd& file, std::span<char> target) {
  while (!target.empty()) {
    TRY_ASSIGN(const std::size_t count, read_some(file, target));
    if (count == 0)
      return Error{.kind = ErrorKind::kInternal, .message = "the temporary file of the result has shrunk"};
    target = target.subspan(count);
  }
  return {};
}

}  // namespace

ResultUpload::ResultUpload(Options options, s3::ObjectName name, disk::ScratchFolder folder)
    : options_(std::move(options)),
      name_(std::move(name)),
      folder_(std::move(folder)),
      path_(folder_.path() + "/" + staged_name(name_)),
      access_(options_.line, options_.downloads) {}

Result<std::unique_ptr<ResultUpload>> ResultUpload::open(Options options, const std::stop_token& stop) {
  TRY_ASSIGN(s3::ObjectName name, s3::parse_s3_url(options.url));
  TRY_ASSIGN(auto folder, disk::ScratchFolder::make_hidden("."));
  std::unique_ptr<ResultUpload> upload(new ResultUpload(std::move(options), std::move(name), std::move(folder)));
  TRY_ASSIGN(upload->store_, upload->access_.peers(upload->options_.events).store());
  TRY(s3::try_upload(*upload->store_, upload->name_.bucket, upload->name_.key, stop)
          .context("the result cannot go to S3"));
  return upload;
}

Result<void> ResultUpload::send(const std::stop_token& stop) {
  TRY_ASSIGN(const Fd file, open_file(path_, O_RDONLY));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return os_error(path_, errno);
  const auto size_bytes = static_cast<std::uint64_t>(status.st_size);
  options_.events.emit(
      event::Note{event::Level::kInfo, fmt::format("uploading {} to {}", format_bytes(size_bytes), options_.url)});
  auto sent = s3::upload(*store_,
                         {.bucket = name_.bucket,
                          .key = name_.key,
                          .size_bytes = size_bytes,
                          .read = [&](std::span<char> target) { return read_fully(file, target); }},
                         stop);
  if (!sent.ok()) keep();
  return std::move(sent).context("the result was not uploaded");
}

// What took hours is not to be lost because credentials have ended, or a server is away.
void ResultUpload::keep() {
  std::error_code error;
  std::filesystem::rename(path_, kNotUploadedName, error);
  const std::string text =
      error ? fmt::format("the result could not be kept as {}: {}", kNotUploadedName, error.message())
            : fmt::format("the result is complete, and is kept in {}: aws s3 cp {} {}", kNotUploadedName,
                          kNotUploadedName, shell_word(options_.url));
  options_.events.emit(event::Note{event::Level::kWarning, text});
}

}  // namespace quern::app
