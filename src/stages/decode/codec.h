#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/job.h"

namespace quern::decode {

// One compression format, from memory to memory, and nothing else: reading, offsets and the wording around an error are
// the Decoder's. Owned by one thread; never blocks.
class Codec {
 public:
  // What one call has before it. Both spans shrink from their front as bytes are used and written.
  struct Work {
    std::span<const char> stored;
    bool is_last = false;  // nothing follows `stored`
    std::span<char> target;
  };

  virtual ~Codec() = default;
  // Back to the start of a file. Keeps memory for the next one where the library can.
  virtual Result<void> reset() = 0;
  // Does a part of the work: uses bytes, gives bytes, or both; neither only if it needs more bytes or is at the end.
  // An error's message is the bare reason; `work.stored` then starts about where it was found.
  virtual Result<void> decode(Work& work) = 0;
  // The file may end here: all that was decoded is complete and verified.
  virtual bool is_complete() const = 0;
  // Another piece may follow. Not so behind padding that only the end of a file may have.
  virtual bool may_continue() const { return is_complete(); }
  // What the format calls one of the pieces that may stand one behind the other: "member", "frame", "stream".
  virtual std::string_view piece() const = 0;
};

// None for kNone. `memory_bytes` bounds what a file may ask for its window or dictionary.
Result<std::unique_ptr<Codec>> make_codec(Compression compression, std::size_t memory_bytes);

Result<std::unique_ptr<Codec>> make_gzip_codec();
Result<std::unique_ptr<Codec>> make_xz_codec(std::size_t memory_bytes);
Result<std::unique_ptr<Codec>> make_lzma_codec(std::size_t memory_bytes);
Result<std::unique_ptr<Codec>> make_zstd_codec(std::size_t memory_bytes);
Result<std::unique_ptr<Codec>> make_bzip2_codec();
Result<std::unique_ptr<Codec>> make_lz4_codec();

// The reasons that several formats share.
Error bad_data(std::string reason);
Error garbage_after(std::string_view piece);
Error out_of_memory();

}  // namespace quern::decode
