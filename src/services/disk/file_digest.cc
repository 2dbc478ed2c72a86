#include "services/disk/file_digest.h"

#include <fcntl.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "model/limits.h"

namespace quern::disk {
Result<FileDigest> digest_of_file(const std::string& path) {
  TRY_ASSIGN(Fd file, open_file(path, O_RDONLY));
  Digest sha256(DigestKind::kSha256);
  FileDigest digest;
  Buffer buffer;
  buffer.resize(limits::kDigestReadBytes);
  while (true) {
    auto count = read_some(file, {buffer.data(), buffer.size()});
    if (!count.ok()) return std::move(count).error().with_context("reading " + path);
    if (count.value() == 0) break;
    sha256.add({buffer.data(), count.value()});
    digest.bytes += count.value();
  }
  digest.sha256 = hex_encode(sha256.value());
  return digest;
}

}  // namespace quern::disk
