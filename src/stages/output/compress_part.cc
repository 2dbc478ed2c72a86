#include <fcntl.h>

#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "stages/output/encoder.h"
#include "stages/output/output.h"

namespace quern::output {

Result<TaskPart> compress_part(const std::string& path, const std::string& folder, const std::string& name) {
  const std::string target = folder + "/" + name;
  TRY_ASSIGN(Fd source, open_file(path, O_RDONLY));
  TRY_ASSIGN(auto file, disk::AtomicFile::create(target));
  TRY_ASSIGN(auto encoder, make_encoder(Compression::kZstd));
  TaskPart part{.name = name};
  Buffer buffer;
  buffer.resize(limits::kReadBytes);
  while (true) {
    auto count = read_some(source, {buffer.data(), buffer.size()});
    if (!count.ok()) return std::move(count).error().with_context("reading " + path);
    TRY(encoder->add({buffer.data(), count.value()}, count.value() == 0, *file));
    if (count.value() == 0) break;
    part.decoded_bytes += count.value();
  }
  TRY(file->commit());
  // Reads the file back, so that the digest is that of the bytes that will be uploaded.
  TRY_ASSIGN(disk::FileDigest digest, disk::digest_of_file(target));
  part.bytes = digest.bytes;
  part.sha256 = std::move(digest.sha256);
  return part;
}

}  // namespace quern::output
