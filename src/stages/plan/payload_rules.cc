#include "stages/plan/payload_rules.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "model/image_name.h"
#include "model/limits.h"
#include "services/taskcluster/slugid.h"
#include "stages/plan/patterns.h"

namespace quern::plan {
namespace {

constexpr std::int64_t kAnyNumber = std::numeric_limits<std::int64_t>::max();

bool is_path(std::string_view text) { return text.starts_with('/'); }
bool is_artifact_path(std::string_view text) { return !text.empty() && is_printable_ascii(text); }

Result<void> check_image_text(const Json& value) {
  TRY(check_text(value));
  const auto name = parse_image_name(value.get_ref<const std::string&>());
  return name.ok() ? Result<void>() : broken(": " + name.error().message);
}
Result<void> check_image_artifact(const Json& value) {
  return check_text(value, is_artifact_path, "the name of an artifact");
}
Result<void> check_any_text(const Json& value) { return check_text(value); }

constexpr std::array kNamedImage = {FieldRule{"type", true, check_any_text}, FieldRule{"name", true, check_image_text}};
constexpr std::array kTaskImage = {
    FieldRule{"type", true, check_any_text},
    FieldRule{"taskId", true,
              [](const Json& value) { return check_text(value, taskcluster::is_slugid, "the id of a task"); }},
    FieldRule{"path", true, check_image_artifact}};
constexpr std::array kIndexedImage = {
    FieldRule{"type", true, check_any_text},
    FieldRule{"namespace", true,
              [](const Json& value) { return check_text(value, is_index_path, "a path in the index"); }},
    FieldRule{"path", true, check_image_artifact}};

Result<void> check_image(const Json& image) {
  if (image.is_string()) return check_image_text(image);
  const Json type = image.is_object() ? image.value("type", Json()) : Json();
  if (type == "docker-image") return check_fields(image, kNamedImage);
  if (type == "task-image") return check_fields(image, kTaskImage);
  if (type == "indexed-image") return check_fields(image, kIndexedImage);
  return broken(fmt::format(" is {}; it must be a name, a task-image or an indexed-image", shown(image)));
}

constexpr std::array kArtifact = {
    FieldRule{"type", true,
              [](const Json& value) {
                static const std::array<std::string, 3> types = {"file", "directory", "volume"};
                return check_word(value, types);
              }},
    FieldRule{"path", true, [](const Json& value) { return check_text(value, is_path, "an absolute path"); }},
    FieldRule{"expires", false, check_time}};

Result<void> check_artifacts(const Json& artifacts) {
  TRY(check_values(artifacts, [](const Json& value) { return check_fields(value, kArtifact); }));
  for (const auto& [name, artifact] : artifacts.items()) {
    if (is_artifact_path(name) && name.size() <= limits::kMaxArtifactNameBytes) continue;
    return broken(fmt::format(".{} is no name of an artifact: it must be printable ASCII, {} characters at most", name,
                              limits::kMaxArtifactNameBytes));
  }
  return {};
}

constexpr std::array kFeatures = {
    FieldRule{"allowPtrace", false, check_flag},     FieldRule{"artifacts", false, check_flag},
    FieldRule{"bulkLog", false, check_flag},         FieldRule{"chainOfTrust", false, check_flag},
    FieldRule{"interactive", false, check_flag},     FieldRule{"localLiveLog", false, check_flag},
    FieldRule{"taskclusterProxy", false, check_flag}};

Result<void> check_exit_status(const Json& value) { return check_number(value, -kAnyNumber, kAnyNumber); }
Result<void> check_exit_statuses(const Json& value) { return check_each(value, check_exit_status); }
constexpr std::array kOnExitStatus = {FieldRule{"retry", false, check_exit_statuses},
                                      FieldRule{"purgeCaches", false, check_exit_statuses}};

constexpr std::array kDevices = {FieldRule{"hostSharedMemory", false, check_flag}, FieldRule{"kvm", false, check_flag},
                                 FieldRule{"loopbackAudio", false, check_flag},
                                 FieldRule{"loopbackVideo", false, check_flag}};
constexpr std::array kCapabilities = {
    FieldRule{"devices", false, [](const Json& value) { return check_fields(value, kDevices); }},
    FieldRule{"disableSeccomp", false, check_flag}, FieldRule{"privileged", false, check_flag}};

constexpr std::array kPayload = {
    FieldRule{"image", true, check_image},
    FieldRule{"maxRunTime", true, [](const Json& value) { return check_number(value, 1, kAnyNumber); }},
    FieldRule{"command", false, [](const Json& value) { return check_each(value, check_any_text); }},
    FieldRule{"env", false, [](const Json& value) { return check_values(value, check_any_text); }},
    FieldRule{"artifacts", false, check_artifacts},
    FieldRule{"cache", false, [](const Json& value) { return check_values(value, check_any_text); }},
    FieldRule{"capabilities", false, [](const Json& value) { return check_fields(value, kCapabilities); }},
    FieldRule{"features", false, [](const Json& value) { return check_fields(value, kFeatures); }},
    FieldRule{"log", false, check_any_text},
    FieldRule{"onExitStatus", false, [](const Json& value) { return check_fields(value, kOnExitStatus); }},
    FieldRule{"supersederUrl", false, check_any_text}};

// The bytes of what a program gets, and the words and variables that are too long, or no text that it can get.
class ArgumentBytes {
 public:
  Result<void> add(const std::string& where, std::size_t bytes, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return broken(where + " has a zero byte in it");
    // One more for the zero behind it.
    if (bytes + 1 > limits::kMaxArgumentBytes) {
      return broken(fmt::format("{} has {} bytes; one argument or variable of a program may have {}", where, bytes,
                                limits::kMaxArgumentBytes - 1));
    }
    total_bytes_ += bytes + 1 + sizeof(char*);
    return {};
  }
  Result<void> check_total() const {
    if (total_bytes_ <= limits::kMaxArgumentsBytes) return {};
    return broken(
        fmt::format(": its command and environment have {} bytes together; a program may have {}. Smaller loads "
                    "(taskcluster.load.files) have shorter commands",
                    total_bytes_, limits::kMaxArgumentsBytes));
  }

 private:
  std::size_t total_bytes_ = 0;
};

Result<void> add_command(const Json& command, ArgumentBytes& bytes) {
  for (std::size_t i = 0; i < command.size(); ++i) {
    const auto& word = command[i].get_ref<const std::string&>();
    TRY(bytes.add(fmt::format(".command[{}]", i), word.size(), word));
  }
  return {};
}

Result<void> add_environment(const Json& environment, ArgumentBytes& bytes) {
  for (const auto& [name, value] : environment.items()) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return broken(fmt::format(".env.{} is no name of a variable", name));
    }
    const auto& text = value.get_ref<const std::string&>();
    TRY(bytes.add(fmt::format(".env.{}", name), name.size() + 1 + text.size(), text));
  }
  return {};
}

Result<void> check_arguments(const Json& payload) {
  ArgumentBytes bytes;
  if (auto command = payload.find("command"); command != payload.end()) TRY(add_command(*command, bytes));
  if (auto environment = payload.find("env"); environment != payload.end()) TRY(add_environment(*environment, bytes));
  return bytes.check_total();
}

}  // namespace

Result<void> check_payload(const Json& payload) {
  TRY(check_fields(payload, kPayload));
  return check_arguments(payload);
}

}  // namespace quern::plan
