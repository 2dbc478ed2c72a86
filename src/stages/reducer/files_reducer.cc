#include "stages/reducer/reducers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/fd.h"
#include "model/limits.h"
#include "services/disk/files.h"
#include "stages/reducer/group_frames.h"
#include "stages/reducer/program.h"

namespace quern::reducer {
namespace {

class FilesReducer final : public Reducer {
 public:
  FilesReducer(ReducerOptions options, process::Guard& guard, EventSink& events)
      : options_(std::move(options)), program_(options_, guard, events) {}

  Result<void> start() override { return program_.start(); }
  Result<void> run(const OpenGroups& open, ReducedSink& sink, const std::stop_token& stop) override {
    auto reduce_all = [&]() -> Result<void> {
      TRY_ASSIGN(auto groups, open());
      return reduce(*groups, sink, stop);
    };
    return program_.run(reduce_all);
  }

 private:
  Result<void> reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop);
  Result<GroupLines::Counts> write_pairs(GroupSource& groups, const std::string& path, const std::stop_token& stop);
  Result<std::uint64_t> spool_output(const std::string& path, const std::stop_token& stop);
  Result<std::uint64_t> hand_over(const std::string& path, ReducedSink& sink, const std::stop_token& stop);

  const ReducerOptions options_;
  std::string input_name_;  // what the child reads from its standard input; the child borrows it
  Program program_;
};

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return os_error(path, errno);
  return {};
}

Result<void> FilesReducer::reduce(GroupSource& groups, ReducedSink& sink, const std::stop_token& stop) {
  const std::string& folder = options_.working_folder;
  TRY(make_folder(folder + "/mapperOutput"));
  TRY(make_folder(folder + "/mapperOutput/local"));
  TRY(make_folder(folder + "/.quern"));
  std::string input = folder + "/mapperOutput/local/result.txt";
  TRY_ASSIGN(GroupLines::Counts counts, write_pairs(groups, input, stop));
  program_.begin();  // Until now quern was working, not the child.
  input_name_ = input + "\n";
  program_.child().send(input_name_);
  program_.child().end_input();
  std::string printed = folder + "/.quern/output";
  TRY_ASSIGN(std::uint64_t printed_bytes, spool_output(printed, stop));
  TRY(program_.judge());
  std::string result = folder + "/result.txt";
  struct stat status {};
  bool has_result = ::stat(result.c_str(), &status) == 0;
  if (has_result && printed_bytes > 0) {
    program_.child().emit(event::Note{event::Level::kInfo,
                                      fmt::format("{} wrote result.txt, so the {} on its standard output are not used",
                                                  program_.child().name(), format_bytes(printed_bytes))});
  }
  TRY_ASSIGN(std::uint64_t output_bytes, hand_over(has_result ? result : printed, sink, stop));
  program_.child().emit(event::GroupsReduced{
      .child = options_.child, .groups = counts.groups, .values = counts.values, .output_bytes = output_bytes});
  return {};
}

Result<GroupLines::Counts> FilesReducer::write_pairs(GroupSource& groups, const std::string& path,
                                                     const std::stop_token& stop) {
  TRY_ASSIGN(Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  GroupLines lines(groups, options_.separator);
  Buffer buffer;
  do {
    if (stop.stop_requested()) return stopped();
    TRY(lines.fill(buffer, limits::kBlockBytes));
    TRY(disk::write_temporary(file, buffer.view(), path));
  } while (!buffer.empty());
  TRY(file.close().context(path));
  return lines.take_counts();
}

// Writes the output to disk, because only the child's end shows whether it is the result.
Result<std::uint64_t> FilesReducer::spool_output(const std::string& path, const std::stop_token& stop) {
  TRY_ASSIGN(Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  std::uint64_t output_bytes = 0;
  Buffer& output = program_.child().output();
  while (!program_.has_exited()) {
    TRY(program_.step(stop));
    TRY(disk::write_temporary(file, output.view(), path));
    output_bytes += output.size();
    output.clear();
  }
  TRY(file.close().context(path));
  return output_bytes;
}

Result<std::uint64_t> FilesReducer::hand_over(const std::string& path, ReducedSink& sink, const std::stop_token& stop) {
  TRY_ASSIGN(Fd file, open_file(path, O_RDONLY));
  std::uint64_t handed_over = 0;
  Buffer buffer;
  bool at_end = false;
  while (!at_end) {
    if (stop.stop_requested()) return stopped();
    std::size_t used = buffer.size();
    buffer.resize(used + limits::kReadBytes);
    Result<std::size_t> count = read_some(file, {buffer.data() + used, limits::kReadBytes});
    if (!count.ok()) return std::move(count).error().with_context(path);
    buffer.resize(used + count.value());
    at_end = count.value() == 0;
    TRY_ASSIGN(std::uint64_t bytes, hand_over_lines(buffer, at_end, options_, sink));
    handed_over += bytes;
  }
  return handed_over;
}

}  // namespace

std::unique_ptr<Reducer> make_files_reducer(ReducerOptions options, process::Guard& guard, EventSink& events) {
  return std::make_unique<FilesReducer>(std::move(options), guard, events);
}

}  // namespace quern::reducer
