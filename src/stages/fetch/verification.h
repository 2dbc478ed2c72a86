#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/http/http.h"
#include "stages/fetch/checksum.h"

namespace quern::fetch {

// What one object's bytes are verified by. The first answer says it for most; of an object of S3 that comes in ranges,
// or was uploaded in parts, a HEAD or two are asked. Sends nothing itself. One thread.
class Verification {
 public:
  struct About {
    std::optional<std::uint64_t> size_bytes;  // of all of it, if it is known
    bool is_asked_of_s3 = false;              // so a HEAD may know more than the answer to a range
    bool was_damaged = false;                 // by an earlier try: then a HEAD may also know more than any answer
  };
  // The first answer about the object.
  void begin(const http::Head& head, const About& about);
  // Forgets all.
  void restart() { *this = Verification(); }

  bool has_question() const { return question_ != Question::kNone; }
  // What to ask for before the object is complete: the object's GET, changed.
  http::Request question(const http::Request& get) const;
  // nullptr: there was none, or none that counts.
  void answer(const http::Head* head);

  // Bytes are added in their order, from digested_bytes() on; where there is nothing to verify them by, never.
  bool takes_bytes() const { return digest_ != nullptr; }
  std::uint64_t digested_bytes() const { return digested_bytes_; }
  void add(std::string_view bytes);
  void forget_bytes();

  // Once all bytes were added. kOtherParts: they are to be added once more, as the parts may have another size.
  enum class Verdict { kRight, kUnknown, kOtherParts };
  // An error: the bytes are not the object's.
  Result<Verdict> judge();

 private:
  enum class Question { kNone, kWhole, kFirstPart, kLaterPart };
  void use(std::optional<Checksum> checksum);
  void ask_for_parts();
  void guess_parts();
  void use_parts(std::vector<std::uint64_t> sizes, bool is_certain);

  Question question_ = Question::kNone;
  std::uint64_t size_bytes_ = 0;
  std::string etag_;
  std::optional<PartsEtag> parts_;
  std::uint64_t first_part_bytes_ = 0;
  std::vector<std::uint64_t> part_sizes_;  // that the parts may have, the one in use first
  bool is_certain_ = true;
  std::optional<Checksum> checksum_;
  std::unique_ptr<RunningChecksum> digest_;
  std::uint64_t digested_bytes_ = 0;
};

}  // namespace quern::fetch
