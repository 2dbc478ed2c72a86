#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/job.h"

namespace quern::decode {

// Decodes one compression format from memory to memory. Reading, offsets and the wording around errors are the
// Decoder's task. Not thread-safe; never blocks.
class Codec {
 public:
  // The input and output of one call. Each span shrinks from its front as bytes are consumed and written.
  struct Work {
    std::span<const char> stored;
    bool is_last = false;  // nothing follows `stored`
    std::span<char> target;
  };

  virtual ~Codec() = default;
  // Returns to the state at the start of a file. Keeps its memory for the next file if the library can.
  virtual Result<void> reset() = 0;
  // Makes progress: consumes bytes, writes bytes, or both; neither only if it needs more bytes or is at the end. An
  // error's message is only the reason; `work.stored` then starts near the place where the error was found.
  virtual Result<void> decode(Work& work) = 0;
  // Whether the file may end here: everything decoded so far is complete and verified.
  virtual bool is_complete() const = 0;
  // Whether another piece may follow. False after padding that may occur only at the end of a file.
  virtual bool may_continue() const { return is_complete(); }
  // The format's own word for one of the pieces that a file may consist of: "member", "frame", "stream".
  virtual std::string_view piece() const = 0;
};

// Returns nullptr for kNone. `memory_bytes` bounds what a file may require for its window or dictionary.
Result<std::unique_ptr<Codec>> make_codec(Compression compression, std::size_t memory_bytes);

Result<std::unique_ptr<Codec>> make_gzip_codec();
Result<std::unique_ptr<Codec>> make_xz_codec(std::size_t memory_bytes);
Result<std::unique_ptr<Codec>> make_lzma_codec(std::size_t memory_bytes);
Result<std::unique_ptr<Codec>> make_zstd_codec(std::size_t memory_bytes);
Result<std::unique_ptr<Codec>> make_bzip2_codec();
Result<std::unique_ptr<Codec>> make_lz4_codec();
Result<std::unique_ptr<Codec>> make_brotli_codec();

// Errors that several formats share.
Error bad_data(std::string reason);
Error garbage_after(std::string_view piece);
Error out_of_memory();

}  // namespace quern::decode
