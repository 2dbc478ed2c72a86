#include <algorithm>
#include <span>
#include <string_view>

#include "app/plan/plan.h"
#include "base/digest.h"
#include "services/taskcluster/slugid.h"

namespace quern::plan {
namespace {

std::string slugid_of(std::string_view digest) {
  return taskcluster::make_slugid([&](std::span<unsigned char> bytes) {
    CHECK(bytes.size() <= digest.size());
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  });
}

// Adds the length first, so that different lists of parts never yield the same text.
void add_part(Digest& text, std::string_view part) {
  text.add(std::to_string(part.size()));
  text.add(":");
  text.add(part);
}

}  // namespace

std::string task_id_of(const std::string& group_id, const std::string& label) {
  return slugid_of(sha256(group_id + "/" + label));
}

std::string group_id_of(const std::string& job_text, const PackedInputs& inputs, UtcTime now) {
  Digest text(DigestKind::kSha256);
  text.add("quern group\n");
  add_part(text, job_text);
  add_part(text, format_utc(now));
  PackedInputs::Reader reader(inputs);
  while (const InputView* input = reader.next()) {
    add_part(text, input->name);
    add_part(text, input->url);
    add_part(text, std::to_string(input->stored_bytes));
  }
  return slugid_of(text.value());
}

}  // namespace quern::plan
