#include "services/disk/file_digest.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "model/limits.h"

namespace quern::disk {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};

}  // namespace

Result<FileDigest> digest_of_file(const std::string& path) {
  TRY_ASSIGN(Fd file, open_file(path, O_RDONLY));
  std::unique_ptr<EVP_MD_CTX, FreeContext> context(::EVP_MD_CTX_new());
  CHECK(context != nullptr && ::EVP_DigestInit_ex(context.get(), ::EVP_sha256(), nullptr) == 1);
  FileDigest digest;
  Buffer buffer;
  buffer.resize(limits::kDigestReadBytes);
  while (true) {
    auto count = read_some(file, {buffer.data(), buffer.size()});
    if (!count.ok()) return std::move(count).error().with_context("reading " + path);
    if (count.value() == 0) break;
    CHECK(::EVP_DigestUpdate(context.get(), buffer.data(), count.value()) == 1);
    digest.bytes += count.value();
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
  unsigned size = 0;
  CHECK(::EVP_DigestFinal_ex(context.get(), value.data(), &size) == 1);
  digest.sha256 = hex_encode({reinterpret_cast<const char*>(value.data()), size});
  return digest;
}

}  // namespace quern::disk
