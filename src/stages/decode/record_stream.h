#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/record_format.h"
#include "services/formats/record_reader.h"
#include "stages/decode/input_stream.h"

namespace quern::decode {

// The records of one input after another, as lines of JSON. Holds the records that are not whole yet, of which a single
// one may have `max_record_bytes`.
class RecordStream {
 public:
  struct Options {
    formats::WantedMembers wanted_members;
    std::size_t max_record_bytes = 0;
    bool refuses_foreign = true;  // an archive, for instance (stages/decode/foreign.h)
  };

  // `decoded` is borrowed, and must be open when bytes are read.
  RecordStream(InputStream& decoded, const RecordFormat& format, const Options& options);

  // Must be called whenever an input is opened.
  void begin();
  // As ByteSource::read. kBadInput if the input is not of the format.
  Result<std::size_t> read(std::span<char> target);
  // Returns the bad records of what has been read since the last call.
  std::vector<formats::BadRecord> take_bad();

 private:
  Result<void> read_records();
  Result<void> read_more();
  Result<void> read_beginning();

  InputStream& decoded_;
  const Options options_;
  const std::unique_ptr<formats::RecordReader> reader_;
  Buffer bytes_;  // decoded; those before taken_ are done
  std::size_t taken_ = 0;
  bool is_begun_ = false;  // whether bytes were read
  bool is_ended_ = false;  // no bytes follow
  bool is_done_ = false;   // nor records
  formats::Records records_;
  std::size_t given_ = 0;  // of records_.lines
};

}  // namespace quern::decode
