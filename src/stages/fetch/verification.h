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

// Determines how one object's bytes are verified. For most objects the first answer is enough; for an object of S3 that
// is fetched in ranges, or was uploaded in parts, one or two HEAD requests are needed. Sends nothing itself. Not
// thread-safe.
class Verification {
 public:
  struct About {
    std::optional<std::uint64_t> size_bytes;  // of the whole object, if known
    bool is_asked_of_s3 = false;              // then a HEAD may know more than the answer to a range
    bool was_damaged = false;                 // by an earlier try: then, too, a HEAD may know more than any answer
  };
  // Starts with the first answer about the object.
  void begin(const http::Head& head, const About& about);
  // Forgets everything.
  void restart() { *this = Verification(); }

  bool has_question() const { return question_ != Question::kNone; }
  // The request to send before the object is complete: the object's GET, modified.
  http::Request question(const http::Request& get) const;
  // nullptr if there was no answer, or none that counts.
  void answer(const http::Head* head);

  // Bytes are added in order, from digested_bytes() on. False if there is nothing to verify them by.
  bool takes_bytes() const { return digest_ != nullptr; }
  std::uint64_t digested_bytes() const { return digested_bytes_; }
  void add(std::string_view bytes);
  void forget_bytes();

  // To be called once all bytes were added. kOtherParts: add all bytes again, as the parts may have another size.
  enum class Verdict { kRight, kUnknown, kOtherParts };
  // Fails if the bytes are not the object's.
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
  std::vector<std::uint64_t> part_sizes_;  // possible sizes of the parts, the one in use first
  bool is_certain_ = true;
  std::optional<Checksum> checksum_;
  std::unique_ptr<RunningChecksum> digest_;
  std::uint64_t digested_bytes_ = 0;
};

}  // namespace quern::fetch
