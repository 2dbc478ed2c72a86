#include "stages/decode/stored_parts.h"

#include <utility>

namespace quern::decode {
namespace {

// For formats whose pieces follow each other and can be found by reading from start to end.
class PieceSplitter final : public PartSplitter {
 public:
  PieceSplitter(FindPiece find, StoredSource& source, const PartLimits& limits)
      : find_(find), limits_(limits), window_(source) {}

  Result<Found> next(Part& part) override {
    TRY_ASSIGN(Piece joined, join_pieces());
    TRY_ASSIGN(std::string_view stored, window_.peek(joined.stored_bytes + 1));
    if (joined.stored_bytes == 0) return stored.empty() ? Found::kEnd : Found::kNone;
    part.stored.clear();
    part.stored.append(stored.substr(0, joined.stored_bytes));
    part.most_decoded_bytes = joined.most_decoded_bytes;
    window_.skip(joined.stored_bytes);
    part.end = window_.offset();
    return Found::kPart;
  }

 private:
  // Joins as many of the next pieces as make a part. Returns an empty piece if there is none.
  Result<Piece> join_pieces() {
    Piece joined;
    while (joined.stored_bytes < limits_.joined_bytes && joined.most_decoded_bytes < limits_.joined_bytes) {
      std::size_t at = joined.stored_bytes;
      TRY_ASSIGN(std::string_view ahead, window_.peek(at + 1));
      if (ahead.size() <= at) break;
      TRY_ASSIGN(auto piece, find_(window_, at, limits_));
      if (!piece.has_value() || piece->stored_bytes > limits_.most_bytes - at) break;
      if (piece->most_decoded_bytes > limits_.most_bytes - joined.most_decoded_bytes) break;
      TRY_ASSIGN(ahead, window_.peek(at + piece->stored_bytes));
      if (ahead.size() < at + piece->stored_bytes) break;
      joined.stored_bytes += piece->stored_bytes;
      joined.most_decoded_bytes += piece->most_decoded_bytes;
    }
    return joined;
  }

  const FindPiece find_;
  const PartLimits limits_;
  StoredWindow window_;
};

}  // namespace

Result<std::unique_ptr<PartSplitter>> make_part_splitter(Compression compression, StoredSource& source,
                                                         const PartLimits& limits) {
  auto by_pieces = [&](FindPiece find) -> std::unique_ptr<PartSplitter> {
    return std::make_unique<PieceSplitter>(find, source, limits);
  };
  switch (compression) {
    case Compression::kXz:
      return make_xz_splitter(source, limits);
    case Compression::kZstd:
      return by_pieces(find_zstd_frame);
    case Compression::kGzip:
      return by_pieces(find_bgzf_member);
    case Compression::kBzip2:
      return by_pieces(find_bzip2_stream);
    case Compression::kLzma:
    case Compression::kLz4:
    case Compression::kBrotli:
    case Compression::kNone:
      break;
  }
  return std::unique_ptr<PartSplitter>();
}

}  // namespace quern::decode
