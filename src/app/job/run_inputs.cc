#include "app/job/run_inputs.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "app/job/load_job.h"
#include "base/fd.h"
#include "services/disk/files.h"
#include "stages/inputs/inputs.h"

namespace quern::app {
namespace {

using Command = CommandLine::Command;

// Named as an input, it means records; "-" means names.
constexpr std::string_view kStandardInputFile = "/dev/stdin";

// Names on standard input, read as they arrive.
class StandardInput final : public ByteSource {
 public:
  explicit StandardInput(const std::stop_token& stop) : stop_(stop) {}
  Result<std::size_t> read(std::span<char> target) override { return read_some(fd_, target, stop_); }

 private:
  const Fd fd_{::dup(STDIN_FILENO)};
  const std::stop_token stop_;
};

Error no_inputs(const Job& job, Command command) {
  std::string message = fmt::format("{} names no inputs; add `inputs:` to it, or name them with -i", job.file);
  if (job.file == kCommandLineJob) message = "run: name the inputs with -i, or say --stdin-records";
  if (command == Command::kMap) message = "map: name the files, as in quern map a.json.xz b.json.xz";
  if (command == Command::kReduce)
    message = "reduce: name the results of quern map, as in quern reduce part1.txt part2.txt";
  return bad_config(std::move(message));
}

// The names of quern map's results are taken literally.
Result<InputList> list_map_results(const Job& job, const CommandLine& line, const inputs::OwnFiles* own_files) {
  TRY_ASSIGN(std::string folder, disk::working_folder());
  InputList list;
  for (const std::string& name : line.inputs) {
    std::string path = disk::absolute_path(name, folder);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return os_error("reduce: " + name, errno);
    if (S_ISDIR(status.st_mode)) return os_error("reduce: " + name, EISDIR);
    if (inputs::is_left_by_a_run(path)) {
      // A shell expands parts/*, and a map leaves its accounting there.
      list.notes.push_back(name + " is left out: it belongs to the result of a run, and is not one");
      continue;
    }
    const auto* own = own_files == nullptr ? nullptr : own_files->find(status);
    if (own != nullptr && !own->role.empty()) return inputs::replaced("the input " + name, *own);
    list.inputs.append(
        {.name = name, .path = std::move(path), .stored_bytes = static_cast<std::uint64_t>(status.st_size)});
  }
  if (list.inputs.empty()) return no_inputs(job, line.command);
  return list;
}

// The records on standard input, which can be read only once, and by nobody but quern.
Result<InputList> standard_input_records(const Job& job) {
  auto refused = [](std::string_view why) {
    return bad_config(fmt::format("-i {}: {}; write the records to a file first", kStandardInputFile, why));
  };
  const auto& module = job.steps.front().mapper.module;
  if (module.has_value() && module->interface == Interface::kFiles) {
    return refused("a mapper with the interface files gets names of files");
  }
  if (job.limits.failed_inputs > 0) return refused("with limits.failed_inputs, an input is read twice");
  InputList list;
  list.inputs.append({.name = kStandardInputFile, .path = kStandardInputFile});
  return list;
}

// Completes the request with everything that listing needs: access to buckets and servers, and standard input
// (borrowed) for names.
Result<inputs::InputRequest> full_request(const Job& job, const CommandLine& line, inputs::RemotePeers peers,
                                          StandardInput& standard_input) {
  TRY_ASSIGN(inputs::InputRequest request, input_request(job, line));
  if (request.patterns.empty() && !request.manifest.has_value() && !request.index.has_value())
    return no_inputs(job, line.command);
  request.standard_input = &standard_input;
  request.peers = std::move(peers);
  request.peers.parallel = job.downloads.parallel;
  return request;
}

}  // namespace

std::string bucket_of(const CommandLine& line) {
  if (line.bucket.has_value()) return *line.bucket;
  const char* bucket = std::getenv("QUERN_BUCKET");  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  return bucket == nullptr ? "" : bucket;
}

Result<inputs::InputRequest> input_request(const Job& job, const CommandLine& line) {
  inputs::InputRequest request;
  bool is_map = line.command == Command::kMap;
  bool is_look = line.command == Command::kLook;
  bool from_command_line = is_map || !line.inputs.empty() || line.manifest.has_value();
  TRY_ASSIGN(std::string working_folder, disk::working_folder());
  std::string origin = from_command_line ? (is_map                           ? "map"
                                            : is_look                        ? "look"
                                            : line.command == Command::kInit ? "--from"
                                            : !line.trial.at.empty()         ? "--at"
                                                                             : "-i")
                                         : job.file;
  for (const std::string& text : from_command_line ? line.inputs : job.inputs) {
    request.patterns.push_back(
        {.text = text, .folder = from_command_line ? working_folder : job.folder, .origin = origin});
  }
  if (line.manifest.has_value()) {
    request.manifest = inputs::Pattern{.text = *line.manifest, .folder = working_folder, .origin = "--manifest"};
  } else if (!from_command_line && job.manifest.has_value()) {
    request.manifest = inputs::Pattern{.text = *job.manifest, .folder = job.folder, .origin = job.file};
  }
  request.bucket = bucket_of(line);
  request.shows_query = job.downloads.show_query;
  if (job.filter.has_value()) {
    request.filter = inputs::Pattern{.text = *job.filter, .folder = job.folder, .origin = job.file};
  }
  if (!from_command_line && job.index.has_value()) {
    request.index = inputs::Pattern{.text = *job.index, .folder = job.folder, .origin = job.file};
  }
  return request;
}

Result<InputList> list_run_inputs(const Job& job, const CommandLine& line, inputs::RemotePeers peers,
                                  const inputs::OwnFiles* own_files, const std::stop_token& stop) {
  if (line.command == Command::kReduce) return list_map_results(job, line, own_files);
  const std::vector<std::string>& names = line.inputs.empty() ? job.inputs : line.inputs;
  const bool is_record_stream = names.size() == 1 && names.front() == kStandardInputFile;
  const bool takes_records = line.command == Command::kRun || line.command == Command::kTry;
  if (is_record_stream && takes_records && !line.manifest.has_value()) {
    return standard_input_records(job);
  }
  StandardInput standard_input(stop);
  TRY_ASSIGN(inputs::InputRequest request, full_request(job, line, std::move(peers), standard_input));
  request.own_files = own_files;
  request.names_may_be_expanded =
      line.command == Command::kMap || line.command == Command::kLook || line.command == Command::kInit;
  return inputs::list_inputs(request, stop);
}

Result<InputList> list_planned_inputs(const Job& job, const CommandLine& line, inputs::RemotePeers peers,
                                      const std::stop_token& stop) {
  StandardInput standard_input(stop);
  TRY_ASSIGN(inputs::InputRequest request, full_request(job, line, std::move(peers), standard_input));
  request.peers.asks_sizes = true;
  inputs::OwnFiles own;
  own.set_object(line.tasks.output.value_or(job.output));
  request.own_files = &own;
  return inputs::list_inputs(request, stop);
}

}  // namespace quern::app
