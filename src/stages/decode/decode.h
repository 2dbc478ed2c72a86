#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/stream.h"
#include "model/block.h"
#include "model/event.h"
#include "model/input.h"
#include "model/job.h"
#include "stages/decode/decode_limits.h"
#include "stages/decode/stored_source.h"

// Stored bytes to records: decompress as a stream, verify, cut at record boundaries. Everything here is used by one
// thread at a time and blocks on the disk. A block source may have threads of its own, which nobody else sees.

namespace quern::decode {

// What the first bytes of a file say, else what its name says (model/compressed_name.h), else none.
Compression detect(std::string_view first_bytes, std::string_view name);

// A stream of decoded bytes. Reads of the result fail with kBadInput, the reason and the offset in the stored file, for
// anything but a complete and verified stream: concatenated members are read one after the other, and trailing garbage
// is an error (zeros behind the last member of a gzip file are not). So is a stored file of no bytes, but for lz4, as
// for the programs of these formats. The old .lzma form has no checksum; its length and its end mark are all that can
// be verified. Memory is bounded by limits::kDecodeWindowBytes.
Result<std::unique_ptr<ByteSource>> make_decoder(Compression compression, std::unique_ptr<ByteSource> stored);

// Reads a file from the local disk, or a pipe. Errors name the path; that it is a folder shows with the first read. A
// file that ends before `listed_bytes` has lost what it had when it was listed, which is kBadInput.
Result<std::unique_ptr<StoredSource>> open_stored_file(const std::string& path, std::uint64_t listed_bytes);
// The same of a file that is open already; `path` is for messages.
std::unique_ptr<StoredSource> make_stored_file(Fd fd, const std::string& path, std::uint64_t listed_bytes);

// What an input is looked at for before its first record: with kLines that it is lines of text, with kJson that each is
// a record of JSON (stages/decode/foreign.h). Archives are not looked for where the compression is given as none.
enum class Content { kAny, kLines, kJson };

struct DecodeOptions {
  std::optional<Compression> compression;  // none: detect
  RecordKind record = RecordKind::kKeyedJson;
  std::string separator;  // between the key and the value of a pair, in text for programs
  Content content = Content::kAny;
  std::size_t block_bytes = 0;       // at least 3
  std::size_t max_record_bytes = 0;  // at least 3
  // Above 1, a large input whose format lets it (docs/job-file.md) is decoded by so many threads. It makes no
  // difference to what comes out.
  std::size_t threads = 1;
};

// Blocks of the inputs [first, first + inputs.size()). One input gives any number of blocks. Several inputs (small
// ones, see plan_runs) are packed into blocks of whole inputs; one of them that fails is left out, and reported by an
// InputFailed event instead of an error of next(). With a single input the failure is both reported and returned.
// Emits InputProgress, InputDecoded, InputFailed, and RecordBad for records longer than max_record_bytes (these lines
// are left out of the blocks). Each input gets one InputDecoded or InputFailed; that of a packed input comes just
// before its block is returned, that of a larger one no later than its last block's successor. Where blocks end depends
// on the decoded bytes and the options alone. A byte order mark at the start of an input is removed unless records are
// pairs. `inputs`, `pool` and `events` are borrowed.
std::unique_ptr<BlockSource> make_block_source(InputOrdinal first, std::span<const Input> inputs,
                                               const DecodeOptions& options, BufferPool& pool, EventSink& events);

// Cuts the list, in order, into runs: inputs whose stored sizes together stay below `run_bytes`, and every larger input
// alone. At most limits::kBatchInputs inputs a run. Depends on the list only, never on timing.
std::vector<InputRun> plan_runs(const std::vector<Input>& inputs, std::uint64_t run_bytes);

}  // namespace quern::decode
