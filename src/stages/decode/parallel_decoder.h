#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>
#include <span>
#include <stop_token>
#include <vector>

#include "base/channel.h"
#include "base/task_group.h"
#include "model/limits.h"
#include "stages/decode/decode.h"
#include "stages/decode/decoder.h"
#include "stages/decode/stored_parts.h"

namespace quern::limits {

// Decoded parts of one input that wait for their turn, and the most a part may require for its window or dictionary.
inline constexpr std::size_t kDecodedAheadBytes = 128 * kMiB;
inline constexpr std::size_t kPartWindowBytes = 128 * kMiB;

}  // namespace quern::limits

namespace quern::decode {

struct ParallelOptions {
  std::size_t threads = 2;
  PartLimits parts = {};
  std::size_t ahead_bytes = limits::kDecodedAheadBytes;  // for all decoded parts that wait
  std::size_t window_bytes = limits::kPartWindowBytes;   // the most a part may require for its window or dictionary
  std::size_t file_window_bytes = limits::kDecodeWindowBytes;  // the same for a file that is decoded by one thread
};

// Decodes the parts of one stored file in parallel and returns their bytes in order. Output and errors are the same as
// those of a Decoder: if anything is unexpected, from a damaged part to one that is too large, a Decoder starts over
// and continues where the valid parts ended. Not thread-safe: one thread reads from it, and it hands out what its own
// threads decode.
class ParallelDecoder final : public InputDecoder {
 public:
  using Open = std::function<Result<std::unique_ptr<StoredSource>>()>;

  explicit ParallelDecoder(const ParallelOptions& options);
  ~ParallelDecoder() override { close(); }
  ParallelDecoder(const ParallelDecoder&) = delete;
  ParallelDecoder& operator=(const ParallelDecoder&) = delete;

  // Returns false if the file does not begin with two parts, or fails: then a Decoder has to read it. `open` returns
  // the file from its start, and may be called again later, while it is read.
  bool start(Compression compression, Open open);
  Result<std::size_t> read(std::span<char> target) override;
  // Closes the stored file, but keeps the memory and the threads.
  void close() override;
  std::uint64_t stored_bytes() const override;
  // Whether a part turned out to be invalid, so that a Decoder now reads the file.
  bool has_started_over() const { return rest_ != nullptr; }

 private:
  struct Slot {
    Part part;
    Compression compression = Compression::kNone;
    Buffer decoded;
    bool is_good = false;
    std::binary_semaphore is_done{0};  // until it is acquired, a thread may be writing to the members above
  };

  bool start_workers();
  bool open_parts();
  void look_ahead();
  bool find_part();
  const Slot& take_part();
  void drop_parts();
  Result<void> start_over();
  Result<std::size_t> read_rest(std::span<char> target);

  Result<void> work(const std::stop_token& stop);
  static bool decode_part(Codec& codec, const Part& part, Buffer& decoded);

  Slot& slot_at(std::size_t position) { return *slots_[(first_ + position) % slots_.size()]; }

  const ParallelOptions options_;
  Compression compression_ = Compression::kNone;
  Open open_;
  std::unique_ptr<StoredSource> stored_;
  std::unique_ptr<PartSplitter> splitter_;
  PartSplitter::Found found_ = PartSplitter::Found::kEnd;  // the result of the last search
  std::unique_ptr<Decoder> rest_;                          // set once a part was invalid
  std::uint64_t given_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;

  Buffer taken_;                  // the decoded bytes of the last part
  std::span<const char> unread_;  // of taken_

  // A ring: the `busy_` slots from `first_` on are with the threads, and the next one may hold a part that was found
  // ahead.
  std::vector<std::unique_ptr<Slot>> slots_;
  std::size_t first_ = 0;
  std::size_t busy_ = 0;
  bool has_found_part_ = false;
  std::size_t ahead_bytes_ = 0;  // the most that the busy slots may decode to
  BufferPool stored_buffers_;
  BufferPool decoded_buffers_;
  Channel<Slot*> jobs_;
  bool has_tried_workers_ = false;
  bool has_workers_ = false;
  TaskGroup workers_;  // last, so that no thread outlives what it uses
};

}  // namespace quern::decode
