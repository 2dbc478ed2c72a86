#include <string>
#include <string_view>
#include <utility>

#include "model/compression.h"
#include "services/disk/files.h"
#include "stages/output/encoder.h"
#include "stages/output/output.h"

namespace quern::output {
namespace {

// Shared by all parts: the folder is removed with the last of them.
using SharedFolder = std::shared_ptr<const disk::ScratchFolder>;

class FileTarget final : public ResultTarget {
 public:
  FileTarget(std::unique_ptr<disk::AtomicFile> file, bool is_standard_output, SharedFolder folder)
      : folder_(std::move(folder)), file_(std::move(file)), is_standard_output_(is_standard_output) {}

  Result<void> write(std::string_view bytes) override { return named(file_->write(bytes)); }
  std::uint64_t size_bytes() const override { return file_->size_bytes(); }
  Result<void> rest() override { return file_->rest(); }
  Result<void> commit() override { return named(file_->commit()); }

 private:
  // `quern run --output - | head` is not a failure, so it needs no explanation.
  Result<void> named(Result<void> result) const {
    if (is_standard_output_ && !result.ok() && result.error().kind == ErrorKind::kStopped) {
      result.error().message = "standard output was closed";
    }
    return result;
  }

  const SharedFolder folder_;
  std::unique_ptr<disk::AtomicFile> file_;
  const bool is_standard_output_;
};

// Compresses what goes to another target.
class EncodedTarget final : public ResultTarget {
 public:
  EncodedTarget(std::unique_ptr<Encoder> encoder, std::unique_ptr<ResultTarget> target)
      : encoder_(std::move(encoder)), target_(std::move(target)) {}

  Result<void> write(std::string_view bytes) override { return encoder_->add(bytes, false, *target_); }
  std::uint64_t size_bytes() const override { return target_->size_bytes(); }
  Result<void> rest() override { return target_->rest(); }
  Result<void> commit() override {
    TRY(encoder_->add("", true, *target_));
    return target_->commit();
  }

 private:
  const std::unique_ptr<Encoder> encoder_;
  const std::unique_ptr<ResultTarget> target_;
};

// Compresses if the name of the result says so, as result.txt.gz and result.txt.gz.0 do.
Result<std::unique_ptr<ResultTarget>> encoded(const std::string& path, std::unique_ptr<ResultTarget> target) {
  const std::size_t number = path.find_last_not_of("0123456789");
  const bool is_part = number != std::string::npos && number + 1 < path.size() && path[number] == '.';
  const Compression compression = compression_of_name(is_part ? std::string_view(path).substr(0, number) : path);
  if (!can_encode(compression)) return target;
  TRY_ASSIGN(auto encoder, make_encoder(compression));
  return std::unique_ptr<ResultTarget>(std::make_unique<EncodedTarget>(std::move(encoder), std::move(target)));
}

class DirectSink final : public ReducedSink {
 public:
  explicit DirectSink(ResultTarget& target) : target_(target) {}
  Result<void> add(std::string_view /*key*/, std::string_view lines) override { return target_.write(lines); }
  Result<void> finish() override { return target_.rest(); }

 private:
  ResultTarget& target_;
};

}  // namespace

Result<std::unique_ptr<ResultTarget>> ResultTarget::make(const std::string& path) {
  bool is_standard_output = path == "-";
  TRY_ASSIGN(auto file, disk::AtomicFile::create(is_standard_output ? "/dev/stdout" : path));
  return encoded(path, std::make_unique<FileTarget>(std::move(file), is_standard_output, nullptr));
}

Result<std::vector<std::unique_ptr<ResultTarget>>> ResultTarget::make_parts(const std::string& path,
                                                                            std::size_t count) {
  auto made = disk::ScratchFolder::make_hidden(disk::folder_of(path));
  TRY_ASSIGN(auto hidden, std::move(made).context("writing " + path));
  const auto folder = std::make_shared<const disk::ScratchFolder>(std::move(hidden));
  std::vector<std::unique_ptr<ResultTarget>> parts;
  for (std::size_t i = 0; i < count; ++i) {
    TRY_ASSIGN(auto file, disk::AtomicFile::create_in(folder->path(), path + "." + std::to_string(i)));
    TRY_ASSIGN(auto part, encoded(path, std::make_unique<FileTarget>(std::move(file), false, folder)));
    parts.push_back(std::move(part));
  }
  return parts;
}

std::unique_ptr<ReducedSink> make_direct_sink(ResultTarget& target) { return std::make_unique<DirectSink>(target); }

}  // namespace quern::output
